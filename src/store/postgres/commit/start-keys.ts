/**
 * Keyed starts: if a key was used for another agent or input, the start is refused together with its
 * whole group. The check follows the insert of queued runs. That insert has waited for other
 * transactions with the same key, so the check sees what they have committed.
 */
import { refuseGroups, type Started } from '../../start-groups.ts';
import type { Batch } from '../../batch.ts';
import { isSpent } from '../../requests/request-port.ts';
import type { Fates } from '../../fates.ts';
import { asRunId } from '../../../domain/ids.ts';
import type { StartArrival } from '../../rows.ts';
import { startHashOf } from '../tables/run-writes.ts';
import { guard } from '../link/failure.ts';
import type { Pool } from '../link/pool.ts';
import { column, rowStatement, runColumns, type Call, type Column } from '../link/statement.ts';

const isKeyed = (run: StartArrival): boolean =>
  run.idempotencyKey !== null && run.startText !== undefined;

const keyColumns: readonly Column<StartArrival>[] = [
  ...runColumns,
  column.text((run) => run.idempotencyKey),
];

/**
 * A run without a hash is of an earlier version: its key fits every start. A start whose run exists
 * under another key uses none. Locks nothing.
 */
const checkKeysStatement = rowStatement<StartArrival>(
  'starts_check',
  [...keyColumns, column.text(startHashOf)],
  `select heddle.refuse('${guard.start}')
    from unnest($1::text[], $2::uuid[], $3::text[], $4::text[])
      as i(tenant, run_id, idempotency_key, start_hash)
    cross join lateral (
      select k.start_hash from heddle.runs k
      where k.tenant = i.tenant and k.idempotency_key = i.idempotency_key offset 0
    ) k
    where k.start_hash <> i.start_hash and not exists (
      select from heddle.runs r where r.tenant = i.tenant and r.run_id = i.run_id
        and r.idempotency_key is distinct from i.idempotency_key offset 0
    ) limit 1`,
);

/** Null when no start has a key: such batches need no check. */
export function checkKeys(starts: readonly StartArrival[]): Call | null {
  const keyed = starts.filter(isKeyed);
  return keyed.length === 0 ? null : checkKeysStatement(keyed);
}

const keysNowStatement = rowStatement<StartArrival>(
  'diagnose_starts',
  keyColumns,
  `select k.run_id, k.start_hash, r.run_id is not null, r.idempotency_key
    from unnest($1::text[], $2::uuid[], $3::text[]) with ordinality
      as i(tenant, run_id, idempotency_key, place)
    left join lateral (
      select * from heddle.runs r where r.tenant = i.tenant and r.run_id = i.run_id offset 0
    ) r on true
    left join lateral (
      select * from heddle.runs k
      where k.tenant = i.tenant and k.idempotency_key = i.idempotency_key offset 0
    ) k on true
    order by i.place`,
);

/** Starts that are poison, or whose request was asked before, keep that fate and use no key; all others are judged anew. */
export async function diagnoseStarts(pool: Pool, batch: Batch, fates: Fates): Promise<void> {
  const { starts } = batch.arrivals;
  if (!starts.some(isKeyed)) return;
  const rows = await pool.rows(keysNowStatement(starts));
  const before: Started = { holders: new Map(), keys: new Map() };
  starts.forEach((run, index) => {
    const [holder, mark = null, isThere, key = null] = rows[index] ?? [];
    if (isThere === 't') before.keys.set(`${run.tenant}\u0000${run.runId}`, key);
    if (!holder) return;
    const at = `${run.tenant}\u0000${run.idempotencyKey}` as const;
    before.holders.set(at, { runId: asRunId(holder), mark });
  });
  const isOut = (index: number): boolean => {
    const fate = fates.of('starts', index);
    return (fate?.kind === 'refused' && fate.error.code === 'store-poison') || isSpent(fate);
  };
  const refused = refuseGroups(starts, isOut, before, startHashOf);
  starts.forEach((_, index) => {
    if (!isOut(index)) fates.put('starts', index, refused.get(index) ?? null);
  });
}
