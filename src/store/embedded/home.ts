/**
 * Finds the folder that holds a server's files, its home. It is `<directory>/postgres`, or a folder
 * outside when an account without rights could not reach that one, or when its file system has no
 * modes (WSL's /mnt, some mounts). The folder depends on the directory's path alone, so a restart
 * finds its data again. Folders that outlive a reboot come first; /tmp is the last resort.
 *
 * It owns `<directory>/postgres.json`, which gives the path of a home outside.
 *
 * 1. A home that root makes belongs to root; `data`, `socket` and `log` in it belong to the account
 *    that runs the server. So root never writes through a folder of an account without rights,
 *    where a planted link would lead it elsewhere.
 * 2. A cluster stays with the account that began it, and in the home where it is.
 * 3. A home outside the directory is never used silently: `outside` gives the reason.
 */
import { createHash } from 'node:crypto';
import { lstat, readFile, realpath, rmdir, stat } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { heddleError } from '../../domain/errors.ts';
import { reasonOf } from './errno.ts';
import {
  guardedDirectory,
  letThrough,
  makeDirectory,
  privateDirectory,
} from './private-directory.ts';
import type { ServerAccount } from './server-account.ts';
import { accountForRoot, accountWithUid, closedTo, isRoot } from './server-account.ts';
import { writeWhole } from './whole-file.ts';

export type Home = {
  readonly path: string;
  /** Undefined when the server runs as this process's own user. */
  readonly account: ServerAccount | undefined;
  readonly data: string;
  readonly socket: string;
  readonly log: string;
  /**
   * The warning for the host when the data are not in `directory`, where the host may look for
   * them.
   */
  readonly outside: string | undefined;
};

/**
 * Makes `directory` if it is missing, and returns its real path, which is the same for all
 * processes.
 */
export async function openDirectory(directory: string): Promise<string> {
  try {
    await makeDirectory(directory, isRoot() ? 0o755 : 0o700);
    return await realpath(directory);
  } catch (thrown) {
    throw unusable(directory, reasonOf(thrown));
  }
}

/** Finds the home, or makes it. */
export async function findHome(directory: string): Promise<Home> {
  const inside = insideOf(directory);
  const pointed = await readPointer(directory);
  const refusals: string[] = [];
  for (const path of await candidates(directory, pointed)) {
    const home = await homeAt(path, directory);
    const refusal = await prepare(home, directory).catch(reasonOf);
    if (refusal !== undefined) {
      refusals.push(refusal);
      continue;
    }
    // `lost` is reported only until the new home holds data.
    const lost = pointed !== undefined && !(await holdsData(pointed)) && !(await holdsData(path));
    if (path !== inside) await writePointer(directory, path);
    return { ...home, outside: whatIsOutside({ directory, path, refusals, pointed, lost }) };
  }
  throw unusable(directory, refusals.join('; '));
}

function whatIsOutside(found: {
  readonly directory: string;
  readonly path: string;
  readonly refusals: readonly string[];
  readonly pointed: string | undefined;
  readonly lost: boolean;
}): string | undefined {
  const { directory, path, refusals, pointed, lost } = found;
  const before = `${pointerOf(directory)} names ${String(pointed)}, and no data are there: a new database begins in ${path}`;
  if (path === insideOf(directory)) return lost ? before : undefined;
  const why = refusals.length === 0 ? 'they were begun there' : refusals.join('; ');
  const text =
    `the database of ${directory} is not in that folder but in ${path}, because ${why}. ` +
    'Keep that folder, or choose another directory';
  return lost ? `${before}; ${text}` : text;
}

/** When a home holds data it is the only candidate: an empty home elsewhere would hide the data. */
async function candidates(
  directory: string,
  pointed: string | undefined,
): Promise<readonly string[]> {
  const all = [insideOf(directory), ...(pointed === undefined ? [] : [pointed])];
  if (process.platform !== 'win32') {
    const name = `${basename(dirname(directory))}-${shortHash(directory)}`;
    const state = isRoot()
      ? '/var/lib'
      : (process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state'));
    all.push(join(state, 'heddle', name), join(tmpdir(), `heddle-home-${shortHash(directory)}`));
  }
  for (const path of all) {
    if (await holdsData(path)) return [path];
  }
  return all;
}

async function homeAt(path: string, directory: string): Promise<Omit<Home, 'outside'>> {
  return {
    path,
    account: isRoot() ? await accountFor(join(path, 'data'), directory) : undefined,
    data: join(path, 'data'),
    socket: join(path, 'socket'),
    log: join(path, 'log'),
  };
}

async function accountFor(data: string, directory: string): Promise<ServerAccount> {
  const owner = await lstat(data).catch(() => undefined);
  const account =
    (owner === undefined ? undefined : await accountWithUid(owner.uid)) ?? (await accountForRoot());
  if (account !== undefined) return account;
  const reason = 'Postgres refuses to run as root, and there is no account postgres or nobody';
  throw unusable(directory, reason);
}

/** Makes the home's folders, or returns the reason why the home cannot be at its path. */
async function prepare(
  { path, account, data, socket, log }: Omit<Home, 'outside'>,
  directory: string,
): Promise<string | undefined> {
  if (account !== undefined) {
    const existing = await nearest(path);
    let closed = await closedTo(account, existing);
    // Only heddle's own folder is opened to the account. The folders above it belong to others.
    if (closed === directory && (await letThrough(directory, account))) {
      closed = await closedTo(account, existing);
    }
    if (closed !== undefined) return `the account ${account.name} may not enter ${closed}`;
  }
  const refusal = await guardedDirectory(path, account);
  if (refusal !== undefined) return refusal;
  for (const folder of [log, socket]) {
    const wrong = await privateDirectory(folder, account);
    if (wrong === undefined) continue;
    for (const made of [socket, log, path]) await rmdir(made).catch(() => undefined);
    return wrong;
  }
  return (await exists(data)) ? privateDirectory(data, account) : undefined;
}

async function nearest(path: string): Promise<string> {
  return (await exists(path)) ? path : nearest(dirname(path));
}

async function readPointer(directory: string): Promise<string | undefined> {
  const text = await readFile(pointerOf(directory), 'utf8').catch(() => '{}');
  try {
    const { home, directory: origin } = JSON.parse(text) as Record<string, unknown>;
    if (typeof home !== 'string' || !isAbsolute(home) || typeof origin !== 'string')
      return undefined;
    // A project that was moved takes its data along. A project that was copied must not share them
    // with the original.
    return origin !== directory && (await exists(pointerOf(origin))) ? undefined : home;
  } catch {
    return undefined;
  }
}

async function writePointer(directory: string, home: string): Promise<void> {
  await writeWhole(pointerOf(directory), `${JSON.stringify({ home, directory }, null, 2)}\n`);
}

const insideOf = (directory: string): string => join(directory, 'postgres');
const pointerOf = (directory: string): string => join(directory, 'postgres.json');

export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

const holdsData = (home: string): Promise<boolean> => exists(join(home, 'data'));

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function unusable(directory: string, reason: string): Error {
  return heddleError('embedded-directory-unusable', { directory, reason });
}
