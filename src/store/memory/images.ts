/**
 * Images that are too large for the rows of a conversation, and which runs use them: written by turns and
 * from outside, read when a call is sent, deleted when no run has used them for long.
 */
import { limits } from '../../domain/limits.ts';
import { bytesIn } from '../../domain/model/images.ts';
import type { TurnCommit } from '../batch.ts';
import type { ImageRead, ImageReadResult } from '../port.ts';
import type { ImageStored } from '../caller-port.ts';
import type { Database } from './database.ts';
import { imageKey, runKey, type StoredImage } from './stored-rows.ts';
import { join } from './table.ts';

export function useImages(db: Database, turn: TurnCommit): void {
  const { tenant, runId } = turn;
  for (const { sha256, image } of turn.images) {
    const { mediaType, data } = image ?? {};
    if (mediaType !== undefined && data !== undefined)
      keep(db, { tenant, sha256, mediaType, data });
    const known = db.tables.images.get(join(tenant, sha256));
    if (known !== undefined) db.tables.images.put({ ...known, storedAtMs: db.now() });
    db.tables.imageUses.put({ tenant, runId, sha256 });
  }
}

export function storeImage(db: Database, image: ImageStored): boolean {
  const { tenant, sha256, mediaType, data, tenantBytesMax } = image;
  const held = db.tables.images.by('tenant', tenant);
  const bytes = held.reduce((sum, { size }) => sum + size, 0);
  const isKnown = held.some((row) => row.sha256 === sha256);
  if (!isKnown && bytes + bytesIn(data) > tenantBytesMax) return false;
  keep(db, { tenant, sha256, mediaType, data });
  return true;
}

/** The image that is there stays: its bytes are the same. */
function keep(db: Database, image: Omit<StoredImage, 'size' | 'storedAtMs'>): void {
  const known = db.tables.images.get(imageKey(image));
  const kept = known ?? { ...image, size: bytesIn(image.data) };
  db.tables.images.put({ ...kept, storedAtMs: db.now() });
}

export function readImage(db: Database, read: ImageRead): ImageReadResult | null {
  const image = db.tables.images.get(imageKey(read));
  if (image === undefined) return null;
  return { size: image.size, data: image.size <= read.bytesMax ? image.data : null };
}

export function removeImageUses(
  db: Database,
  run: { readonly tenant: string; readonly runId: string },
): void {
  for (const { tenant, runId, sha256 } of db.tables.imageUses.by('run', runKey(run))) {
    db.tables.imageUses.remove(join(tenant, runId, sha256));
  }
}

/** Images of one round: each may be megabytes. */
const imagesMax = 100;

export type Retained = { readonly olderThanMs: number; readonly limit: number };

export function pruneImages(db: Database, { olderThanMs, limit }: Retained): void {
  const beforeMs = db.now() - Math.max(olderThanMs, limits.imageKeptMsMin);
  const unused = db.tables.images
    .all()
    .filter(
      (row) =>
        row.storedAtMs <= beforeMs && db.tables.imageUses.count('image', imageKey(row)) === 0,
    )
    .sort((a, b) => a.storedAtMs - b.storedAtMs);
  for (const image of unused.slice(0, Math.min(limit, imagesMax))) {
    db.tables.images.remove(imageKey(image));
  }
}
