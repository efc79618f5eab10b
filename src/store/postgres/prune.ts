/**
 * Housekeeping: deletes rows that have been over for long, in bounded batches, so that no table grows
 * for ever.
 */
import { smallRowsPruned, type Asked, type Pruned } from '../port.ts';
import { limits } from '../../domain/limits.ts';
import type { Pool } from './link/pool.ts';
import { bigint, int, statement, type Call } from './link/statement.ts';
import { pruneRequests } from './tables/requests.ts';

/**
 * Deletes ended runs with the rows that are theirs alone, and the messages that they took, unless a
 * group or a waiting run has not read that far yet. Evaluations stay, and so does memory that others
 * can reach. Locks: the runs in the order of their ends, skipping those that another replica prunes;
 * then channels.
 */
const pruneRunsStatement = statement(
  'prune_runs',
  [bigint, int],
  `with old as (
      select tenant, run_id, tags from heddle.runs
      where ended_at <= now() - $1::bigint * interval '1 ms'
      order by ended_at limit $2::int
      for update skip locked
    ), entries as (
      delete from heddle.journal j using old o where j.tenant = o.tenant and j.run_id = o.run_id
    ), states as (
      delete from heddle.checkpoints c using old o where c.tenant = o.tenant and c.run_id = o.run_id
    ), tries as (
      delete from heddle.attempts a using old o where a.tenant = o.tenant and a.run_id = o.run_id
    ), said as (
      delete from heddle.conversation_entries c using old o
      where c.tenant = o.tenant and c.run_id = o.run_id
    ), uses as (
      delete from heddle.run_images u using old o where u.tenant = o.tenant and u.run_id = o.run_id
    ), words as (
      delete from heddle.run_tags g using old o, unnest(o.tags) as t(tag)
      where g.tenant = o.tenant and g.tag = t.tag and g.run_id = o.run_id
    ), rows as (
      delete from heddle.inbox b using old o where b.tenant = o.tenant and b.run_id = o.run_id
    ), alarms as (
      delete from heddle.timers t using old o where t.tenant = o.tenant and t.run_id = o.run_id
    ), asked as (
      delete from heddle.questions q using old o where q.tenant = o.tenant and q.run_id = o.run_id
    ), keys as (
      delete from heddle.sent_keys k using old o where k.tenant = o.tenant and k.run_id = o.run_id
    ), own as (
      delete from heddle.memory_versions m using old o
      where m.tenant = o.tenant and m.scope = 'run' and m.owner = o.run_id::text
    ), budgets as (
      delete from heddle.budgets b using old o
      where b.tenant = o.tenant and b.scope = 'run' and b.owner = o.run_id::text
    ), ended as (
      delete from heddle.subscriptions s using old o
      where s.tenant = o.tenant and s.run_id = o.run_id
      returning s.tenant, s.subscription_id, s.channels, s.consumer_groups, s.delivered
    ), waiters as (
      delete from heddle.subscription_channels w
      using ended e cross join unnest(e.channels, e.consumer_groups) as c(channel, consumer_group)
      where w.tenant = e.tenant and w.channel = c.channel and w.consumer_group = c.consumer_group
        and w.subscription_id = e.subscription_id
    ), taken as (
      select distinct e.tenant, d.channel, d.seq from ended e
      cross join lateral json_to_recordset(e.delivered::json) as d(channel text, seq bigint)
    ), messages as (
      delete from heddle.messages m using taken t
      where m.tenant = t.tenant and m.channel = t.channel and m.seq = t.seq
        and m.published_at <= now() - $1::bigint * interval '1 ms'
        and not exists (
          select from heddle.consumer_groups g
          where g.tenant = m.tenant and g.channel = m.channel and g.cursor < m.seq)
        and not exists (
          select from heddle.deliveries d
          where d.tenant = m.tenant and d.channel = m.channel and d.seq = m.seq)
        and not exists (
          select from heddle.subscription_channels w
          where w.tenant = m.tenant and w.channel = m.channel and w.consumer_group = ''
            and w.after < m.seq)
      returning m.tenant, m.channel
    ), counted as (
      select tenant, channel, count(*) as n from messages group by tenant, channel
      order by tenant, channel
    ), channels as (
      update heddle.channels c set pruned = c.pruned + n from counted
      where c.tenant = counted.tenant and c.channel = counted.channel
    ), gone as (
      delete from heddle.runs r using old o where r.tenant = o.tenant and r.run_id = o.run_id
      returning 1
    )
    select count(*) from gone`,
);

/** A commit id is asked for again within minutes, never after a day. */
const pruneCommitsStatement = statement(
  'prune_commits',
  [int],
  `with gone as (
      delete from heddle.commits where commit_id in (
        select commit_id from heddle.commits where at < now() - interval '1 day' limit $1::int)
      returning 1
    )
    select count(*) from gone`,
);

/** Keys of sent events are kept for a day. */
const pruneKeysStatement = statement(
  'prune_keys',
  [int],
  `with gone as (
      delete from heddle.sent_keys where ctid = any(array(
        select ctid from heddle.sent_keys
        where sent_at < now() - ${limits.sendKeyMs} * interval '1 ms' limit $1::int))
      returning 1
    )
    select count(*) from gone`,
);

/**
 * Deletes images that no run uses and that were last stored, or put to use, that long ago. A use that a replica of
 * an earlier release has left, because it deletes runs without their uses, counts for nothing and goes with
 * its image. Locks: the images; one that is put to use meanwhile has another `stored_at`, and stays.
 */
const pruneImagesStatement = statement(
  'prune_images',
  [bigint, int],
  `with old as (
      select m.tenant, m.sha256 from heddle.images m
      where m.stored_at <= now() - greatest($1::bigint, ${limits.imageKeptMsMin}) * interval '1 ms'
        and not exists (
          select from heddle.run_images u join heddle.runs r using (tenant, run_id)
          where u.tenant = m.tenant and u.sha256 = m.sha256)
      order by m.stored_at limit $2::int
      for update of m skip locked
    ), uses as (
      delete from heddle.run_images u using old o where u.tenant = o.tenant and u.sha256 = o.sha256
    )
    delete from heddle.images m using old o where m.tenant = o.tenant and m.sha256 = o.sha256`,
);

/** Images of one round: each may be megabytes. */
const imagesMax = 100;

/**
 * Idle slots of replicas that have been gone for a day become one row per provider, without a replica,
 * which keeps their totals. Locks: the slots, then that row.
 */
const foldSlotsStatement = statement(
  'prune_slots',
  [],
  `with gone as (
      delete from heddle.provider_slots s
      where s.call is null and s.replica_id <> '00000000-0000-0000-0000-000000000000'
        and exists (
          select from heddle.replicas r
          where r.replica_id = s.replica_id and r.lease_until < now() - interval '1 day')
      returning s.*
    )
    insert into heddle.provider_slots as t (provider, replica_id, slot, status, calls, duplicates,
      rate_limited)
    select provider, '00000000-0000-0000-0000-000000000000'::uuid, 0, 'idle', sum(calls),
      sum(duplicates), sum(rate_limited)
    from gone group by provider order by provider
    on conflict (provider, replica_id, slot) do update set calls = t.calls + excluded.calls,
      duplicates = t.duplicates + excluded.duplicates,
      rate_limited = t.rate_limited + excluded.rate_limited`,
);

/** Deletes replicas that are gone, once no slot or shard names them. */
const pruneReplicasStatement = statement(
  'prune_replicas',
  [],
  `delete from heddle.replicas r
    where r.lease_until < now() - interval '1 day'
      and not exists (select from heddle.provider_slots s where s.replica_id = r.replica_id)
      and not exists (select from heddle.shards s where s.replica_id = r.replica_id)`,
);

/** Each statement is a transaction of its own, so that none holds its locks during the others. */
export async function prune(pool: Pool, { olderThanMs, limit }: Asked<'prune'>): Promise<Pruned> {
  const count = async (call: Call): Promise<number> => Number((await pool.rows(call))[0]?.[0] ?? 0);
  let runs = 0;
  if (olderThanMs !== null) {
    runs = await count(pruneRunsStatement(olderThanMs, limit));
    await pool.read([pruneImagesStatement(olderThanMs, Math.min(limit, imagesMax))]);
  }
  const most = limit * smallRowsPruned;
  const commits = await count(pruneCommitsStatement(most));
  const keys = await count(pruneKeysStatement(most));
  const requests = await count(pruneRequests(most));
  await pool.read([foldSlotsStatement()]);
  await pool.read([pruneReplicasStatement()]);
  return { runs, isMore: runs >= limit || Math.max(commits, keys, requests) >= most };
}
