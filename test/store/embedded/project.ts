/**
 * A user's project in a temporary folder: heddle's supervisor, compiled, with `pg` and the binaries
 * in node_modules. Everything is in it, so it runs for any account that can reach the folder.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, cp, link, mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect } from 'vitest';
import type { EmbeddedPostgresOptions } from '../../../src/store/embedded/embedded-postgres.ts';
import { stopEmbeddedPostgres } from '../../../src/store/embedded/embedded-postgres.ts';
import { closeAfterTest } from '../../support/closing.ts';

export const asRoot = process.getuid?.() === 0;
export const nobody = { uid: 65_534, gid: 65_534 };
/** Durable tests need no durable disk. */
export const quick = { fsync: 'off', shared_buffers: '16MB' };

const root = fileURLToPath(new URL('../../../', import.meta.url));
const folders: string[] = [];
const directories: string[] = [];
const children = new Set<ChildProcess>();

/** At the end of a test, as often as something was begun in it. */
async function clearAway(): Promise<void> {
  for (const child of children) child.kill('SIGKILL');
  const ends: string[] = [];
  for (const directory of directories.splice(0)) {
    ends.push(await stopEmbeddedPostgres({ directory }).catch(String));
  }
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
  // No test may leave a server: what it started, its own closes have ended.
  expect(ends.filter((end) => end !== 'absent')).toEqual([]);
}

/** A temporary folder that any account may enter; it is gone after the test. */
export async function openFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-embedded-'));
  await chmod(folder, 0o755);
  removedAfterwards(folder);
  return folder;
}

/** Sees to it that the test ends without a server there. */
export function watched(directory: string): string {
  directories.push(directory);
  closeAfterTest(clearAway);
  return directory;
}

/** Takes a folder away after the test that is not in an `openFolder`. */
export function removedAfterwards(folder: string): void {
  folders.push(folder);
  closeAfterTest(clearAway);
}

export const packageName = `@embedded-postgres/${process.platform}-${process.arch}`;

/** Builds the project; `binaries: false` is one whose package manager left the package out. */
export async function makeProject(at: string, { binaries = true } = {}): Promise<void> {
  for (const folder of ['src/domain', 'src/store/embedded', 'test/store/embedded']) {
    await mkdir(join(at, folder), { recursive: true });
    for (const file of await readdir(join(root, folder))) {
      if (!file.endsWith('.ts') || file.endsWith('.test.ts')) continue;
      await writeFile(
        join(at, folder, file.replace(/ts$/, 'js')),
        await compiled(join(folder, file)),
      );
    }
  }
  await writeFile(join(at, 'package.json'), '{ "type": "module" }');
  await copyPackage('pg', at);
  if (!binaries) return;
  const from = await packageFolder(packageName);
  await linkFolder(from, join(at, 'node_modules', packageName));
}

export type Started = {
  readonly child: ChildProcess;
  /** The handle as it was printed. */
  readonly server: {
    readonly databaseUrl: string;
    readonly connection: { readonly host: string };
    readonly directory: string;
    readonly version: string;
    readonly origin: string;
  };
  /** What it has written to stderr. */
  said(): string;
  /** Lets the process close its handle and end. */
  finish(): Promise<void>;
  /** SIGKILL, awaited. */
  kill(): Promise<void>;
};

type Account = { readonly uid: number; readonly gid: number };

type RunRequest = {
  readonly project: string;
  readonly options: EmbeddedPostgresOptions;
  readonly account?: Account;
  readonly env?: Readonly<Record<string, string>>;
};

/** Spawns a starter; no Postgres is on its PATH unless `env` puts one there. */
export function spawnStarter({ project, options, account, env }: RunRequest): ChildProcess {
  const script = join(project, 'test/store/embedded/starter.js');
  const child = spawn(process.execPath, [script, JSON.stringify(options)], {
    cwd: account === undefined ? project : '/',
    env: { PATH: '/nonexistent', HOME: '/nonexistent', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    ...account,
  });
  children.add(child);
  closeAfterTest(clearAway);
  child.once('exit', () => children.delete(child));
  return child;
}

export async function startIn(request: RunRequest): Promise<Started> {
  const child = spawnStarter(request);
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const exit = once(child, 'exit');
  const answer = await firstLine(child);
  if ('failed' in answer) throw new Error(JSON.stringify(answer['failed']));
  return {
    child,
    server: answer as unknown as Started['server'],
    said: () => stderr,
    finish: async () => {
      child.stdin?.end();
      await exit;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await exit;
    },
  };
}

/** The error of a start that must fail, as the process printed it. */
export async function failureIn(request: RunRequest): Promise<{ code: string; text: string }> {
  const answer = await firstLine(spawnStarter(request));
  expect(answer).toHaveProperty('failed');
  return answer['failed'] as { code: string; text: string };
}

async function firstLine(child: ChildProcess): Promise<Record<string, unknown>> {
  if (child.stdout === null) throw new Error('the starter has no output');
  for await (const line of createInterface({ input: child.stdout })) {
    return JSON.parse(line) as Record<string, unknown>;
  }
  throw new Error('the starter ended without a word');
}

/** By path: each is compiled for the first project that is made. */
const compiledFiles = new Map<string, string>();

async function compiled(path: string): Promise<string> {
  const known = compiledFiles.get(path);
  if (known !== undefined) return known;
  const compilerOptions = {
    module: ts.ModuleKind.ESNext,
    target: ts.ScriptTarget.ES2023,
    rewriteRelativeImportExtensions: true,
  };
  const source = await readFile(join(root, path), 'utf8');
  const { outputText } = ts.transpileModule(source, { compilerOptions });
  compiledFiles.set(path, outputText);
  return outputText;
}

async function packageFolder(name: string, from = import.meta.url): Promise<string> {
  let folder = dirname(createRequire(from).resolve(name));
  while (!folder.endsWith(join('node_modules', name))) folder = dirname(folder);
  return folder;
}

/** A package with all that it depends on. */
async function copyPackage(name: string, at: string, from = import.meta.url): Promise<void> {
  const target = join(at, 'node_modules', name);
  const folder = await packageFolder(name, from);
  await cp(folder, target, { recursive: true, dereference: true });
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
    dependencies?: Record<string, string>;
  };
  for (const dependency of Object.keys(manifest.dependencies ?? {})) {
    await copyPackage(dependency, at, join(folder, 'package.json'));
  }
}

/** As an installation with blocked scripts leaves it: all the files, and no symbolic link. */
async function linkFolder(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await linkFolder(source, target);
    else if (entry.isFile()) await link(source, target).catch(() => copyFile(source, target));
  }
}
