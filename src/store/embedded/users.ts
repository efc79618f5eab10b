/**
 * The users of the server: one file per user under `<directory>/users/`. It owns these files alone;
 * the supervisor, under the start lock, decides what their number means for the server.
 *
 * 1. The file of a killed process stays behind; such a user does not count, and its file is
 *    removed.
 * 2. A user in another place (container) counts, because nothing here can prove its end.
 * 3. When a server is started anew, the users in other places ended with the former one; the users
 *    that live here return to the new server and still count.
 */
import { randomUUID } from 'node:crypto';
import { chown, mkdir, readdir, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from './errno.ts';
import { fateOf, readRecord, recordOf } from './process-record.ts';

/** Enters this process as a user and returns the file that `removeUser` takes. */
export async function addUser(directory: string): Promise<string> {
  const folder = join(directory, 'users');
  if ((await mkdir(folder, { recursive: true })) !== undefined && process.getuid?.() === 0) {
    // Root may help once in another user's project, and must not lock its owner out.
    const { uid, gid } = await stat(directory);
    await chown(folder, uid, gid);
  }
  const file = join(folder, `${process.pid}-${randomUUID()}`);
  await writeFile(file, JSON.stringify(await recordOf(process.pid)));
  return file;
}

export async function removeUser(file: string): Promise<void> {
  await rm(file, { force: true });
}

/** Counts the users that may still live and removes the files of the others. */
export async function countUsers(directory: string): Promise<number> {
  let count = 0;
  for (const file of await userFiles(directory)) {
    const record = await readRecord(file);
    if (record !== undefined && (await fateOf(record)) !== 'dead') count += 1;
    else await unlink(file).catch(() => undefined);
  }
  return count;
}

/** Removes the files of all users but those that surely live. */
export async function keepLivingUsers(directory: string): Promise<void> {
  for (const file of await userFiles(directory)) {
    const record = await readRecord(file);
    if (record === undefined || (await fateOf(record)) !== 'alive') await removeUser(file);
  }
}

async function userFiles(directory: string): Promise<readonly string[]> {
  const folder = join(directory, 'users');
  try {
    return (await readdir(folder)).map((name) => join(folder, name));
  } catch (thrown) {
    if (hasCode(thrown, 'ENOENT')) return [];
    throw thrown;
  }
}
