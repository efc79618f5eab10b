import type { MemoryInsert } from '../../batch.ts';
import { guard } from '../link/failure.ts';
import { guarded } from '../link/guarded.ts';
import { column, countedStatement } from '../link/statement.ts';

/** `chained`: this batch also writes the version before this one. */
export type MemoryWrite = { readonly insert: MemoryInsert; readonly chained: boolean };

/**
 * Writes version n only if n - 1 is the newest. If two transactions write n at once, the key lets one
 * in. Locks: the new rows in the order of their entries, after the runs; a second writer of the same
 * version waits here for the first.
 */
export const insertMemory = countedStatement<MemoryWrite>(
  'memory_insert',
  [
    column.text(({ insert }) => insert.tenant),
    column.text(({ insert }) => insert.scope),
    column.text(({ insert }) => insert.owner),
    column.text(({ insert }) => insert.key),
    column.int(({ insert }) => insert.version),
    column.text(({ insert }) => insert.valueText),
    column.bool(({ insert }) => insert.deleted),
    column.text(({ insert }) => insert.runId),
    column.int(({ insert }) => insert.turn),
    column.bool(({ chained }) => chained),
  ],
  guarded(
    guard.memory,
    `insert into heddle.memory_versions (tenant, scope, owner, key, version, value, deleted, run_id,
      turn)
    select i.tenant, i.scope, i.owner, i.key, i.version, i.value, i.deleted, i.run_id, i.turn
    from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::text[], $8::bool[],
      $9::text[], $10::int[], $11::bool[])
      as i(tenant, scope, owner, key, version, value, deleted, run_id, turn, chained)
    where i.chained or i.version - 1 = coalesce((
      select m.version from heddle.memory_versions m
      where m.tenant = i.tenant and m.scope = i.scope and m.owner = i.owner and m.key = i.key
      order by m.version desc limit 1), 0)
    order by i.tenant, i.scope, i.owner, i.key, i.version`,
  ),
);
