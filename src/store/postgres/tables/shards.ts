import { guard } from '../link/failure.ts';
import { hasOlderReplica, liveReplicas } from './replicas.ts';
import { int, ints, statement, uuid, type Call } from '../link/statement.ts';

/**
 * The fence (promise 6). Locks: the shards of this batch for share, in the order of their numbers,
 * after the commit's own row. A claim updates the shard's row, so it waits for commits that are under
 * way. Commits that come after it wait for the claim and then see its epoch.
 */
const fenceStatement = statement(
  'shards_fence',
  [int, uuid, ints, ints],
  `select heddle.refuse('${guard.fence}') from (
      select count(*) as n from (
        select 1 from heddle.shards s
        join unnest($3::int[], $4::int[]) as i(shard, epoch) on s.shard = i.shard
        where s.epoch = i.epoch and s.replica_id = $2::uuid
        order by s.shard
        for share of s
      ) held
    ) counted where n <> $1::int`,
);

export function fence(replicaId: string, epochs: readonly (readonly [number, number])[]): Call {
  const shards = epochs.map(([shard]) => shard);
  const at = epochs.map(([, epoch]) => epoch);
  return fenceStatement(epochs.length, replicaId, shards, at);
}

/**
 * Claims shards whose owner is not live (see replicas.ts) or that have none, up to this replica's fair
 * share. Returns those whose last owner had not given them back. Locks: the shards in the order of
 * their numbers, skipping those that are locked. So two replicas that claim at once share the shards.
 * If the old owner's commit is still under way on a shard, the next renewal takes it, and this one is
 * not held up until its lease is over.
 */
export const claimShards = statement(
  'shards_claim',
  [uuid],
  `with ${liveReplicas}, share as (
      select ceil(32.0 / greatest(1, count(*)))::int as n from live
    ), free as (
      select shard, replica_id is not null as orphaned from heddle.shards
      where replica_id is null
        or (replica_id <> $1::uuid and replica_id not in (select replica_id from live))
      order by shard
      limit greatest(0, (select n from share) - (
        select count(*) from heddle.shards where replica_id = $1::uuid))
      for no key update skip locked
    )
    update heddle.shards s set replica_id = $1::uuid, epoch = s.epoch + 1
    from free where s.shard = free.shard
    returning case when free.orphaned then s.shard end`,
);

/**
 * One row per shard held, or one with null if the replica holds none. Each row has the count of live
 * replicas, the milliseconds until the first of the others stops counting as live, and whether one of an
 * earlier release may be at work.
 */
export const heldShards = statement(
  'shards_held',
  [uuid],
  `with ${liveReplicas}
    select s.shard, s.epoch, count.n, count.next_end_ms, ${hasOlderReplica}
    from (
      select count(*) as n, ceil(extract(epoch from min(ends_at)
        filter (where replica_id <> $1::uuid) - clock_timestamp()) * 1000)::int as next_end_ms
      from live
    ) count
    left join heddle.shards s on s.replica_id = $1::uuid
    order by s.shard`,
);

/** Locks: the shards that are given back; waits for commits that hold them for share. */
export const releaseShards = statement(
  'shards_release',
  [uuid, ints],
  `update heddle.shards set replica_id = null
    where replica_id = $1::uuid and shard = any($2::int[])`,
);
