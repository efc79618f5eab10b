/** All replicas with their shards, for an operator. It takes no locks. */
import { asReplicaId } from '../../../domain/ids.ts';
import type { Answer, Asked } from '../../port.ts';
import { replicasMax } from '../../ports/operations-port.ts';
import type { Pool } from '../link/pool.ts';
import { int, statement, uuid } from '../link/statement.ts';
import { liveReplicas } from './replicas.ts';

const replicasStatement = statement(
  'replicas_list',
  [uuid, int],
  `with ${liveReplicas}
    select r.replica_id, r.address, r.release,
      (live.replica_id is not null and live.ends_at > clock_timestamp()) as is_live,
      ceil(extract(epoch from clock_timestamp() - r.renewed_at) * 1000)::text,
      (select coalesce(json_agg(s.shard order by s.shard), '[]') from heddle.shards s
        where s.replica_id = r.replica_id)
    from heddle.replicas r
    left join live on live.replica_id = r.replica_id
    order by is_live desc, r.renewed_at desc, r.replica_id limit $2::int`,
);

const freeShardsStatement = statement(
  'shards_free',
  [uuid],
  `with ${liveReplicas}
    select shard from heddle.shards
    where replica_id is null
      or replica_id not in (select replica_id from live where ends_at > clock_timestamp())
    order by shard`,
);

export async function readReplicas(
  pool: Pool,
  replicaId: Asked<'replicas'>,
): Promise<Answer<'replicas'>> {
  const all = replicasStatement(replicaId, replicasMax);
  const free = freeShardsStatement(replicaId);
  const results = await pool.read([all, free]);
  return {
    replicas: (results.get(all) ?? []).map(([id, address, release, isLive, ago, shards]) => ({
      replicaId: asReplicaId(id ?? ''),
      address: address ?? null,
      release: release ? Number(release) : null,
      isLive: isLive === 't',
      heartbeatAgoMs: Math.max(0, Number(ago)),
      shards: JSON.parse(shards ?? '[]') as number[],
    })),
    shardsWithoutOwner: (results.get(free) ?? []).map(([shard]) => Number(shard)),
  };
}
