/**
 * What a commit said whose reply was lost, and what became of starts whose run was there before.
 * Wake-ups are not told again: the inbox rows are durable, and `pending` finds them.
 */
import { heddleError } from '../../../domain/errors.ts';
import type { ArrivalOutcome, Batch, BatchOutcome, TurnOutcome } from '../../batch.ts';
import type { InboxInsert, NewRun, RunAddress } from '../../rows.ts';
import { asRunId } from '../../../domain/ids.ts';
import { toldOutcomes } from '../tables/arrival-writes.ts';
import type { Fates } from './commit-fates.ts';
import { readCommit } from './commits.ts';
import { inboxTargets } from '../tables/inbox-writes.ts';
import type { Pool } from '../link/pool.ts';
import {
  callWith,
  runColumns,
  textColumn,
  type Column,
  type Fields,
  statement,
} from '../link/statement.ts';

const committed: TurnOutcome = { kind: 'committed' };
export const accepted: ArrivalOutcome = { kind: 'accepted' };

export async function replay(pool: Pool, batch: Batch, fates: Fates): Promise<BatchOutcome> {
  const { arrivals } = batch;
  const stored = readCommit(batch.commitId);
  const targets = inboxTargets(arrivals.inbox);
  const results = await pool.read([stored, targets]);
  const [refused = null, told = null] = results.get(stored)?.[0] ?? [];
  const then = refused === null ? fates : (JSON.parse(refused) as Fates);
  const known = await startedRuns(pool, arrivals.starts);
  const live = arrivals.inbox.filter((_, index) => then.inbox[index] === null);
  const inbox = told === null ? null : toldOutcomes(live, told);
  let place = 0;
  return {
    turns: then.turns.map((fate) => fate ?? committed),
    statusChanges: then.statusChanges.map((fate) => fate ?? committed),
    results: then.results.map((fate) => fate ?? committed),
    slots: then.slots.map((fate) => fate ?? committed),
    starts: then.starts.map((fate, index) => {
      const run = known[index] ?? null;
      const own = run === null || run.runId === arrivals.starts[index]?.runId;
      return fate ?? (own ? accepted : { kind: 'existing', run });
    }),
    inbox: then.inbox.map((fate, index) => {
      if (fate === null && inbox !== null) return inbox[place++] ?? accepted;
      const row = arrivals.inbox[index];
      // A run that has ended since may have been open then.
      const gone = results.get(targets)?.[index]?.[0] === null;
      return fate ?? (gone && row !== undefined ? targetOutcome(row, [null, null]) : accepted);
    }),
    messages: then.messages.map((fate) => fate ?? accepted),
    memory: memoryOutcomes(then),
    wakes: [],
  };
}

export function memoryOutcomes({ memory, renumbered }: Fates): ArrivalOutcome[] {
  return memory.map((fate, index) => {
    const version = renumbered[index] ?? null;
    return fate ?? (version === null ? accepted : { kind: 'renumbered', version });
  });
}

/** `target` is a row of `inboxTargets`. */
export function targetOutcome(row: InboxInsert, target: Fields): ArrivalOutcome {
  const [status, ended] = target;
  const { runId } = row;
  if (!status) {
    return { kind: 'refused', error: heddleError('run-unknown', { runId }).toJSON() };
  }
  if (ended === 't') {
    return { kind: 'refused', error: heddleError('run-ended', { runId, status }).toJSON() };
  }
  return accepted;
}

/** The run that has a start's id, or else its idempotency key. */
const startedRunsStatement = statement(
  'runs_started',
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

const keyColumn: Column<NewRun> = textColumn((run) => run.idempotencyKey);

export async function startedRuns(
  pool: Pool,
  starts: readonly NewRun[],
): Promise<readonly (RunAddress | null)[]> {
  if (starts.length === 0) return [];
  const call = callWith(startedRunsStatement, [...runColumns, keyColumn], starts);
  const rows = (await pool.read([call])).get(call) ?? [];
  return starts.map(({ tenant }, index) => {
    const [runId, shard] = rows[index] ?? [];
    return runId ? { tenant, runId: asRunId(runId), shard: Number(shard) } : null;
  });
}
