/**
 * Replicas, and until when each counts as live. The lease decides that in the end. The Postgres
 * session over which a replica's heartbeats come decides it sooner: a killed process loses its session
 * at once, and a frozen one keeps it.
 *
 * Invariants:
 * 1. No owner loses its shards before its lease has ended, unless its session is gone and a third of
 *    the lease has passed since its last heartbeat. Heartbeats come twice in that time, so a live
 *    owner is safe even if its session cannot be seen.
 * 2. If the session cannot be judged, only the lease counts: behind a pooler the session lives on, on
 *    another server it is not looked for, and for another role's session Postgres does not say when it
 *    began.
 *
 * Safety does not depend on this file: an owner that is taken for dead by mistake is fenced (promise
 * 6).
 */
import { bigint, statement, text, uuid } from '../link/statement.ts';

const inMicroseconds = (instant: string): string =>
  `(extract(epoch from ${instant}) * 1000000)::bigint`;

const serverBegan = inMicroseconds('pg_postmaster_start_time()');

/** Grows when a replica writes what earlier releases cannot read. Replicas of before have none. */
const release = 1;

/**
 * True while a replica of before may be at work. A heartbeat of it that came within its lease may commit
 * later than that, but not by as much as this.
 */
export const hasOlderReplica = `exists (select from heddle.replicas
      where release is null and lease_until > clock_timestamp() - interval '1 minute')`;

/**
 * Extends the lease and notes the session. Claiming is a statement of its own, so that no commit can
 * hold this one up. `reconnected_at` is set by an owner whose session is not the one before. A session
 * is a pid and the instant of its beginning, because pids are used again.
 */
export const renewLease = statement(
  'replicas_renew',
  [uuid, bigint, text, text],
  `insert into heddle.replicas as r (replica_id, renewed_at, lease_until, reconnected_at,
      server_began_us, session_began_us, session_pid, release, address, lines)
    select $1::uuid, beat.at, beat.at + $2::bigint * interval '1 ms',
      case when exists (select from heddle.shards where replica_id = $1::uuid) then beat.at end,
      ${serverBegan}, ${inMicroseconds('session.backend_start')}, session.pid, ${release}, $3::text,
      $4::text
    from (select clock_timestamp() as at) beat
    left join pg_stat_get_activity(pg_backend_pid()) session on true
    on conflict (replica_id) do update set renewed_at = excluded.renewed_at,
      lease_until = excluded.lease_until, server_began_us = excluded.server_began_us,
      session_began_us = excluded.session_began_us, session_pid = excluded.session_pid,
      release = excluded.release, address = excluded.address, lines = excluded.lines,
      reconnected_at = case when r.session_pid = excluded.session_pid
        and r.session_began_us = excluded.session_began_us
        then r.reconnected_at else excluded.reconnected_at end`,
);

/**
 * Common table expressions, with `$1` the replica that asks: `live` holds the live replicas, with the
 * instant at which each stops counting if no further heartbeat comes.
 *
 * An outage of the server or the network ends all sessions, and must not be taken for the death of
 * their processes. After a restart of the server the grace time counts from the restart. An owner that
 * has lost its own session grants the others the same time to come back. A replica that held no shard
 * at that moment grants none: otherwise a process that is started again after a crash would wait for
 * its own old lease.
 */
export const liveReplicas = `sight as (
      select r.replica_id, r.renewed_at, r.lease_until,
        r.server_began_us < ${serverBegan} as restarted,
        r.server_began_us = ${serverBegan} and not exists (
          select from pg_stat_get_activity(r.session_pid) session
          where session.backend_start is null
            or ${inMicroseconds('session.backend_start')} = r.session_began_us) as gone
      from heddle.replicas r where r.lease_until > clock_timestamp()
    ), live as (
      select replica_id, ends_at from (
        select replica_id, case when restarted or gone then least(lease_until, greatest(renewed_at,
            case when restarted then pg_postmaster_start_time() end,
            (select reconnected_at from heddle.replicas where replica_id = $1::uuid))
            + (lease_until - renewed_at) / 3)
          else lease_until end as ends_at
        from sight) s
      where replica_id = $1::uuid or ends_at > clock_timestamp()
    )`;

/** Live replicas, where each is reached, and a row for each shard that it holds. */
export const peersStatement = statement(
  'replicas_peers',
  [uuid],
  `with ${liveReplicas}
    select r.replica_id, r.address, s.shard
    from live
    join heddle.replicas r on r.replica_id = live.replica_id
    left join heddle.shards s on s.replica_id = live.replica_id
    order by r.replica_id, s.shard`,
);

/** With the time, which the replicas share as they share the secret. */
export const relaySecretStatement = statement(
  'relay_secret',
  [],
  `select secret, (extract(epoch from clock_timestamp()) * 1000)::text from heddle.relay_secret`,
);

export const retire = statement(
  'replicas_retire',
  [uuid],
  `delete from heddle.replicas where replica_id = $1::uuid`,
);
