/**
 * The lock under which one process at a time decides about a server: create, start, adopt, stop.
 *
 * It owns `<directory>/lock`, a directory that holds one file named by the holder's token. It is
 * taken by renaming an own directory, `lock.<token>` with that file in it, onto the name: this
 * works exactly when the name is free or the directory empty. It is freed, by the holder or by
 * somebody who found the holder dead, by unlinking that file by its name.
 *
 * 1. At most one token is inside: renaming onto a directory that is not empty fails.
 * 2. Freeing a dead holder cannot free its successor, whose file has another name.
 * 3. A holder that lives in this place is never robbed, however slow; waiters give up instead.
 * 4. A token says which process it is of. As a directory gets its name and its existence at once,
 *    there is no moment at which a killed process leaves one that nobody can tell is dead.
 *
 * Data do not depend on it: Postgres keeps a lock of its own on its files, and a new cluster
 * appears by a rename. What depends on it is that nobody adopts a server that another stops.
 */
import { randomUUID } from 'node:crypto';
import {
  mkdir,
  readdir,
  rename,
  rm,
  rmdir,
  stat,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { heddleError } from '../../domain/errors.ts';
import { hasCode } from './errno.ts';
import { embeddedLimits } from './limits.ts';
import { fateOf, nameOfRecord, recordInName, recordOf } from './process-record.ts';

export async function withStartLock<T>(
  directory: string,
  work: () => Promise<T>,
  waitMsMax: number = embeddedLimits.lockWaitMsMax,
): Promise<T> {
  const token = `${nameOfRecord(await recordOf(process.pid))}~${randomUUID()}`;
  const lock = join(directory, 'lock');
  await take({ directory, lock, token, waitMsMax });
  const beat = setInterval(() => {
    const now = new Date();
    utimes(join(lock, token), now, now).catch(() => undefined);
  }, embeddedLimits.lockBeatMs);
  beat.unref();
  try {
    await sweep(directory);
    return await work();
  } finally {
    clearInterval(beat);
    await free(lock, token);
  }
}

async function take(wanted: {
  readonly directory: string;
  readonly lock: string;
  readonly token: string;
  readonly waitMsMax: number;
}): Promise<void> {
  const { directory, lock, token, waitMsMax } = wanted;
  const own = join(directory, `lock.${token}`);
  await mkdir(own);
  try {
    await writeFile(join(own, token), '');
    const deadline = Date.now() + waitMsMax;
    while (!(await renamed(own, lock))) {
      const holder = await holderIn(lock);
      if (holder !== undefined && (await isGone(lock, holder))) await evict(lock, holder);
      else if (Date.now() > deadline) throw heldTooLong(directory, lock, holder);
      else await sleep(embeddedLimits.pollMs);
    }
  } catch (thrown) {
    await rm(own, { recursive: true, force: true });
    throw thrown;
  }
}

async function renamed(own: string, lock: string): Promise<boolean> {
  try {
    await rename(own, lock);
    return true;
  } catch (thrown) {
    // Windows says EPERM or EACCES where POSIX says that the directory is not empty.
    if (hasCode(thrown, 'ENOTEMPTY', 'EEXIST', 'EPERM', 'EACCES')) return false;
    throw thrown;
  }
}

async function holderIn(lock: string): Promise<string | undefined> {
  try {
    const [token] = await readdir(lock);
    // Windows cannot rename onto an empty directory; elsewhere this saves nothing and harms nothing.
    if (token === undefined) await rmdir(lock);
    return token;
  } catch (thrown) {
    if (hasCode(thrown, 'ENOENT', 'ENOTEMPTY', 'EEXIST', 'EPERM')) return undefined;
    throw thrown;
  }
}

async function isGone(lock: string, token: string): Promise<boolean> {
  const record = recordInName(token);
  const fate = record === undefined ? 'foreign' : await fateOf(record);
  if (fate !== 'foreign') return fate === 'dead';
  return isOlder(join(lock, token), embeddedLimits.lockSilenceMsMax);
}

async function isOlder(path: string, ageMs: number): Promise<boolean> {
  const seen = await stat(path).catch(() => undefined);
  return seen !== undefined && Date.now() - seen.mtimeMs > ageMs;
}

/** Throws where it may not remove the file: waiting would not help. */
async function evict(lock: string, token: string): Promise<void> {
  try {
    await unlink(join(lock, token));
  } catch (thrown) {
    if (!hasCode(thrown, 'ENOENT')) throw thrown;
  }
}

async function free(lock: string, token: string): Promise<void> {
  await unlink(join(lock, token)).catch(() => undefined);
  await rmdir(lock).catch(() => undefined);
}

/**
 * Removes the files of processes that were killed while they waited. A process that cannot be seen from
 * here may still wait, as long as a waiter may. A file of another account may refuse to go, and harms
 * nothing.
 */
async function sweep(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!name.startsWith('lock.')) continue;
    const path = join(directory, name);
    const record = recordInName(name.slice('lock.'.length));
    const fate = record === undefined ? 'foreign' : await fateOf(record);
    if (fate === 'alive') continue;
    if (fate === 'foreign' && !(await isOlder(path, 2 * embeddedLimits.lockWaitMsMax))) continue;
    await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}

function heldTooLong(directory: string, lock: string, holder: string | undefined): Error {
  const record = holder === undefined ? undefined : recordInName(holder);
  return heddleError('embedded-start-failed', {
    directory,
    reason: `process ${record?.pid ?? '(unknown)'} has held the start lock for too long`,
    log: lock,
  });
}
