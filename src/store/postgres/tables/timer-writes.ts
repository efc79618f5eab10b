import type { TimerInsert } from '../../batch.ts';
import type { RunAddress } from '../../rows.ts';
import { column, rowStatement, runColumns, type RunKey } from '../link/statement.ts';

export type TimerClear = RunKey & { readonly timerId: string };
export type TimerWrite = RunAddress & { readonly timer: TimerInsert };

/** Locks no row that another transaction waits for: the only writer of a run's timers is its owner. */
export const clearTimers = rowStatement<TimerClear>(
  'timers_clear',
  [...runColumns, column.text((row) => row.timerId)],
  `delete from heddle.timers t
    using unnest($1::text[], $2::uuid[], $3::text[]) as i(tenant, run_id, timer_id)
    cross join lateral (
      select x.ctid as row from heddle.timers x
      where x.tenant = i.tenant and x.run_id = i.run_id and x.timer_id = i.timer_id offset 0
    ) x
    where t.ctid = x.row`,
);

/** The deadline is the database's clock plus the delay (promise 4). Locks: as `clearTimers`. */
export const setTimers = rowStatement<TimerWrite>(
  'timers_set',
  [
    ...runColumns,
    column.int((row) => row.shard),
    column.text((row) => row.timer.timerId),
    column.int((row) => row.timer.generation),
    column.bigint((row) => row.timer.delayMs),
  ],
  `insert into heddle.timers (tenant, run_id, shard, timer_id, generation, due_at)
    select i.tenant, i.run_id, i.shard, i.timer_id, i.generation,
      clock_timestamp() + i.delay_ms * interval '1 ms'
    from unnest($1::text[], $2::uuid[], $3::int[], $4::text[], $5::int[], $6::bigint[])
      as i(tenant, run_id, shard, timer_id, generation, delay_ms)
    on conflict (tenant, run_id, timer_id) do update
      set generation = excluded.generation, due_at = excluded.due_at`,
);
