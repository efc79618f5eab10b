import { randomUUID } from 'node:crypto';
import { open, rename, writeFile } from 'node:fs/promises';
import { hasCode } from './errno.ts';

/** Replaces a file so that a reader, and whoever comes after a crash, sees the old or the new. */
export async function writeWhole(path: string, text: string, mode = 0o644): Promise<void> {
  const fresh = `${path}.${randomUUID()}`;
  await writeFile(fresh, text, { mode, flush: true });
  await rename(fresh, path);
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
