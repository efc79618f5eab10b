import { randomUUID } from 'node:crypto';
import { open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from './errno.ts';

/** Stands in the name of whatever is not whole yet. */
export const unfinished = '.new-';

/**
 * Replaces a file so that a reader, and whoever comes after a crash, sees the old or the new. What
 * a crash leaves beside it bears `unfinished` in its name.
 */
export async function writeWhole(path: string, text: string, mode = 0o644): Promise<void> {
  const fresh = `${path}${unfinished}${randomUUID()}`;
  await writeFile(fresh, text, { mode, flush: true });
  await rename(fresh, path);
}

/**
 * Removes what crashes left in a folder. To be called while nobody else writes there; an initdb
 * whose heddle was killed may still, and then fails, as it should.
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
    // Windows opens no folders.
    if (hasCode(thrown, 'EISDIR', 'EPERM', 'EACCES')) return undefined;
    throw thrown;
  });
  try {
    await folder?.sync().catch(() => undefined);
  } finally {
    await folder?.close();
  }
}
