/**
 * Images that are too large for the rows of a conversation, and which runs use them. Bytes go both ways as
 * base64, the form in which messages have them.
 */
import type { ImageBytes } from '../../batch.ts';
import type { ImageRead, ImageReadResult } from '../../port.ts';
import type { ImageStored } from '../../caller-port.ts';
import type { Call } from '../link/statement.ts';
import type { Pool } from '../link/pool.ts';
import {
  bigint,
  column,
  int,
  rowStatement,
  statement,
  text,
  type RunKey,
} from '../link/statement.ts';

type ImageKey = { readonly tenant: string; readonly sha256: string };
export type ImageWrite = ImageKey & ImageBytes;
export type ImageUseWrite = RunKey & ImageKey;

const insertStatement = rowStatement<ImageWrite>(
  'images_insert',
  [
    column.text((row) => row.tenant),
    column.text((row) => row.sha256),
    column.text((row) => row.mediaType),
    column.text((row) => row.data),
  ],
  `insert into heddle.images (tenant, sha256, media_type, size, bytes)
    select i.tenant, i.sha256, i.media_type, octet_length(i.bytes), i.bytes
    from (
      select tenant, sha256, media_type, decode(data, 'base64') as bytes
      from unnest($1::text[], $2::text[], $3::text[], $4::text[])
        as i(tenant, sha256, media_type, data)
    ) i
    on conflict (tenant, sha256) do update set stored_at = excluded.stored_at`,
);

/**
 * The image that is there stays: its bytes are the same. Locks: the images in the order of their keys, after
 * the runs.
 */
export const insertImages = (rows: readonly ImageWrite[]): Call => insertStatement(inOrder(rows));

const useStatement = rowStatement<ImageUseWrite>(
  'images_use',
  [
    column.text((row) => row.tenant),
    column.uuid((row) => row.runId),
    column.text((row) => row.sha256),
  ],
  `with used as (
      select * from unnest($1::text[], $2::uuid[], $3::text[]) as u(tenant, run_id, sha256)
    ), due as (
      select e.place from used u cross join lateral (
        select m.ctid as place from heddle.images m
        where m.tenant = u.tenant and m.sha256 = u.sha256 and m.stored_at < now() - interval '1 hour'
        offset 0 for update of m
      ) e
    ), again as (
      update heddle.images m set stored_at = now()
      where m.ctid = any(array(select place from due))
    )
    insert into heddle.run_images (tenant, run_id, sha256)
    select u.tenant, u.run_id, u.sha256 from used u on conflict do nothing`,
);

/**
 * A use moves `stored_at`, so that retention, which looks at it again under its lock, cannot delete an image
 * that is being put to use. Locks: the images in the order of their keys, and the new rows, whose only writer is
 * the owner of their run.
 */
export const useImages = (rows: readonly ImageUseWrite[]): Call => useStatement(inOrder(rows));

/** The rows in the order of their images; of equal ones the first. */
function inOrder<Row extends ImageKey & Partial<RunKey>>(rows: readonly Row[]): readonly Row[] {
  const byKey = new Map<string, Row>();
  for (const row of rows) {
    const key = `${row.tenant}\u0000${row.sha256}\u0000${row.runId ?? ''}`;
    if (!byKey.has(key)) byKey.set(key, row);
  }
  return [...byKey].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

const storeStatement = statement(
  'image_store',
  [text, text, text, text, bigint],
  `with held as (
      select coalesce(sum(m.size), 0) as bytes, coalesce(bool_or(m.sha256 = $2::text), false) as has
      from heddle.images m where m.tenant = $1::text
    ), given as (
      select decode($4::text, 'base64') as bytes
    )
    insert into heddle.images as t (tenant, sha256, media_type, size, bytes)
    select $1::text, $2::text, $3::text, octet_length(g.bytes), g.bytes from given g cross join held h
    where h.has or h.bytes + octet_length(g.bytes) <= $5::bigint
    on conflict (tenant, sha256) do update set stored_at = excluded.stored_at
    returning 1`,
);

export async function storeImage(
  pool: Pool,
  { tenant, sha256, mediaType, data, tenantBytesMax }: ImageStored,
): Promise<boolean> {
  const rows = await pool.rows(storeStatement(tenant, sha256, mediaType, data, tenantBytesMax));
  return rows.length > 0;
}

const readStatement = statement(
  'image_read',
  [text, text, int],
  `select m.size,
      case when m.size <= $3::int then translate(encode(m.bytes, 'base64'), E'\\n', '') end
    from heddle.images m where m.tenant = $1::text and m.sha256 = $2::text`,
);

export async function readImage(
  pool: Pool,
  { tenant, sha256, bytesMax }: ImageRead,
): Promise<ImageReadResult | null> {
  const [row] = await pool.rows(readStatement(tenant, sha256, bytesMax));
  if (row === undefined) return null;
  const [size, data = null] = row;
  return { size: Number(size), data };
}
