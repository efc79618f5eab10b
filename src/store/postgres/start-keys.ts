/**
 * Keyed starts: a key that was used for another agent or input refuses the start, with all that was
 * to start together with it. The check follows the insert of queued runs, which has waited for whoever
 * brought the same key at the same time: it sees what they have committed.
 */
import { createHash } from 'node:crypto';
import { refuseGroups, type StartKey } from '../start-groups.ts';
import type { Batch } from '../batch.ts';
import type { RunId } from '../../domain/ids.ts';
import { asRunId } from '../../domain/ids.ts';
import type { StartArrival } from '../rows.ts';
import type { Fates } from './commit-fates.ts';
import { guard } from './failure.ts';
import type { Pool } from './pool.ts';
import { callWith, textColumn, type Call, type Column, statement } from './statement.ts';

type Keyed = StartArrival & { readonly idempotencyKey: string; readonly startText: string };

const isKeyed = (run: StartArrival): run is Keyed =>
  run.idempotencyKey !== null && run.startText !== undefined;

/** What the column `start_hash` holds; null for a start without a key. */
export function startHashOf({ startText }: StartArrival): string | null {
  if (startText === undefined) return null;
  return createHash('sha256').update(startText).digest('base64url');
}

const keyColumns: readonly Column<Keyed>[] = [
  textColumn((run) => run.tenant),
  textColumn((run) => run.idempotencyKey),
];

/** A run without a hash is of an earlier version: its key is taken as it was. Locks nothing. */
const checkKeysStatement = statement(
  'starts_check',
  `select heddle.refuse('${guard.start}')
    from unnest($1::text[], $2::text[], $3::text[]) as i(tenant, idempotency_key, start_hash)
    cross join lateral (
      select k.start_hash from heddle.runs k
      where k.tenant = i.tenant and k.idempotency_key = i.idempotency_key offset 0
    ) k
    where k.start_hash <> i.start_hash limit 1`,
);

/** Null where no start has a key: such batches pay nothing. */
export function checkKeys(starts: readonly StartArrival[]): Call | null {
  const keyed = starts.filter(isKeyed);
  if (keyed.length === 0) return null;
  const hashColumn = textColumn<Keyed>(startHashOf);
  return callWith(checkKeysStatement, [...keyColumns, hashColumn], keyed);
}

const keysNowStatement = statement(
  'diagnose_starts',
  `select k.run_id, k.start_hash
    from unnest($1::text[], $2::text[]) with ordinality as i(tenant, idempotency_key, place)
    left join lateral (
      select * from heddle.runs k
      where k.tenant = i.tenant and k.idempotency_key = i.idempotency_key offset 0
    ) k on true
    order by i.place`,
);

/** Starts that are poison stay so; all others are judged anew. */
export async function diagnoseStarts(pool: Pool, batch: Batch, fates: Fates): Promise<void> {
  const { starts } = batch.arrivals;
  const keyed = starts.filter(isKeyed);
  if (keyed.length === 0) return;
  const call = callWith(keysNowStatement, keyColumns, keyed);
  const rows = (await pool.read([call])).get(call) ?? [];
  const used = new Map<StartKey, { readonly runId: RunId; readonly mark: string | null }>();
  keyed.forEach((run, index) => {
    const [runId, mark = null] = rows[index] ?? [];
    if (runId)
      used.set(`${run.tenant}\u0000${run.idempotencyKey}`, { runId: asRunId(runId), mark });
  });
  const isPoison = (index: number): boolean => {
    const fate = fates.starts[index];
    return fate?.kind === 'refused' && fate.error.code === 'store-poison';
  };
  const refused = refuseGroups(starts, isPoison, used, startHashOf);
  starts.forEach((_, index) => {
    if (!isPoison(index)) fates.starts[index] = refused.get(index) ?? null;
  });
}
