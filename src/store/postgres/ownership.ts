/** The heartbeat, giving shards back, and who else holds which. */
import { asReplicaId, shardCount } from '../../domain/ids.ts';
import type { Asked, Answer, ShardGrant } from '../port.ts';
import type { Peer } from '../watch-port.ts';
import { notifyOwnership } from './link/listen.ts';
import type { Pool } from './link/pool.ts';
import { peersStatement, relaySecretStatement, renewLease, retire } from './tables/replicas.ts';
import { claimShards, heldShards, releaseShards } from './tables/shards.ts';

/**
 * Three transactions in three round trips, not one: the lease is extended even if the claim fails, and
 * the claim sees replicas whose lease has only just ended.
 */
export async function renew(
  pool: Pool,
  { replicaId, leaseMs, address = null, lines = {} }: Asked<'renew'>,
): Promise<Answer<'renew'>> {
  await pool.read([renewLease(replicaId, leaseMs, address, JSON.stringify(lines))]);
  const held = heldShards(replicaId);
  const claim = claimShards(replicaId);
  const claimed = await pool.rows(claim);
  const orphans = new Set(claimed.map(([shard]) => shard));
  const rows = await pool.rows(held);
  const liveReplicas = Number(rows[0]?.[2] ?? 1);
  const nextEndMs = rows[0]?.[3] ?? null;
  const shards = rows.flatMap(([shard, epoch]) =>
    shard ? [grant(Number(shard), Number(epoch), orphans.has(shard))] : [],
  );
  const share = Math.ceil(shardCount / Math.max(1, liveReplicas));
  return {
    shards,
    liveReplicas,
    hasOlder: rows[0]?.[4] !== 'f',
    surplus: shards.slice(share).map(({ shard }) => shard),
    nextEndInMs: nextEndMs === null ? null : Math.max(Number(nextEndMs), 0),
  };
}

function grant(shard: number, epoch: number, orphaned: boolean): ShardGrant {
  return orphaned ? { shard, epoch, orphaned } : { shard, epoch };
}

export async function release(pool: Pool, replica: Asked<'release'>): Promise<void> {
  const { replicaId, shards } = replica;
  const calls = [releaseShards(replicaId, shards)];
  if (replica.retire) calls.push(retire(replicaId));
  // Part of the same transaction, because a release is rare, and a replica must not beat before it can
  // see the released shards.
  calls.push(notifyOwnership());
  await pool.read(calls);
}

export async function peersOf(pool: Pool, replicaId: Asked<'peers'>): Promise<Answer<'peers'>> {
  const live = peersStatement(replicaId);
  const secret = relaySecretStatement();
  const results = await pool.read([live, secret]);
  const peers = new Map<string, Peer & { readonly shards: number[] }>();
  for (const [id, address, shard] of results.get(live) ?? []) {
    const replica = asReplicaId(id ?? '');
    const peer = peers.get(replica) ?? { replicaId: replica, address: address ?? null, shards: [] };
    if (shard) peer.shards.push(Number(shard));
    peers.set(replica, peer);
  }
  const [text, atMs] = results.get(secret)?.[0] ?? [];
  return { peers: [...peers.values()], secret: text ?? '', atMs: Number(atMs) };
}
