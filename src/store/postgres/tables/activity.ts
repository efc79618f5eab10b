/**
 * What was going on: counted and written by one statement, in the transaction that sees that the writer holds shard 0.
 *
 * 1. A step has one row, whoever writes it: its time is the key, and the database's clock gives the time.
 * 2. The cost is that of the open runs, of which `openMax` are counted, and not of those that have ended. They are found
 *    shard by shard: asked for all at once, Postgres takes the index of ended runs, which leads it through the whole table.
 */
import { shardCount } from '../../../domain/ids.ts';
import {
  activityBounds,
  type ActivityCounts,
  type StatusCounts,
} from '../../ports/operations-port.ts';
import type { Answer, Asked } from '../../port.ts';
import type { Pool } from '../link/pool.ts';
import { bigint, int, statement, uuid } from '../link/statement.ts';

const { openMax, usersMax, gatesMax, kept } = activityBounds;
const [fine, coarse] = kept;
const stepStart = (instant: string, stepMs: number): string =>
  `date_bin(interval '${stepMs} ms', ${instant}, timestamptz 'epoch')`;
const pruned = kept.map(
  ({ stepMs, keptMs }, i) => `pruned_${i} as (
      delete from heddle.activity a using due
      where a.step_s = ${stepMs / 1_000} and a.at < due.at - interval '${keptMs} ms'
    )`,
);

const noteStatement = statement(
  'activity_note',
  [uuid, int],
  `with due as materialized (
      select step.at from (select ${stepStart('clock_timestamp()', fine.stepMs)} as at) step
      where exists (select from heddle.shards
          where shard = 0 and replica_id = $1::uuid and epoch = $2::int)
        and not exists (select from heddle.activity a
          where a.step_s = ${fine.stepMs / 1_000} and a.at = step.at)
    ), counted as materialized (
      select tenant, user_name, status, count(*) as n
      from (
        select r.tenant, r.user_name, r.status
        from generate_series(0, case when exists (select from due) then ${shardCount - 1} else -1 end)
          as i(shard)
        cross join lateral (
          select r.tenant, r.user_name, r.status from heddle.runs r
          where r.ended_at is null and r.shard = i.shard offset 0
        ) r
        limit ${openMax + 1}
      ) open group by tenant, user_name, status
    ), ranked as materialized (
      select tenant, user_name,
        row_number() over (order by sum(n) desc, tenant, user_name) as place
      from counted group by tenant, user_name
    ), written as (
      insert into heddle.activity (at, step_s, counts)
      select steps.at, steps.step_s, json_build_object(
        'statuses', (select coalesce(json_object_agg(status, n order by status), '{}')
          from (select status, sum(n) as n from counted group by status) s),
        'inSlots', (select count(*) from heddle.provider_slots where call_shard is not null),
        'isWhole', (select coalesce(sum(n), 0) <= ${openMax} from counted),
        'gates', (select coalesce(json_agg(json_build_object('gate', p.gate, 'status', p.status,
            'limit', p.call_limit, 'ceiling', p.ceiling, 'inUse', (
              select count(*) from heddle.provider_slots s
              where s.provider = p.gate and s.call_shard is not null)) order by p.gate), '[]')
          from (select * from heddle.providers order by gate limit ${gatesMax}) p),
        'users', (select coalesce(json_agg(json_build_object('tenant', u.tenant,
            'user', u.user_name, 'statuses', u.statuses) order by u.place), '[]')
          from (
            select r.place, r.tenant, r.user_name, json_object_agg(c.status, c.n order by c.status)
              as statuses
            from ranked r
            join counted c on c.tenant = r.tenant and c.user_name = r.user_name
            where r.place <= ${usersMax} group by r.place, r.tenant, r.user_name
          ) u),
        'rest', json_build_object(
          'users', (select count(*) from ranked where place > ${usersMax}),
          'statuses', (select coalesce(json_object_agg(status, n order by status), '{}')
            from (
              select c.status, sum(c.n) as n from ranked r
              join counted c on c.tenant = r.tenant and c.user_name = r.user_name
              where r.place > ${usersMax} group by c.status
            ) s)))::text
      from due
      cross join lateral (values (due.at, ${fine.stepMs / 1_000}),
        (${stepStart('due.at', coarse.stepMs)}, ${coarse.stepMs / 1_000})) steps(at, step_s)
      on conflict do nothing returning counts
    ), ${pruned.join(', ')}
    select (select (counts::json -> 'statuses')::text from written limit 1),
      ceil(extract(epoch from ${stepStart('clock_timestamp()', fine.stepMs)}
        + interval '${fine.stepMs} ms' - clock_timestamp()) * 1000)::text`,
);

export async function noteActivity(
  pool: Pool,
  { replicaId, epoch }: Asked<'noteActivity'>,
): Promise<Answer<'noteActivity'>> {
  const [row = []] = await pool.rows(noteStatement(replicaId, epoch));
  const [statuses, nextIn] = row;
  const counted = JSON.parse(statuses ?? 'null') as StatusCounts | null;
  return { counted, nextInMs: Math.max(1, Number(nextIn)) };
}

/** A range of the key. */
const historyStatement = statement(
  'activity_history',
  [int, bigint, bigint, bigint, int],
  `select distinct on (step) (extract(epoch from a.at) * 1000)::bigint::text, a.counts,
      floor(extract(epoch from a.at) * 1000 / $4::bigint) as step
    from heddle.activity a
    where a.step_s = $1::int
      and a.at >= timestamptz 'epoch' + $2::bigint * interval '1 ms'
      and a.at < timestamptz 'epoch' + $3::bigint * interval '1 ms'
    order by step, a.at limit $5::int`,
);

export async function activityHistory(
  pool: Pool,
  { fromMs, toMs, keptStepMs, stepMs, limit }: Asked<'activityHistory'>,
): Promise<Answer<'activityHistory'>> {
  const rows = await pool.rows(historyStatement(keptStepMs / 1_000, fromMs, toMs, stepMs, limit));
  return rows.map(([at, counts]) => {
    return { atMs: Number(at), ...(JSON.parse(counts ?? '{}') as ActivityCounts) };
  });
}
