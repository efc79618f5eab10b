/**
 * Makes the `native` folder of a platform package fit to run. npm drops symbolic links from
 * packages, and the package's install script makes them anew. This module makes them where install
 * scripts are blocked.
 *
 * 1. Links appear by rename, so that processes that make them at the same time never see a
 *    half-made one.
 * 2. A package that cannot be written, or that the server's account cannot reach, is left unchanged
 *    and copied into the home, under the start lock; the copy appears by rename as well.
 */
import { randomUUID } from 'node:crypto';
import {
  access,
  chmod,
  constants,
  copyFile,
  mkdir,
  readFile,
  readdir,
  readlink,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { hasCode } from './errno.ts';
import type { Home } from './home.ts';
import { makeDirectory } from './private-directory.ts';
import type { ServerAccount } from './server-account.ts';
import { closedTo, permits } from './server-account.ts';

type NativeRequest = { readonly native: string; readonly version: string; readonly home: Home };

/** Returns the folder itself once it is whole, or a whole copy in the home. */
export async function usableNative({ native, version, home }: NativeRequest): Promise<string> {
  if ((await isRunnable(native, home.account)) && (await linked(native))) return native;
  const folder = join(home.path, 'binaries');
  const copy = join(folder, version);
  if ((await stat(copy).catch(() => undefined)) !== undefined) return copy;
  // The folder holds another version, or a copy that a kill left unfinished.
  await rm(folder, { recursive: true, force: true });
  await makeDirectory(folder, 0o755);
  const fresh = `${copy}.new`;
  await copyFolder(native, fresh);
  await makeLinks(fresh);
  await rename(fresh, copy);
  return copy;
}

/** Makes each link that is missing or wrong. */
export async function makeLinks(native: string): Promise<void> {
  for (const { source, target } of await wantedLinks(native)) {
    const text = relative(dirname(target), source);
    if ((await readlink(target).catch(() => '')) === text) continue;
    const fresh = `${target}.${randomUUID()}`;
    await symlink(text, fresh);
    await rename(fresh, target);
  }
}

async function linked(native: string): Promise<boolean> {
  try {
    await makeLinks(native);
    return true;
  } catch (thrown) {
    if (hasCode(thrown, 'EACCES', 'EPERM', 'EROFS')) return false;
    throw thrown;
  }
}

async function isRunnable(native: string, account: ServerAccount | undefined): Promise<boolean> {
  if (process.platform === 'win32') return true;
  const postgres = join(native, 'bin', 'postgres');
  if (account === undefined) return isGranted(postgres);
  if ((await closedTo(account, dirname(postgres))) !== undefined) return false;
  return permits(account, postgres, 0o5);
}

async function isGranted(program: string): Promise<boolean> {
  return access(program, constants.R_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function wantedLinks(native: string): Promise<readonly { source: string; target: string }[]> {
  try {
    // The list names link and target from the package's folder: "native/lib/libpq.so.5.18".
    const text = await readFile(join(native, 'pg-symlinks.json'), 'utf8');
    const list = JSON.parse(text) as readonly { source: string; target: string }[];
    return list.map(({ source, target }) => ({
      source: join(native, relative('native', source)),
      target: join(native, relative('native', target)),
    }));
  } catch (thrown) {
    if (hasCode(thrown, 'ENOENT')) return [];
    throw thrown;
  }
}

/**
 * The copy is readable by all accounts, because the account that runs it does not own it. Static
 * libraries are left out.
 */
async function copyFolder(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await chmod(to, 0o755);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    if (entry.isDirectory()) await copyFolder(source, target);
    else if (entry.isFile() && !entry.name.endsWith('.a')) {
      await copyFile(source, target);
      await chmod(target, from.endsWith('bin') ? 0o755 : 0o644);
    }
  }
}
