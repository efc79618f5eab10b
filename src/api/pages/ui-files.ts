/** The files of the pages as `npm run build` has left them: those that its map names, held in memory. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { ownFolder } from './own-folder.ts';

const mapSchema = z.object({
  files: z.array(z.object({ path: z.string(), type: z.string(), etag: z.string() })),
});

/** A file, and the same as Brotli. */
export type UiFile = {
  readonly type: string;
  readonly etag: string;
  readonly bytes: Buffer;
  readonly packed: Buffer;
};

export type UiFiles = ReadonlyMap<string, UiFile>;

/** Null: the pages are not here. They are with every package; a checkout needs `npm run build:ui`. */
export async function uiFiles(): Promise<UiFiles | null> {
  const own = await ownFolder();
  if (own === null) return null;
  const folder = new URL('dist/ui/', own);
  const map = await readFile(new URL('files.json', folder), 'utf8').catch(() => null);
  if (map === null) return null;
  const files = new Map<string, UiFile>();
  for (const { path, type, etag } of mapSchema.parse(JSON.parse(map)).files) {
    const bytes = await readFile(new URL(path, folder));
    const packed = await readFile(new URL(`${path}.br`, folder));
    files.set(path, { type, etag, bytes, packed });
  }
  return files;
}
