import { randomUUID } from 'node:crypto';
import { open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from './errno.ts';

/** A part of the name of a file or folder that is not whole yet. */
export const unfinished = '.new-';

/**
 * Replaces a file so that a reader, even after a crash, sees either the old text or the new one. A
 * file that a crash leaves beside it has `unfinished` in its name.
 */
export async function writeWhole(path: string, text: string, mode = 0o644): Promise<void> {
  const fresh = `${path}${unfinished}${randomUUID()}`;
  await writeFile(fresh, text, { mode, flush: true });
  await rename(fresh, path);
}

/**
 * Removes the unfinished files that crashes left in a folder. To be called while no other process
 * writes there. An initdb whose heddle was killed may still write; it then fails, as it should.
 */
export async function sweepUnfinished(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.includes(unfinished)) continue;
    const path = join(folder, name);
    await rm(path, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
  }
}

/** Makes renames in the folder survive a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch((thrown: unknown) => {
    // Windows cannot open folders.
    if (hasCode(thrown, 'EISDIR', 'EPERM', 'EACCES')) return undefined;
    throw thrown;
  });
  try {
    await folder?.sync().catch(() => undefined);
  } finally {
    await folder?.close();
  }
}
