/**
 * Creates the data folder of a home, once.
 *
 * 1. initdb works in a sibling folder. It is renamed to `data` only when it is whole and on disk,
 *    so a half-made cluster is never taken for a whole one.
 * 2. Data of another major version are refused and never changed.
 */
import { randomUUID } from 'node:crypto';
import { readFile, readdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { heddleError } from '../../domain/errors.ts';
import { ensurePassword, passwordFile, serverUser } from './address.ts';
import type { Binaries } from './binaries.ts';
import { hasCode } from './errno.ts';
import type { Home } from './home.ts';
import { embeddedLimits } from './limits.ts';
import type { ResolvedOptions } from './options.ts';
import { privateDirectory } from './private-directory.ts';
import { runCommand } from './run-command.ts';
import { sweepUnfinished, syncFolder, unfinished } from './whole-file.ts';

/** Returns true when it had to create the cluster. To be called under the start lock. */
export async function ensureCluster(
  home: Home,
  binaries: Binaries,
  options: ResolvedOptions,
): Promise<boolean> {
  const major = await majorOfData(home);
  if (major === binaries.major) return false;
  if (major !== undefined) {
    throw heddleError('embedded-directory-unusable', {
      directory: home.data,
      reason:
        `it holds data of Postgres ${major} and this heddle brings Postgres ${binaries.major}; ` +
        'keep the former heddle to copy what you need out of it',
    });
  }
  options.log(`creating a Postgres ${binaries.major} cluster in ${home.path}`);
  const fresh = `data${unfinished}${randomUUID()}`;
  await privateDirectory(join(home.path, fresh), home.account);
  await initialise({ home, binaries, options, fresh });
  await rename(join(home.path, fresh), home.data);
  await syncFolder(home.path);
  await syncFolder(dirname(home.path));
  return true;
}

async function initialise(request: {
  readonly home: Home;
  readonly binaries: Binaries;
  readonly options: ResolvedOptions;
  readonly fresh: string;
}): Promise<void> {
  const { home, binaries, options, fresh } = request;
  const args = ['-D', fresh, '-U', serverUser, '--locale=C', '-E', 'UTF8'];
  if (process.platform === 'win32') {
    await ensurePassword(home);
    args.push('-A', 'scram-sha-256', `--pwfile=${passwordFile(home)}`);
  } else {
    args.push('-A', 'trust');
  }
  if (options.settings['fsync'] === 'off') args.push('--no-sync');
  const place = {
    account: home.account,
    cwd: home.path,
    timeoutMs: embeddedLimits.initdbMsMax,
  };
  const { code, output } = await runCommand(binaries.initdb, args, place);
  if (code === 0) return;
  await sweepUnfinished(home.path);
  throw heddleError('embedded-start-failed', {
    directory: home.path,
    reason: `initdb failed: ${output.trim()}`,
    log: home.log,
  });
}

async function majorOfData(home: Home): Promise<string | undefined> {
  try {
    return (await readFile(join(home.data, 'PG_VERSION'), 'utf8')).trim();
  } catch (thrown) {
    if (!hasCode(thrown, 'ENOENT')) throw thrown;
  }
  const names = await readdir(home.data).catch(() => []);
  if (names.length === 0) return undefined;
  throw heddleError('embedded-directory-unusable', {
    directory: home.data,
    reason: 'it is not empty and holds no Postgres cluster',
  });
}
