import { guard } from './failure.ts';
import { bigint, int, ints, uuid, type Call, statement } from './statement.ts';

/**
 * The fence (promise 6). Locks: the shards of this batch for share, in the order of their numbers,
 * after the commit's own row. A claim updates the row, so it waits for the commits that are under
 * way, and commits wait for it and then see its epoch.
 */
const fenceStatement = statement(
  'shards_fence',
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
  const params = [
    int(epochs.length),
    uuid(replicaId),
    ints(epochs.map(([shard]) => shard)),
    ints(epochs.map(([, epoch]) => epoch)),
  ];
  return { statement: fenceStatement, params };
}

/** Extends the lease; the shards are another statement's, so that no commit can hold this up. */
const renewLeaseStatement = statement(
  'replicas_renew',
  `insert into heddle.replicas (replica_id, lease_until)
    values ($1::uuid, clock_timestamp() + $2::bigint * interval '1 ms')
    on conflict (replica_id) do update set lease_until = excluded.lease_until`,
);

export function renewLease(replicaId: string, leaseMs: number): Call {
  return { statement: renewLeaseStatement, params: [uuid(replicaId), bigint(leaseMs)] };
}

/**
 * Claims shards that nobody with a running lease holds, up to this replica's fair share. Locks: the
 * shards in the order of their numbers, passing by those that are locked: two replicas that claim
 * at once share them, and a shard whose old owner's commit is still under way is taken by the next
 * renewal instead of holding this one up until its lease is over.
 */
const claimShardsStatement = statement(
  'shards_claim',
  `with live as (
      select replica_id from heddle.replicas where lease_until > clock_timestamp()
    ), share as (
      select ceil(32.0 / greatest(1, count(*)))::int as n from live
    ), free as (
      select shard from heddle.shards
      where replica_id is null
        or (replica_id <> $1::uuid and replica_id not in (select replica_id from live))
      order by shard
      limit greatest(0, (select n from share) - (
        select count(*) from heddle.shards where replica_id = $1::uuid))
      for no key update skip locked
    )
    update heddle.shards s set replica_id = $1::uuid, epoch = s.epoch + 1
    from free where s.shard = free.shard`,
);

export function claimShards(replicaId: string): Call {
  return { statement: claimShardsStatement, params: [uuid(replicaId)] };
}

/** One row per shard held, with the count of live replicas; one with null when it holds none. */
const heldShardsStatement = statement(
  'shards_held',
  `select s.shard, s.epoch, live.n
    from (select count(*) as n from heddle.replicas where lease_until > clock_timestamp()) live
    left join heddle.shards s on s.replica_id = $1::uuid
    order by s.shard`,
);

export function heldShards(replicaId: string): Call {
  return { statement: heldShardsStatement, params: [uuid(replicaId)] };
}

/** Locks: the shards that are given back; waits for commits that hold them for share. */
const releaseShardsStatement = statement(
  'shards_release',
  `update heddle.shards set replica_id = null
    where replica_id = $1::uuid and shard = any($2::int[])`,
);

export function releaseShards(replicaId: string, shards: readonly number[]): Call {
  return { statement: releaseShardsStatement, params: [uuid(replicaId), ints(shards)] };
}

const retireStatement = statement(
  'replicas_retire',
  `delete from heddle.replicas where replica_id = $1::uuid`,
);

export function retire(replicaId: string): Call {
  return { statement: retireStatement, params: [uuid(replicaId)] };
}
