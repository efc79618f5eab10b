import type { MemoryInsert } from '../../batch.ts';
import { guard } from '../link/failure.ts';
import { guarded } from '../link/guarded.ts';
import {
  boolColumn,
  int,
  intColumn,
  textColumn,
  type Call,
  type Column,
  statement,
} from '../link/statement.ts';

/** `chained`: this batch also writes the version before this one. */
export type MemoryWrite = { readonly insert: MemoryInsert; readonly chained: boolean };

/**
 * Writes version n only if n - 1 is the newest. If two transactions write n at once, the key lets one
 * in. Locks: the new rows in the order of their entries, after the runs; a second writer of the same
 * version waits here for the first.
 */
const insertMemoryStatement = statement(
  'memory_insert',
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

const memoryColumns: readonly Column<MemoryWrite>[] = [
  textColumn(({ insert }) => insert.tenant),
  textColumn(({ insert }) => insert.scope),
  textColumn(({ insert }) => insert.owner),
  textColumn(({ insert }) => insert.key),
  intColumn(({ insert }) => insert.version),
  textColumn(({ insert }) => insert.valueText),
  boolColumn(({ insert }) => insert.deleted),
  textColumn(({ insert }) => insert.runId),
  intColumn(({ insert }) => insert.turn),
  boolColumn(({ chained }) => chained),
];

export function insertMemory(rows: readonly MemoryWrite[]): Call {
  const params = [int(rows.length), ...memoryColumns.map((of) => of(rows))];
  return { statement: insertMemoryStatement, params };
}
