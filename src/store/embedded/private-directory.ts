/**
 * Makes folders with a known owner and mode. Each function returns the fault as a text, or
 * undefined.
 */
import { chmod, chown, lstat, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasCode } from './errno.ts';
import type { ServerAccount } from './server-account.ts';

/** Makes the folder and its missing parents with exactly this mode, whatever the umask. */
export async function makeDirectory(path: string, mode: number): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined || process.platform === 'win32') return;
  for (let made = path; made.length >= first.length; made = dirname(made)) await chmod(made, mode);
}

/** A folder into which only this process's user, or the given account, can write. */
export async function guardedDirectory(
  path: string,
  account: ServerAccount | undefined,
): Promise<string | undefined> {
  const mode = account === undefined ? 0o700 : 0o755;
  await makeDirectory(path, mode);
  // Root may be helping in a project whose owner began the cluster; the home is then that owner's.
  const uid = account !== undefined && (await isOwn(path, account.uid)) ? account.uid : undefined;
  return wrongWith(path, uid ?? process.getuid?.(), mode);
}

/** A folder that only the server's account (and root) can enter. */
export async function privateDirectory(
  path: string,
  account: ServerAccount | undefined,
): Promise<string | undefined> {
  const fresh = await mkdir(path, { mode: 0o700 }).then(
    () => true,
    (thrown: unknown) => {
      if (hasCode(thrown, 'EEXIST')) return false;
      throw thrown;
    },
  );
  const self = process.getuid?.();
  // A start that was killed between the two steps leaves a folder that still belongs to root.
  if (account !== undefined && (fresh || (await isOwn(path, self)))) {
    await chown(path, account.uid, account.gid);
  }
  return wrongWith(path, account?.uid ?? self, 0o700);
}

/**
 * Lets the account pass through a folder of this process's user, but not list it. Where the
 * folder's group has no rights, the account's group takes its place; where it has rights, it stays,
 * and all accounts may pass. Returns false, and changes nothing, when the folder belongs to another
 * user.
 */
export async function letThrough(path: string, account: ServerAccount): Promise<boolean> {
  const self = process.getuid?.();
  if (self === undefined || !(await isOwn(path, self))) return false;
  const { mode, gid } = await lstat(path);
  const byGroup = gid === account.gid || (mode & 0o070) === 0;
  if (byGroup && gid !== account.gid) await chown(path, self, account.gid);
  await chmod(path, (mode & 0o7777) | (byGroup ? 0o010 : 0o001));
  return true;
}

async function isOwn(path: string, uid: number | undefined): Promise<boolean> {
  const seen = await lstat(path);
  return seen.isDirectory() && seen.uid === uid;
}

async function wrongWith(
  path: string,
  uid: number | undefined,
  mode: number,
): Promise<string | undefined> {
  const seen = await lstat(path);
  if (!seen.isDirectory()) return `${path} is not a folder`;
  if (uid === undefined) return undefined;
  if ((seen.uid | 0) !== uid) return `${path} belongs to the user with uid ${seen.uid}, not ${uid}`;
  if ((seen.mode & 0o777 & ~mode) !== 0) await chmod(path, mode);
  const { mode: kept } = await lstat(path);
  return (kept & 0o777 & ~mode) === 0 ? undefined : `${path} cannot be made private`;
}
