/**
 * Ownership: which replica holds which shard, at which epoch, until when. It owns the shard and
 * replica rows; every commit asks `holds` (promise 6).
 *
 * Invariants:
 * 1. A shard's epoch rises with every claim and with nothing else.
 * 2. A lease that has ended takes nothing away by itself: the owner holds its shards until another
 *    claims them.
 */
import { shardCount, type ReplicaId } from '../../domain/ids.ts';
import type { Renewal } from '../port.ts';
import type { Database, StoredShard } from './database.ts';

/** True when this replica holds the shard at this epoch. */
export function holds(
  db: Database,
  shard: number,
  replicaId: ReplicaId,
  epoch: number | undefined,
): boolean {
  const row = db.tables.shards.get(String(shard));
  return row !== undefined && row.owner === replicaId && row.epoch === epoch;
}

export function renew(
  db: Database,
  replica: { readonly replicaId: ReplicaId; readonly leaseMs: number },
): Renewal {
  const { replicaId, leaseMs } = replica;
  db.tables.replicas.put({ replicaId, untilMs: db.now() + leaseMs });
  const live = new Set(
    db.tables.replicas
      .all()
      .filter((row) => row.untilMs > db.now())
      .map((row) => row.replicaId),
  );
  const share = Math.ceil(shardCount / Math.max(1, live.size));
  const shards = shardsInOrder(db);
  const held = shards.filter((row) => row.owner === replicaId);
  const free = shards.filter((row) => row.owner === null || !live.has(row.owner));
  const claimed = free
    .filter((row) => row.owner !== replicaId)
    .slice(0, Math.max(0, share - held.length))
    .map((row) => ({ ...row, epoch: row.epoch + 1, owner: replicaId }));
  for (const row of claimed) db.tables.shards.put(row);
  const mine = [...held, ...claimed].sort((a, b) => a.shard - b.shard);
  return {
    shards: mine.map(({ shard, epoch }) => ({ shard, epoch })),
    liveReplicas: live.size,
    surplus: mine.slice(share).map((row) => row.shard),
  };
}

export function release(
  db: Database,
  replica: {
    readonly replicaId: ReplicaId;
    readonly shards: readonly number[];
    readonly retire: boolean;
  },
): void {
  for (const shard of replica.shards) {
    const row = db.tables.shards.get(String(shard));
    if (row?.owner === replica.replicaId) db.tables.shards.put({ ...row, owner: null });
  }
  if (replica.retire) db.tables.replicas.remove(replica.replicaId);
}

function shardsInOrder(db: Database): StoredShard[] {
  return db.tables.shards.all().sort((a, b) => a.shard - b.shard);
}
