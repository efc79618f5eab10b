/** Folders whose owner and mode are known: each function says in words what is wrong, or nothing. */
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

/** A folder that nobody can write into but this process's user, or the account given. */
export async function guardedDirectory(
  path: string,
  account: ServerAccount | undefined,
): Promise<string | undefined> {
  const mode = account === undefined ? 0o700 : 0o755;
  await makeDirectory(path, mode);
  // Root may be helping out in a project whose owner began the cluster, home and all.
  const uid = account !== undefined && (await isOwn(path, account.uid)) ? account.uid : undefined;
  return wrongWith(path, uid ?? process.getuid?.(), mode);
}

/** A folder that the server's account alone can enter; root can anyway. */
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
  // A start that was killed in between leaves a folder that is still root's.
  if (account !== undefined && (fresh || (await isOwn(path, self)))) {
    await chown(path, account.uid, account.gid);
  }
  return wrongWith(path, account?.uid ?? self, 0o700);
}

/**
 * Lets the account pass through a folder of this process's user, and nothing more: it may not list
 * the folder. A group without rights gives its place to the account's group; one with rights keeps
 * it, and everybody may pass. False: the folder is somebody else's and stays as it is.
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
