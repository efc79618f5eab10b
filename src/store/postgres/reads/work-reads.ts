/**
 * Reads what a replica looks for in its shards beside runs: timers and slots. These reads take no
 * locks.
 */
import { asReplicaId, asRunId, type RunId } from '../../../domain/ids.ts';
import type { ProviderRow, SlotCall, SlotRow, TimerRow } from '../../rows.ts';
import type { ProviderStatus } from '../../../../machines/provider.ts';
import type { SlotStatus } from '../../../../machines/provider-slot.ts';
import type { ProviderTotals } from '../../port.ts';
import type { Pool } from '../link/pool.ts';
import { bigint, int, ints, statement, text, uuid, type Call } from '../link/statement.ts';

/**
 * Soonest first over all shards, through one range of the index per shard. The time left is counted
 * from the statement's timestamp, so that timers of one deadline are due in the same number of
 * milliseconds.
 */
const dueTimersStatement = statement(
  'timers_due',
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

export async function dueTimers(
  pool: Pool,
  query: { readonly shards: readonly number[]; readonly horizonMs: number; readonly limit: number },
): Promise<TimerRow[]> {
  const params = [ints(query.shards), bigint(query.horizonMs), int(query.limit)];
  return readTimers(pool, { statement: dueTimersStatement, params });
}

const timersOfStatement = statement(
  'timers_of',
  `select tenant, run_id, shard, timer_id, generation,
      ceil(extract(epoch from due_at - clock_timestamp()) * 1000)::text
    from heddle.timers where tenant = $1::text and run_id = $2::uuid
    order by due_at limit $3::int`,
);

export async function timersOf(
  pool: Pool,
  query: { readonly tenant: string; readonly runId: RunId; readonly limit: number },
): Promise<TimerRow[]> {
  const params = [text(query.tenant), uuid(query.runId), int(query.limit)];
  return readTimers(pool, { statement: timersOfStatement, params });
}

async function readTimers(pool: Pool, call: Call): Promise<TimerRow[]> {
  const rows = (await pool.read([call])).get(call) ?? [];
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
  `select provider, replica_id, slot, status, call from heddle.provider_slots
    where call_shard = any($1::int[]) order by provider, replica_id, slot`,
);

export async function slotsOf(pool: Pool, shards: readonly number[]): Promise<SlotRow[]> {
  const call = { statement: slotsInUseStatement, params: [ints(shards)] };
  const rows = (await pool.read([call])).get(call) ?? [];
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
  `select p.gate, p.status,
      ceil(extract(epoch from p.cool_until - clock_timestamp()) * 1000)::text,
      ceil(extract(epoch from p.probe_at - clock_timestamp()) * 1000)::text,
      p.failed_probes, p.call_limit, p.ceiling, p.shares_ceiling_with,
      (select count(*) from heddle.provider_slots s
        where s.provider = p.gate and s.call_shard is not null)
    from heddle.providers p order by p.gate`,
);

export async function providersOf(
  pool: Pool,
): Promise<(ProviderRow & { readonly inUse: number })[]> {
  const call = { statement: providersStatement, params: [] };
  const rows = (await pool.read([call])).get(call) ?? [];
  return rows.map((row) => {
    const [gate, status, coolFor, probeIn, failedProbes, limit, ceiling, shares, inUse] = row;
    return {
      gate: gate ?? '',
      status: status as ProviderStatus,
      coolForMs: Math.max(0, Number(coolFor)),
      probeInMs: Math.max(0, Number(probeIn)),
      failedProbes: Number(failedProbes),
      limit: Number(limit),
      ceiling: Number(ceiling),
      sharesCeilingWith: JSON.parse(shares ?? '[]') as string[],
      inUse: Number(inUse),
    };
  });
}

const providerTotalsStatement = statement(
  'providers_total',
  `select provider, sum(calls), sum(duplicates), sum(rate_limited)
    from heddle.provider_slots group by provider order by provider`,
);

export async function providerTotals(pool: Pool): Promise<ProviderTotals[]> {
  const call = { statement: providerTotalsStatement, params: [] };
  const rows = (await pool.read([call])).get(call) ?? [];
  return rows.map(([provider, calls, duplicates, rateLimited]) => ({
    provider: provider ?? '',
    calls: Number(calls),
    duplicates: Number(duplicates),
    rateLimited: Number(rateLimited),
  }));
}
