import type { TimerInsert } from '../../batch.ts';
import type { RunAddress } from '../../rows.ts';
import {
  bigintColumn,
  callWith,
  intColumn,
  runColumns,
  textColumn,
  type Call,
  type Column,
  statement,
} from '../link/statement.ts';

export type TimerClear = {
  readonly tenant: string;
  readonly runId: string;
  readonly timerId: string;
};
export type TimerWrite = RunAddress & { readonly timer: TimerInsert };

/** Locks no row that another transaction waits for: the only writer of a run's timers is its owner. */
const clearTimersStatement = statement(
  'timers_clear',
  `delete from heddle.timers t
    using unnest($1::text[], $2::uuid[], $3::text[]) as i(tenant, run_id, timer_id)
    cross join lateral (
      select x.ctid as row from heddle.timers x
      where x.tenant = i.tenant and x.run_id = i.run_id and x.timer_id = i.timer_id offset 0
    ) x
    where t.ctid = x.row`,
);

const clearColumns: readonly Column<TimerClear>[] = [
  ...runColumns,
  textColumn((row) => row.timerId),
];

export function clearTimers(rows: readonly TimerClear[]): Call {
  return callWith(clearTimersStatement, clearColumns, rows);
}

/** The deadline is the database's clock plus the delay (promise 4). Locks: as `clearTimers`. */
const setTimersStatement = statement(
  'timers_set',
  `insert into heddle.timers (tenant, run_id, shard, timer_id, generation, due_at)
    select i.tenant, i.run_id, i.shard, i.timer_id, i.generation,
      clock_timestamp() + i.delay_ms * interval '1 ms'
    from unnest($1::text[], $2::uuid[], $3::int[], $4::text[], $5::int[], $6::bigint[])
      as i(tenant, run_id, shard, timer_id, generation, delay_ms)
    on conflict (tenant, run_id, timer_id) do update
      set generation = excluded.generation, due_at = excluded.due_at`,
);

const timerColumns: readonly Column<TimerWrite>[] = [
  ...runColumns,
  intColumn((row) => row.shard),
  textColumn((row) => row.timer.timerId),
  intColumn((row) => row.timer.generation),
  bigintColumn((row) => row.timer.delayMs),
];

export function setTimers(rows: readonly TimerWrite[]): Call {
  return callWith(setTimersStatement, timerColumns, rows);
}
