/**
 * Ownership: which replica holds which shard, at which epoch, until when. It owns the shard and replica
 * rows; every commit asks `holds` (promise 6).
 *
 * Invariants:
 * 1. A shard's epoch rises with every claim and with nothing else.
 * 2. A lease that has ended takes no shard away: the owner holds its shards until another replica claims
 *    them.
 */
import { shardCount, type ReplicaId } from '../../domain/ids.ts';
import { replicasMax } from '../ports/operations-port.ts';
import type { Asked, Answer } from '../port.ts';
import type { Database } from './database.ts';
import type { StoredReplica, StoredShard } from './stored-rows.ts';
import { own } from './table.ts';

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

export function renew(db: Database, replica: Asked<'renew'>): Answer<'renew'> {
  const { replicaId, leaseMs, address = null, lines = {} } = replica;
  beat(db, replicaId, { leaseMs, address, lines });
  const live = liveReplicas(db, replicaId);
  const share = Math.ceil(shardCount / live.size);
  const shards = shardsInOrder(db);
  const held = shards.filter((row) => row.owner === replicaId);
  const free = shards.filter((row) => row.owner === null || !live.has(row.owner));
  const claimed = free
    .filter((row) => row.owner !== replicaId)
    .slice(0, Math.max(0, share - held.length))
    .map((row) => ({ ...row, epoch: row.epoch + 1, owner: replicaId }));
  for (const row of claimed) db.tables.shards.put(row);
  const orphans = new Set(free.flatMap(({ shard, owner }) => (owner === null ? [] : [shard])));
  const isOrphaned = (shard: number): boolean =>
    orphans.has(shard) && claimed.some((row) => row.shard === shard);
  const mine = [...held, ...claimed].sort((a, b) => a.shard - b.shard);
  const ends = [...live].filter(([id]) => id !== replicaId).map(([, endsAtMs]) => endsAtMs);
  return {
    shards: mine.map(({ shard, epoch }) =>
      isOrphaned(shard) ? { shard, epoch, orphaned: true } : { shard, epoch },
    ),
    liveReplicas: live.size,
    // All replicas of a store in memory are of this process.
    hasOlder: false,
    surplus: mine.slice(share).map((row) => row.shard),
    nextEndInMs: ends.length === 0 ? null : Math.ceil(Math.min(...ends) - db.now()),
  };
}

function beat(
  db: Database,
  replicaId: ReplicaId,
  { leaseMs, ...told }: Pick<StoredReplica, 'address' | 'lines'> & { readonly leaseMs: number },
): void {
  const nowMs = db.now();
  const before = db.tables.replicas.get(replicaId);
  const owns = db.tables.shards.all().some((row) => row.owner === replicaId);
  const isNewSession = before === undefined || before.sessionGone;
  db.tables.replicas.put({
    replicaId,
    renewedAtMs: nowMs,
    untilMs: nowMs + leaseMs,
    reconnectedAtMs: isNewSession ? (owns ? nowMs : null) : before.reconnectedAtMs,
    sessionGone: false,
    ...own(told),
  });
}

/**
 * By replica: when it stops counting as live unless it beats again. That is when its lease ends or, if
 * its session is gone, after a third of the lease. An owner whose own session was replaced grants the
 * other replicas that third from then on, because the same cause may have ended their sessions.
 */
function liveReplicas(db: Database, replicaId: ReplicaId): Map<ReplicaId, number> {
  const since = db.tables.replicas.get(replicaId)?.reconnectedAtMs ?? 0;
  const live = new Map<ReplicaId, number>();
  for (const row of db.tables.replicas.all()) {
    const { renewedAtMs, untilMs } = row;
    const graceEndMs = Math.max(renewedAtMs, since) + (untilMs - renewedAtMs) / 3;
    const endsAtMs = row.sessionGone ? Math.min(untilMs, graceEndMs) : untilMs;
    if (row.replicaId === replicaId || endsAtMs > db.now()) live.set(row.replicaId, endsAtMs);
  }
  return live;
}

export function peersOf(db: Database, replicaId: ReplicaId): Answer<'peers'> {
  const shards = shardsInOrder(db);
  const live = [...liveReplicas(db, replicaId)].filter(([, endsAtMs]) => endsAtMs > db.now());
  const ids = live.map(([id]) => id).sort();
  const peers = ids.map((id) => ({
    replicaId: id,
    address: db.tables.replicas.get(id)?.address ?? null,
    shards: shards.filter(({ owner }) => owner === id).map(({ shard }) => shard),
  }));
  return { peers, secret: 'the secret of the twin, which no socket serves', atMs: db.now() };
}

export function replicasOf(db: Database, replicaId: ReplicaId): Answer<'replicas'> {
  const nowMs = db.now();
  const shards = shardsInOrder(db);
  const live = liveReplicas(db, replicaId);
  const isLive = (id: ReplicaId): boolean => (live.get(id) ?? nowMs) > nowMs;
  const rows = db.tables.replicas.all().sort((a, b) => {
    const byLife = Number(isLive(b.replicaId)) - Number(isLive(a.replicaId));
    return byLife || b.renewedAtMs - a.renewedAtMs || (a.replicaId < b.replicaId ? -1 : 1);
  });
  return {
    replicas: rows.slice(0, replicasMax).map((row) => ({
      replicaId: row.replicaId,
      address: row.address,
      release: 1,
      isLive: isLive(row.replicaId),
      heartbeatAgoMs: Math.max(0, Math.ceil(nowMs - row.renewedAtMs)),
      shards: shards.filter(({ owner }) => owner === row.replicaId).map(({ shard }) => shard),
    })),
    shardsWithoutOwner: shards
      .filter(({ owner }) => owner === null || !isLive(owner))
      .map(({ shard }) => shard),
  };
}

export function endSession(db: Database, replicaId: ReplicaId): void {
  const row = db.tables.replicas.get(replicaId);
  if (row !== undefined) db.tables.replicas.put({ ...row, sessionGone: true });
}

export function endAllSessions(db: Database): void {
  for (const { replicaId } of db.tables.replicas.all()) endSession(db, replicaId);
}

export function release(db: Database, replica: Asked<'release'>): void {
  for (const shard of replica.shards) {
    const row = db.tables.shards.get(String(shard));
    if (row?.owner === replica.replicaId) db.tables.shards.put({ ...row, owner: null });
  }
  if (replica.retire) db.tables.replicas.remove(replica.replicaId);
}

function shardsInOrder(db: Database): StoredShard[] {
  return db.tables.shards.all().sort((a, b) => a.shard - b.shard);
}
