/**
 * Tells the outcome of a commit whose reply was lost, and finds the existing runs that its starts have
 * met. Wake-ups are not told again: the inbox rows are durable, and `pending` finds them.
 */
import { heddleError } from '../../../domain/errors.ts';
import type { Batch } from '../../batch.ts';
import type { BatchOutcome, FateOf, Fates } from '../../fates.ts';
import type { InboxInsert, NewRun, RunAddress } from '../../rows.ts';
import { asRunId } from '../../../domain/ids.ts';
import { keptInboxFates, type InboxFates } from '../tables/arrival-writes.ts';
import { keptFates } from './commit-fates.ts';
import { readCommit } from './commits.ts';
import { inboxTargets } from '../tables/inbox-writes.ts';
import type { Pool } from '../link/pool.ts';
import { column, rowStatement, runColumns, type Fields } from '../link/statement.ts';

export async function replay(pool: Pool, batch: Batch): Promise<BatchOutcome> {
  const { starts, inbox } = batch.arrivals;
  const stored = readCommit(batch.commitId);
  const targets = inboxTargets(inbox);
  const results = await pool.read([stored, targets]);
  const [refused = null, told = null] = results.get(stored)?.[0] ?? [];
  const fates = keptFates(refused);
  const known = await startedRuns(pool, starts);
  starts.forEach(({ runId }, index) => {
    const run = known[index] ?? null;
    if (fates.of('starts', index) !== null || run === null || run.runId === runId) return;
    fates.put('starts', index, { kind: 'existing', run });
  });
  // A run that has ended by now may have been open at the commit, so only unknown runs are refused here.
  const unknown = inbox.map((row, index) => {
    const isKnown = results.get(targets)?.[index]?.[0] !== null;
    return isKnown ? null : targetFate(row, [null, null]);
  });
  const live = fates.without('inbox', inbox);
  putInbox(
    fates,
    inbox,
    told === null ? fates.without('inbox', unknown) : keptInboxFates(live, told),
  );
  return { fates: fates.list(), wakes: [] };
}

/** `told` is by index of the rows that took part. */
export function putInbox(fates: Fates, inbox: readonly InboxInsert[], told: InboxFates): void {
  let place = 0;
  inbox.forEach((_, index) => {
    if (fates.of('inbox', index) === null) fates.put('inbox', index, told[place++] ?? null);
  });
}

/** `target` is a row of `inboxTargets`. */
export function targetFate({ runId }: InboxInsert, target: Fields): FateOf['inbox'] | null {
  const [status, ended] = target;
  if (!status) return { kind: 'refused', error: heddleError('run-unknown', { runId }).toJSON() };
  if (ended !== 't') return null;
  return { kind: 'refused', error: heddleError('run-ended', { runId, status }).toJSON() };
}

/** The run that has a start's id, or else its idempotency key. */
const startedRunsStatement = rowStatement<NewRun>(
  'runs_started',
  [...runColumns, column.text((run) => run.idempotencyKey)],
  `select coalesce(r.run_id, k.run_id), coalesce(r.shard, k.shard)
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

export async function startedRuns(
  pool: Pool,
  starts: readonly NewRun[],
): Promise<readonly (RunAddress | null)[]> {
  if (starts.length === 0) return [];
  const rows = await pool.rows(startedRunsStatement(starts));
  return starts.map(({ tenant }, index) => {
    const [runId, shard] = rows[index] ?? [];
    return runId ? { tenant, runId: asRunId(runId), shard: Number(shard) } : null;
  });
}
