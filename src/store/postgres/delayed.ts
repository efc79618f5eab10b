/** Moves delayed messages that are due into their channels. */
import type { Answer, Asked } from '../port.ts';
import { wake, type TouchedChannel } from './tables/channel-writes.ts';
import type { Pool } from './link/pool.ts';
import {
  column,
  int,
  ints,
  rowStatement,
  runsIn,
  statement,
  type Fields,
} from './link/statement.ts';

/**
 * Read first, because the wake-ups must name the channels, and all calls of a transaction leave at
 * once.
 */
const dueDelayedStatement = statement(
  'delayed_due',
  [ints, int, int],
  `select tenant, delayed_id, channel from heddle.delayed_messages
    where shard = any($1::int[]) and due_at <= now()
    order by due_at, delayed_id limit $2::int offset $3::int`,
);

/**
 * Locks: the delayed rows, by age, skipping those that another replica moves; then their channels by
 * tenant and name, as every commit does.
 */
const releaseDelayedStatement = rowStatement<Due>(
  'delayed_release',
  [column.text((row) => row.tenant), column.bigint((row) => row.delayedId)],
  `with due as (
      select d.tenant, d.delayed_id
      from unnest($1::text[], $2::bigint[]) as i(tenant, delayed_id)
      join heddle.delayed_messages d on d.tenant = i.tenant and d.delayed_id = i.delayed_id
      order by d.due_at, d.delayed_id
      for update of d skip locked
    ), gone as (
      delete from heddle.delayed_messages d using due
      where d.tenant = due.tenant and d.delayed_id = due.delayed_id
      returning d.*
    ), placed as (
      select *, row_number() over (partition by tenant, channel order by due_at, delayed_id) as place,
        count(*) over (partition by tenant, channel) as many
      from gone
    ), channel as (
      insert into heddle.channels as c (tenant, channel, head)
      select tenant, channel, count(*) from gone group by tenant, channel order by tenant, channel
      on conflict (tenant, channel) do update set head = c.head + excluded.head
      returning tenant, channel, head
    )
    insert into heddle.messages (tenant, channel, seq, message_id, run_id, payload)
    select p.tenant, p.channel, c.head - p.many + p.place, p.message_id, p.run_id, p.payload
    from placed p join channel c on c.tenant = p.tenant and c.channel = p.channel`,
);

const nextDelayedStatement = statement(
  'delayed_next',
  [ints, int],
  `select ceil(extract(epoch from due_at - clock_timestamp()) * 1000)::text
    from heddle.delayed_messages where shard = any($1::int[])
    order by due_at, delayed_id limit 1 offset $2::int`,
);

type Due = { readonly tenant: string; readonly delayedId: string };
export async function releaseDelayed(
  pool: Pool,
  query: Asked<'releaseDelayed'>,
): Promise<Answer<'releaseDelayed'>> {
  const { shards, limit, skip = 0 } = query;
  const look = dueDelayedStatement(shards, limit, skip);
  const next = nextDelayedStatement(shards, skip);
  const before = await pool.read([look, next]);
  const due: Due[] = [];
  const channels = new Map<string, TouchedChannel>();
  for (const [tenant, delayedId, channel] of before.get(look) ?? []) {
    if (!tenant || !delayedId || !channel) continue;
    due.push({ tenant, delayedId });
    channels.set(`${tenant}\u0000${channel}`, { tenant, channel, messages: 0 });
  }
  if (due.length === 0) return { wakes: [], nextDueInMs: numberOf(before.get(next)) };
  const release = releaseDelayedStatement(due);
  const wakes = wake([...channels.values()], []);
  const results = await pool.read([release, wakes, next]);
  const woken = runsIn(results.get(wakes) ?? []);
  return { wakes: woken, nextDueInMs: numberOf(results.get(next)) };
}

function numberOf(rows: readonly Fields[] | undefined): number | null {
  const value = rows?.[0]?.[0] ?? null;
  return value === null ? null : Number(value);
}
