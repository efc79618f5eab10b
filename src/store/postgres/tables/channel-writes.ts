/** Statements that write channels, messages and the groups' cursors. */
import type { GroupCursorMove, MessageInsert } from '../../batch.ts';
import type { ChannelAddress } from '../../rows.ts';
import { guard } from '../link/failure.ts';
import { guarded } from '../link/guarded.ts';
import {
  column,
  countedStatement,
  paramsOf,
  rowStatement,
  within,
  type Call,
  type Column,
} from '../link/statement.ts';

export type CursorMove = GroupCursorMove & { readonly tenant: string };

const groupColumns: readonly Column<CursorMove>[] = [
  column.text((move) => move.tenant),
  column.text((move) => move.channel),
  column.text((move) => move.group),
];
const to: Column<CursorMove> = column.bigint((move) => move.to);

/**
 * Compare and set: a message that one member of a group has taken is taken by no other member (promise
 * 2). Locks: the groups' rows in the order of the batch, which is sorted, after the memory entries.
 */
export const moveCursors = countedStatement<CursorMove>(
  'cursors_move',
  [...groupColumns, column.bigint((move) => move.from), to],
  guarded(
    guard.cursor,
    `update heddle.consumer_groups g set cursor = i.moved
    from unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[])
      as i(tenant, channel, consumer_group, expected, moved)
    cross join lateral (
      select x.ctid as row from heddle.consumer_groups x
      where x.tenant = i.tenant and x.channel = i.channel and x.consumer_group = i.consumer_group
      offset 0
    ) x
    where g.ctid = x.row and g.channel = i.channel and g.cursor = i.expected`,
  ),
);

/** The first move of a group's cursor. Locks: as `moveCursors`. */
export const createCursors = countedStatement<CursorMove>(
  'cursors_create',
  [...groupColumns, to],
  guarded(
    guard.cursor,
    `insert into heddle.consumer_groups (tenant, channel, consumer_group, cursor)
    select * from unnest($2::text[], $3::text[], $4::text[], $5::bigint[])
    on conflict do nothing`,
  ),
);

/** A group's first registration: creates its cursor, unless it has one. Locks: as `moveCursors`. */
export const registerGroups = rowStatement<CursorMove>(
  'cursors_register',
  [...groupColumns, to],
  `insert into heddle.consumer_groups (tenant, channel, consumer_group, cursor)
    select * from unnest($1::text[], $2::text[], $3::text[], $4::bigint[])
    on conflict do nothing`,
);

/**
 * `messages`: how many messages this batch adds. It is 0 if the batch only registers a subscription or
 * moves a cursor there.
 */
export type TouchedChannel = ChannelAddress & { messages: number };
export type EndedSubscription = { readonly tenant: string; readonly subscriptionId: string };

const endedColumns: readonly Column<EndedSubscription>[] = [
  column.text((row) => row.tenant),
  column.text((row) => row.subscriptionId),
];
const touchedColumns: readonly Column<TouchedChannel>[] = [
  column.text((row) => row.tenant),
  column.text((row) => row.channel),
];

/** The channels of subscriptions that this batch ends, where a group may have to wake another member. */
const leftGroups = (first: number): string => `
    select s.tenant, c.channel
    from unnest($${first}::text[], $${first + 1}::text[]) as e(tenant, subscription_id)
    cross join lateral (
      select s.tenant, s.channels, s.consumer_groups from heddle.subscriptions s
      where s.tenant = e.tenant and s.subscription_id = e.subscription_id offset 0
    ) s
    cross join unnest(s.channels, s.consumer_groups) as c(channel, consumer_group)
    where c.consumer_group <> ''`;

/**
 * Locks: the channels by tenant and name, after the groups' cursors. This is the one place where
 * publishers and subscribers of a channel meet: each sees the writes of the one that locked the row
 * before it, so no wake-up is lost (promise 2). The number of a message comes from this row, in this
 * transaction, so numbers are dense and in the order of the commits.
 */
const touchChannelsStatement = rowStatement<TouchedChannel>(
  'channels_touch',
  [...touchedColumns, column.int((row) => row.messages)],
  `insert into heddle.channels as c (tenant, channel, head)
    select t.tenant, t.channel, sum(t.messages) from (
      select * from unnest($1::text[], $2::text[], $3::int[]) as i(tenant, channel, messages)
      union all
      select g.tenant, g.channel, 0 from (${leftGroups(4)}) g
    ) t
    group by t.tenant, t.channel
    order by t.tenant, t.channel
    on conflict (tenant, channel) do update set head = c.head + excluded.head`,
);

export function touchChannels(
  rows: readonly TouchedChannel[],
  ended: readonly EndedSubscription[],
): Call {
  return touchChannelsStatement(rows, ...paramsOf(endedColumns, ended));
}

/** `back`: how many messages of this batch come after this one in its channel. */
export type NumberedMessage = { readonly insert: MessageInsert; back: number };

const messageColumns: readonly Column<MessageInsert>[] = [
  column.text((row) => row.tenant),
  column.text((row) => row.channel),
  column.text((row) => row.messageId),
  column.text((row) => row.runId),
  column.text((row) => row.payloadText),
];

/** Locks no row that another transaction waits for: the channels' rows are locked already. */
export const insertMessages = rowStatement<NumberedMessage>(
  'messages_insert',
  [
    ...within(({ insert }: NumberedMessage) => insert, messageColumns),
    column.int((row) => row.back),
  ],
  `insert into heddle.messages (tenant, channel, seq, message_id, run_id, payload)
    select i.tenant, i.channel, c.head - i.back, i.message_id, i.run_id, i.payload
    from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[])
      as i(tenant, channel, message_id, run_id, payload, back)
    cross join lateral (
      select c.head from heddle.channels c
      where c.tenant = i.tenant and c.channel = i.channel offset 0
    ) c`,
);

export const delayMessages = rowStatement<MessageInsert>(
  'messages_delay',
  [...messageColumns, column.int((row) => row.shard), column.bigint((row) => row.delayMs)],
  `insert into heddle.delayed_messages (tenant, channel, message_id, run_id, payload, shard,
      due_at)
    select i.tenant, i.channel, i.message_id, i.run_id, i.payload, i.shard,
      clock_timestamp() + i.delay_ms * interval '1 ms'
    from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::bigint[])
      as i(tenant, channel, message_id, run_id, payload, shard, delay_ms)`,
);

/**
 * Wakes runs that wait below the head of a channel that this batch has touched: every run that
 * receives without a group, and of each group as many members as there are messages above its cursor,
 * beginning with the member that has waited longest. Members that are awake already count. Locks: the
 * new inbox rows, by run, last of all but the slots.
 */
const wakeStatement = rowStatement<TouchedChannel>(
  'wake',
  touchedColumns,
  `with touched as (
      select * from unnest($1::text[], $2::text[]) as i(tenant, channel)
      union
      ${leftGroups(3)}
    ), waiter as (
      select s.tenant, s.channel, s.consumer_group, s.run_id, s.shard, s.subscription_id,
        s.waiting_since, c.head - coalesce(g.cursor, 0) as unread,
        s.consumer_group <> '' and coalesce((
          select true from heddle.inbox b
          where b.tenant = s.tenant and b.run_id = s.run_id
            and b.key = '=messages:' || s.subscription_id limit 1), false) as awake
      from touched t
      cross join lateral (
        select c.head from heddle.channels c
        where c.tenant = t.tenant and c.channel = t.channel offset 0
      ) c
      cross join lateral (
        select * from heddle.subscription_channels s
        where s.tenant = t.tenant and s.channel = t.channel offset 0
      ) s
      left join lateral (
        select g.cursor from heddle.consumer_groups g
        where s.consumer_group <> '' and g.tenant = s.tenant and g.channel = s.channel
          and g.consumer_group = s.consumer_group offset 0
      ) g on true
      where c.head > case when s.consumer_group = '' then s.after else coalesce(g.cursor, 0) end
    ), placed as (
      select *,
        count(*) filter (where awake) over (partition by tenant, channel, consumer_group) as up,
        row_number() over (partition by tenant, channel, consumer_group, awake
          order by waiting_since, subscription_id) as place
      from waiter
    )
    insert into heddle.inbox (tenant, run_id, shard, kind, ref, key)
    select tenant, run_id, shard, 'messages', subscription_id, '=messages:' || subscription_id
    from placed where consumer_group = '' or (not awake and place <= unread - up)
    order by tenant, run_id, subscription_id
    on conflict do nothing
    returning tenant, run_id, shard`,
);

export function wake(rows: readonly TouchedChannel[], ended: readonly EndedSubscription[]): Call {
  return wakeStatement(rows, ...paramsOf(endedColumns, ended));
}
