/** Statements that write subscriptions and, while they wait, a row for each of their channels. */
import type { SubscriptionEnd, SubscriptionInsert } from '../../batch.ts';
import type { RunAddress, SubscribedChannel } from '../../rows.ts';
import {
  column,
  paramsOf,
  rowStatement,
  runColumns,
  type Call,
  type Column,
} from '../link/statement.ts';

export type SubscriptionWrite = RunAddress & { readonly insert: SubscriptionInsert };

/**
 * A subscription with its waiters. Locks no row that another transaction waits for: the only writer is
 * the run's owner. It comes after the lock on the channels, so that a publisher sees either the row or
 * the lock.
 */
const insertSubscriptionsStatement = rowStatement<SubscriptionWrite>(
  'subscriptions_insert',
  [
    ...runColumns,
    column.text(({ insert }) => insert.subscriptionId),
    column.text(({ insert }) => insert.invocationId),
    column.text(({ insert }) => insert.status),
    column.text(({ insert }) => JSON.stringify(insert.delivered)),
    column.text(({ insert }) => arrayText(insert.channels.map((at) => at.channel))),
    column.text(({ insert }) => arrayText(insert.channels.map((at) => at.group ?? ''))),
  ],
  `with subscription as (
      insert into heddle.subscriptions (tenant, run_id, subscription_id, invocation_id, status,
        delivered, channels, consumer_groups)
      select i.tenant, i.run_id, i.subscription_id, i.invocation_id, i.status, i.delivered,
        i.channels::text[], i.consumer_groups::text[]
      from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[],
        $7::text[], $8::text[])
        as i(tenant, run_id, subscription_id, invocation_id, status, delivered, channels,
          consumer_groups)
      on conflict (tenant, subscription_id) do update set status = excluded.status,
        delivered = excluded.delivered, channels = excluded.channels,
        consumer_groups = excluded.consumer_groups
    )
    insert into heddle.subscription_channels (tenant, run_id, shard, subscription_id, channel,
      consumer_group, after)
    select * from unnest($9::text[], $10::uuid[], $11::int[], $12::text[], $13::text[], $14::text[],
      $15::bigint[])
    on conflict (tenant, channel, consumer_group, subscription_id) do update
      set after = excluded.after, waiting_since = excluded.waiting_since`,
);

/** A Postgres array as text: an array inside a set of rows cannot be sent in binary. */
function arrayText(values: readonly string[]): string {
  return `{${values.map((value) => `"${value.replace(/[\\"]/g, '\\$&')}"`).join(',')}}`;
}

export type Waiter = RunAddress & {
  readonly subscriptionId: string;
  readonly at: SubscribedChannel;
};

const waiterColumns: readonly Column<Waiter>[] = [
  ...runColumns,
  column.int((waiter) => waiter.shard),
  column.text((waiter) => waiter.subscriptionId),
  column.text((waiter) => waiter.at.channel),
  column.text((waiter) => waiter.at.group ?? ''),
  column.bigint((waiter) => waiter.at.after),
];

export function insertSubscriptions(
  rows: readonly SubscriptionWrite[],
  waiters: readonly Waiter[],
): Call {
  return insertSubscriptionsStatement(rows, ...paramsOf(waiterColumns, waiters));
}

export type SubscriptionEnding = { readonly tenant: string; readonly end: SubscriptionEnd };

/** Ends subscriptions and deletes their waiters' rows. Locks: as above. */
export const endSubscriptions = rowStatement<SubscriptionEnding>(
  'subscriptions_end',
  [
    column.text((row) => row.tenant),
    column.text((row) => row.end.subscriptionId),
    column.text((row) => row.end.status),
    column.text((row) => JSON.stringify(row.end.delivered)),
  ],
  `with ended as (
      update heddle.subscriptions s set status = i.status,
        delivered = case when s.delivered = '[]' then i.delivered when i.delivered = '[]'
          then s.delivered else (s.delivered::jsonb || i.delivered::jsonb)::text end
      from unnest($1::text[], $2::text[], $3::text[], $4::text[])
        as i(tenant, subscription_id, status, delivered)
      cross join lateral (
        select x.ctid as row from heddle.subscriptions x
        where x.tenant = i.tenant and x.subscription_id = i.subscription_id offset 0
      ) x
      where s.ctid = x.row
      returning s.tenant, s.subscription_id, s.channels, s.consumer_groups
    )
    delete from heddle.subscription_channels w
    using ended e cross join unnest(e.channels, e.consumer_groups) as c(channel, consumer_group)
    cross join lateral (
      select x.ctid as row from heddle.subscription_channels x
      where x.tenant = e.tenant and x.channel = c.channel
        and x.consumer_group = c.consumer_group and x.subscription_id = e.subscription_id offset 0
    ) x
    where w.ctid = x.row`,
);
