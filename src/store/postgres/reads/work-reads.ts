/**
 * Reads what a replica looks for in its shards beside runs: timers and slots. These reads take no
 * locks.
 */
import { asReplicaId, asRunId } from '../../../domain/ids.ts';
import type { TimerRow } from '../../rows.ts';
import type { GateOrder } from '../../../domain/calls/gate-order.ts';
import type { SlotCall, SlotRow } from '../../provider-rows.ts';
import type { ProviderStatus } from '../../../../machines/provider.ts';
import type { SlotStatus } from '../../../../machines/provider-slot.ts';
import type { Asked, Answer, ProviderTotals } from '../../port.ts';
import type { AnswerIn, AskedIn } from '../../caller-port.ts';
import type { Pool } from '../link/pool.ts';
import { bigint, int, ints, statement, text, uuid, type Call } from '../link/statement.ts';

/**
 * Soonest first over all shards, through one range of the index per shard. The time left is counted
 * from the statement's timestamp, so that timers of one deadline are due in the same number of
 * milliseconds.
 */
const dueTimersStatement = statement(
  'timers_due',
  [ints, bigint, int],
  `select t.tenant, t.run_id, t.shard, t.timer_id, t.generation,
      ceil(extract(epoch from t.due_at - statement_timestamp()) * 1000)::text
    from unnest($1::int[]) as i(shard)
    cross join lateral (
      select * from heddle.timers t
      where t.shard = i.shard and t.due_at <= now() + $2::bigint * interval '1 ms'
      order by t.due_at limit $3::int
    ) t
    order by t.due_at limit $3::int`,
);

export async function dueTimers(pool: Pool, query: Asked<'timers'>): Promise<Answer<'timers'>> {
  return readTimers(pool, dueTimersStatement(query.shards, query.horizonMs, query.limit));
}

const timersOfStatement = statement(
  'timers_of',
  [text, uuid, int],
  `select tenant, run_id, shard, timer_id, generation,
      ceil(extract(epoch from due_at - clock_timestamp()) * 1000)::text
    from heddle.timers where tenant = $1::text and run_id = $2::uuid
    order by due_at limit $3::int`,
);

export async function timersOf(
  pool: Pool,
  query: AskedIn<'timersOf'>,
): Promise<AnswerIn<'timersOf'>> {
  return readTimers(pool, timersOfStatement(query.tenant, query.runId, query.limit));
}

async function readTimers(pool: Pool, call: Call): Promise<TimerRow[]> {
  const rows = await pool.rows(call);
  return rows.map(([tenant, runId, shard, timerId, generation, dueIn]) => ({
    tenant: tenant ?? '',
    runId: asRunId(runId ?? ''),
    shard: Number(shard),
    timerId: timerId ?? '',
    generation: Number(generation),
    dueInMs: Number(dueIn),
  }));
}

/** The table has a few hundred rows in all, so no index serves this. */
const slotsInUseStatement = statement(
  'slots_in_use',
  [ints],
  `select provider, replica_id, slot, status, call from heddle.provider_slots
    where call_shard = any($1::int[]) order by provider, replica_id, slot`,
);

export async function slotsOf(pool: Pool, shards: readonly number[]): Promise<SlotRow[]> {
  const rows = await pool.rows(slotsInUseStatement(shards));
  return rows.map(([provider, replicaId, slot, status, held]) => ({
    provider: provider ?? '',
    replicaId: asReplicaId(replicaId ?? ''),
    slot: Number(slot),
    status: status as SlotStatus,
    call: held ? (JSON.parse(held) as SlotCall) : null,
  }));
}

const providersStatement = statement(
  'providers',
  [],
  `select p.gate, p.status,
      ceil(extract(epoch from p.cool_until - clock_timestamp()) * 1000)::text,
      ceil(extract(epoch from p.probe_at - clock_timestamp()) * 1000)::text,
      p.failed_probes, p.call_limit, p.ceiling, p.shares_ceiling_with,
      (select count(*) from heddle.provider_slots s
        where s.provider = p.gate and s.call_shard is not null),
      p.last_fault, ceil(extract(epoch from clock_timestamp() - p.last_fault_at) * 1000)::text,
      p.order_kind, p.ordered_by, ceil(extract(epoch from clock_timestamp() - p.ordered_at) * 1000)::text,
      lines.length, lines.ago,
      (select coalesce(sum(s.rate_limited), 0) from heddle.provider_slots s where s.provider = p.gate)
    from heddle.providers p
    cross join lateral (
      select coalesce(sum((r.lines::json ->> p.gate)::int), 0) as length,
        coalesce(ceil(extract(epoch from clock_timestamp() - min(r.renewed_at)) * 1000), 0)::text as ago
      from heddle.replicas r where r.lease_until > clock_timestamp() and r.lines is not null
    ) lines
    order by p.gate`,
);

export async function providersOf(pool: Pool): Promise<Answer<'providers'>> {
  const rows = await pool.rows(providersStatement());
  return rows.map((row) => {
    const [gate, status, coolFor, probeIn, failedProbes, limit, ceiling, shares, ...more] = row;
    const [inUse, fault, faultAgo, order, orderedBy, orderAgo, line, lineAgo, limited] = more;
    return {
      gate: gate ?? '',
      status: status as ProviderStatus,
      coolForMs: Math.max(0, Number(coolFor)),
      probeInMs: Math.max(0, Number(probeIn)),
      failedProbes: Number(failedProbes),
      limit: Number(limit),
      ceiling: Number(ceiling),
      sharesCeilingWith: JSON.parse(shares ?? '[]') as string[],
      lastFault:
        typeof fault === 'string' ? { text: fault, agoMs: Math.max(0, Number(faultAgo)) } : null,
      inUse: Number(inUse),
      rateLimited: Number(limited),
      line: { length: Number(line), agoMs: Math.max(0, Number(lineAgo)) },
      lastOrder: order
        ? {
            kind: order as GateOrder['kind'],
            by: orderedBy ?? '',
            agoMs: Math.max(0, Number(orderAgo)),
          }
        : null,
    };
  });
}

const providerTotalsStatement = statement(
  'providers_total',
  [],
  `select provider, sum(calls), sum(duplicates), sum(rate_limited)
    from heddle.provider_slots group by provider order by provider`,
);

export async function providerTotals(pool: Pool): Promise<ProviderTotals[]> {
  const rows = await pool.rows(providerTotalsStatement());
  return rows.map(([provider, calls, duplicates, rateLimited]) => ({
    provider: provider ?? '',
    calls: Number(calls),
    duplicates: Number(duplicates),
    rateLimited: Number(rateLimited),
  }));
}
