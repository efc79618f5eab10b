/**
 * The account that runs the server. Postgres refuses to run as root, so root runs it under an
 * account without rights. Any other user runs it as itself.
 */
import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

export type ServerAccount = { readonly uid: number; readonly gid: number; readonly name: string };

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/**
 * Returns the account that root should use: `postgres`, else `nobody`; a uid without a name will
 * not do.
 */
export async function accountForRoot(): Promise<ServerAccount | undefined> {
  const accounts = await namedAccounts();
  return (
    accounts.find(({ name }) => name === 'postgres') ??
    accounts.find(({ name }) => name === 'nobody')
  );
}

/** Returns the account with that uid: a cluster stays with the account that began it. */
export async function accountWithUid(uid: number): Promise<ServerAccount | undefined> {
  return (await namedAccounts()).find((account) => account.uid === uid);
}

/** Returns the first folder on the way to `path` that the account may not enter, or undefined. */
export async function closedTo(account: ServerAccount, path: string): Promise<string | undefined> {
  const parent = dirname(path);
  const closed = parent === path ? undefined : await closedTo(account, parent);
  if (closed !== undefined) return closed;
  return (await permits(account, path, 0o1)) ? undefined : path;
}

/** True when the mode of `path` grants the account these bits (4 read, 2 write, 1 execute). */
export async function permits(
  account: ServerAccount,
  path: string,
  bits: number,
): Promise<boolean> {
  const { mode, uid, gid } = await stat(path);
  const shift = uid === account.uid ? 6 : gid === account.gid ? 3 : 0;
  return ((mode >> shift) & bits) === bits;
}

async function namedAccounts(): Promise<readonly ServerAccount[]> {
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '');
  return passwd.split('\n').flatMap((line) => {
    const [name, , uid, gid] = line.split(':');
    if (name === undefined || uid === undefined || gid === undefined || Number(uid) === 0)
      return [];
    // macOS gives nobody the uid -2, and spawn and chown take it as a signed number.
    return [{ name, uid: Number(uid) | 0, gid: Number(gid) | 0 }];
  });
}
