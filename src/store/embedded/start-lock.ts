/**
 * The lock under which one process at a time decides about a server: to create, start, adopt or
 * stop it.
 *
 * It owns `<directory>/lock`, a directory with one file, whose name is the holder's token. A
 * process takes the lock by making a directory of its own, `lock.<token>` with that file in it, and
 * renaming it to `lock`: this works exactly when `lock` does not exist or is empty. The holder, or
 * a process that found the holder dead, frees the lock by unlinking that file by its name.
 *
 * 1. At most one token is inside: renaming onto a directory that is not empty fails.
 * 2. Freeing a dead holder cannot free its successor, whose file has another name.
 * 3. A holder that lives in this place never loses the lock, however slow it is; waiters give up
 *    instead.
 * 4. A token says which process it belongs to. A directory gets its name and begins to exist in one
 *    step, so a killed process never leaves one whose owner cannot be checked.
 *
 * The data are safe without this lock: Postgres has its own lock on its files, and a new cluster
 * appears by a rename. The lock keeps one process from adopting a server while another stops it.
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
    // Windows gives EPERM or EACCES where POSIX gives ENOTEMPTY or EEXIST.
    if (hasCode(thrown, 'ENOTEMPTY', 'EEXIST', 'EPERM', 'EACCES')) return false;
    throw thrown;
  }
}

async function holderIn(lock: string): Promise<string | undefined> {
  try {
    const [token] = await readdir(lock);
    // Windows cannot rename onto an empty directory, so it is removed; elsewhere the removal
    // changes nothing.
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

/** Throws when it may not remove the file, because waiting would not help. */
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
 * Removes the directories of processes that were killed while they waited. A process that cannot be
 * seen from here may still wait, so its directory stays for twice the longest wait. A directory of
 * another account may refuse to go, and does no harm.
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
