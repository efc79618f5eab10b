/**
 * Reads the server's own lock file, `data/postmaster.pid`, and judges whether its process lives.
 *
 * Postgres takes any living process of the same user with that pid for the server: another process
 * that got the pid after a reboot or in a new container, or a killed server that no parent has
 * reaped (which lasts for ever where Node is process 1). Postgres then refuses to start. `disown`
 * makes it start.
 */
import { constants, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from './errno.ts';
import type { Home } from './home.ts';
import { fateOf, lookUp, readRecord, recordOf } from './process-record.ts';
import { writeWhole } from './whole-file.ts';

export type PidFile = { readonly pid: number; readonly port: number | undefined };

export async function readPidFile(home: Home): Promise<PidFile | undefined> {
  const path = pidFilePath(home);
  try {
    const lines = (await readFile(path, 'utf8')).split('\n');
    // A single-user session writes its pid as a negative number.
    const pid = Math.abs(Number.parseInt(lines[0] ?? '', 10));
    const port = Number.parseInt(lines[3] ?? '', 10);
    return { pid, port: Number.isNaN(port) ? undefined : port };
  } catch (thrown) {
    if (hasCode(thrown, 'ENOENT')) return undefined;
    throw thrown;
  }
}

/**
 * Records the process of the running server, so that its pid can be told from a later process's.
 */
export async function rememberServer(home: Home): Promise<void> {
  const file = await readPidFile(home);
  if (file === undefined) return;
  const known = await readRecord(recordPath(home));
  const record = await recordOf(file.pid);
  if (JSON.stringify(known) === JSON.stringify(record)) return;
  await writeWhole(recordPath(home), JSON.stringify(record));
}

/**
 * `none`: there is no lock file. `dead`: there is one, and its process is surely not the server.
 */
export async function serverFate(home: Home): Promise<'none' | 'alive' | 'dead'> {
  const file = await readPidFile(home);
  if (file === undefined) return 'none';
  const seen = await lookUp(file.pid);
  if (seen === undefined) return 'dead';
  const record = await readRecord(recordPath(home));
  if (record?.pid === file.pid) {
    // A record from another place cannot describe a process that is seen in this place.
    return (await fateOf(record)) === 'alive' ? 'alive' : 'dead';
  }
  return seen.name === '' || seen.name.startsWith('postgres') ? 'alive' : 'dead';
}

/**
 * Puts a pid that no system gives out into a dead server's lock file. The file stays, because
 * Postgres uses the rest of it to check that no process of that server holds the shared memory.
 */
export async function disown(home: Home): Promise<void> {
  const flags = constants.O_RDWR | (constants.O_NOFOLLOW ?? 0);
  const file = await open(pidFilePath(home), flags);
  try {
    const [, ...others] = (await file.readFile('utf8')).split('\n');
    const text = [pidOfNobody, ...others].join('\n');
    await file.truncate(0);
    await file.write(text, 0);
  } finally {
    await file.close();
  }
}

/** One more than the highest pid that Linux can be set to. */
const pidOfNobody = '4194305';

const pidFilePath = (home: Home): string => join(home.data, 'postmaster.pid');
const recordPath = (home: Home): string => join(home.path, 'server.json');
