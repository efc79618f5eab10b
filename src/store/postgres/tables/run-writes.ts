/**
 * Statements that write runs and their journals. A statement costs Postgres some 30 µs and node 10
 * before its first row, which is most of the cost of a single turn. So writes that always go together
 * are one statement.
 */
import { createHash } from 'node:crypto';
import type { NewRun, StartArrival } from '../../rows.ts';
import type { StatusChange, TurnCommit } from '../../batch.ts';
import { guard } from '../link/failure.ts';
import { guarded, guardedCount } from '../link/guarded.ts';
import {
  column,
  countedStatement,
  rowStatement,
  runColumns,
  within,
  type Column,
} from '../link/statement.ts';

/** Written so that Postgres cannot use the index of open runs here and walk through all of them. */
const isOpen = (run: string): string => `coalesce(${run}.ended_at, 'infinity') = 'infinity'`;

const fixedColumns: readonly Column<NewRun>[] = [
  column.text((run) => run.tenant),
  column.uuid((run) => run.runId),
  column.int((run) => run.shard),
  column.text((run) => run.agent),
  column.text((run) => run.version),
  column.text((run) => run.user),
  column.text((run) => run.pipeline),
  column.text((run) => (run.parent === null ? null : JSON.stringify(run.parent))),
  column.text((run) => run.inputText),
  column.text((run) => run.idempotencyKey),
  column.text((run) => run.priority),
  column.text((run) => (run.tags === undefined ? null : run.tags.join('\n'))),
];

const stateColumns: readonly Column<TurnCommit>[] = [
  column.text((turn) => turn.status),
  column.text((turn) => turn.reason ?? ''),
  column.text((turn) => turn.chartText ?? ''),
  column.text((turn) => turn.heldText ?? ''),
  column.text((turn) => turn.ended?.outputText ?? null),
  column.text((turn) => (turn.ended?.error ? JSON.stringify(turn.ended.error) : null)),
  column.bool((turn) => turn.ended !== null),
  column.text((turn) => turn.build ?? ''),
  column.text((turn) => turn.journalText),
];

/** A turn's row in the journal has one writer, its run's owner, so no other transaction waits for it. */
const journal = (turn: string): string => `
    insert into heddle.journal (tenant, run_id, turn, build, entries, status)
    select tenant, run_id, ${turn}, nullif(build, ''), entries, status from i
    where entries is not null`;

export type CreatingTurn = TurnCommit & { readonly create: NewRun };

/** The run of a first turn. Locks: the new rows, in the order of the batch. */
export const createRuns = countedStatement<CreatingTurn>(
  'runs_create',
  [...within(({ create }: CreatingTurn) => create, fixedColumns), ...stateColumns],
  `with i as materialized (
      select * from unnest($2::text[], $3::uuid[], $4::int[], $5::text[], $6::text[], $7::text[],
        $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[],
        $15::text[], $16::text[], $17::text[], $18::text[], $19::text[], $20::bool[], $21::text[],
        $22::text[])
        as i(tenant, run_id, shard, agent, version, user_name, pipeline, parent, input,
          idempotency_key, priority, tags, status, reason, chart, held, output, error, ended, build,
          entries)
    ), done as (
      insert into heddle.runs (tenant, run_id, shard, agent, version, user_name, pipeline, parent,
        input, idempotency_key, priority, tags, turn, status, reason, chart, held, output, error,
        ended_at, build)
      select tenant, run_id, shard, agent, version, user_name, pipeline, parent, input,
        idempotency_key, priority, string_to_array(tags, E'\\n'), 1, status, reason, chart, held, output,
        error, case when ended then now() end, build
      from i
      returning 1
    ), entries as (${journal('1')})
    ${guardedCount(guard.run)}`,
);

/**
 * A later turn (promises 1 and 6). Locks: the runs in the order of the batch, which is that of their
 * ids; after the shards, so that only this replica's commits meet here.
 */
export const moveRuns = countedStatement<TurnCommit>(
  'runs_move',
  [
    ...runColumns,
    column.int((turn) => turn.shard),
    column.int((turn) => turn.expectedTurn),
    ...stateColumns,
  ],
  `with i as materialized (
      select * from unnest($2::text[], $3::uuid[], $4::int[], $5::int[], $6::text[], $7::text[],
        $8::text[], $9::text[], $10::text[], $11::text[], $12::bool[], $13::text[], $14::text[])
        as i(tenant, run_id, shard, turn, status, reason, chart, held, output, error, ended,
          build, entries)
    ), done as (
      update heddle.runs r set turn = r.turn + 1, status = i.status, reason = i.reason,
        chart = i.chart, held = i.held, output = i.output, error = i.error,
        ended_at = case when i.ended then now() end, build = i.build
      from i
      cross join lateral (
        select x.ctid as row from heddle.runs x
        where x.tenant = i.tenant and x.run_id = i.run_id offset 0
      ) x
      where r.ctid = x.row and r.run_id = i.run_id and r.turn = i.turn and r.shard = i.shard
        and ${isOpen('r')}
      returning 1
    ), entries as (${journal('turn + 1')})
    ${guardedCount(guard.run)}`,
);

/** Checkpoints. Locks: the new rows, which no other transaction waits for: the turns themselves are guarded before. */
export const insertCheckpoints = rowStatement<TurnCommit>(
  'checkpoints_insert',
  [
    ...runColumns,
    column.int((turn) => turn.expectedTurn + 1),
    column.text((turn) => turn.build),
    column.text((turn) => turn.chartText),
  ],
  `insert into heddle.checkpoints (tenant, run_id, turn, build, chart)
    select * from unnest($1::text[], $2::uuid[], $3::int[], $4::text[], $5::text[])`,
);

/**
 * A change between turns: only the status and reason that people see. Locks: as `moveRuns`, after it.
 */
export const changeStatus = countedStatement<StatusChange>(
  'runs_status',
  [
    ...runColumns,
    column.int((change) => change.shard),
    column.int((change) => change.expectedTurn),
    column.text((change) => change.status),
    column.text((change) => change.reason ?? ''),
  ],
  guarded(
    guard.run,
    `update heddle.runs r set status = i.status, reason = i.reason
    from unnest($2::text[], $3::uuid[], $4::int[], $5::int[], $6::text[], $7::text[])
      as i(tenant, run_id, shard, turn, status, reason)
    cross join lateral (
      select x.ctid as row from heddle.runs x
      where x.tenant = i.tenant and x.run_id = i.run_id offset 0
    ) x
    where r.ctid = x.row and r.run_id = i.run_id and r.turn = i.turn and r.shard = i.shard
      and ${isOpen('r')}`,
  ),
);

/**
 * Children and starts: queued runs, each with its inbox row `start`. Returns the runs that were not
 * there before. Locks: the new rows in the order of the batch. Two batches that bring the same
 * idempotency keys in different orders may deadlock, and are run again.
 */
export const queueRuns = rowStatement<StartArrival>(
  'runs_queue',
  [...fixedColumns, column.text(startHashOf)],
  `with queued as (
      insert into heddle.runs (tenant, run_id, shard, agent, version, user_name, pipeline, parent,
        input, idempotency_key, priority, tags, start_hash, turn, status, reason, chart, held)
      select tenant, run_id, shard, agent, version, user_name, pipeline, parent, input,
        idempotency_key, priority, string_to_array(tags, E'\\n'), start_hash, 0, 'queued', '', '', ''
      from unnest($1::text[], $2::uuid[], $3::int[], $4::text[], $5::text[], $6::text[],
        $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[])
        as i(tenant, run_id, shard, agent, version, user_name, pipeline, parent, input,
          idempotency_key, priority, tags, start_hash)
      on conflict do nothing
      returning tenant, run_id, shard
    )
    insert into heddle.inbox (tenant, run_id, shard, key, kind)
    select tenant, run_id, shard, '=start', 'start' from queued
    returning tenant, run_id, shard`,
);

/**
 * The tags of runs that this transaction has written, for lists; a run that was there before has them already.
 * Locks: the new rows.
 */
export const tagRuns = rowStatement(
  'runs_tag',
  runColumns,
  `insert into heddle.run_tags (tenant, tag, run_id)
    select i.tenant, t.tag, i.run_id from unnest($1::text[], $2::uuid[]) as i(tenant, run_id)
    cross join lateral (
      select x.tags from heddle.runs x
      where x.tenant = i.tenant and x.run_id = i.run_id offset 0
    ) r
    cross join lateral unnest(r.tags) as t(tag)
    on conflict do nothing`,
);

/**
 * Deletes an ended run's timers and inbox rows. Locks: its inbox rows, after the channels: see
 * `takeInbox`.
 */
export const clearEnded = rowStatement(
  'runs_clear',
  runColumns,
  `with i as materialized (
      select * from unnest($1::text[], $2::uuid[]) as i(tenant, run_id)
    ), alarms as (
      delete from heddle.timers t using i
      cross join lateral (
        select x.ctid as row from heddle.timers x
        where x.tenant = i.tenant and x.run_id = i.run_id offset 0
      ) x
      where t.ctid = x.row
    )
    delete from heddle.inbox b using i
    cross join lateral (
      select x.ctid as row from heddle.inbox x
      where x.tenant = i.tenant and x.run_id = i.run_id offset 0
    ) x
    where b.ctid = x.row`,
);

/** The value of the column `start_hash`; null for a start without a key. */
export function startHashOf({ startText }: StartArrival): string | null {
  if (startText === undefined) return null;
  return createHash('sha256').update(startText).digest('base64url');
}
