import { type ProviderWrite, counted, type SlotWrite } from '../../batch.ts';
import { column, rowStatement, type Call, uuid } from '../link/statement.ts';

/**
 * The state of each gate. Times are written as the database's clock plus the time left. Locks: the
 * gates by name, after the slots. A replica writes a gate at most twice a second.
 */
const writeProvidersStatement = rowStatement<ProviderWrite>(
  'providers_write',
  [
    column.text((row) => row.gate),
    column.text((row) => row.status),
    column.bigint((row) => Math.ceil(row.coolForMs)),
    column.bigint((row) => Math.ceil(row.probeInMs)),
    column.int((row) => row.failedProbes),
    column.int((row) => row.limit),
    column.int((row) => row.ceiling),
    column.text((row) => JSON.stringify(row.sharesCeilingWith)),
    column.text((row) => row.lastFault?.text ?? null),
    column.bigint((row) => (row.lastFault === null ? null : Math.ceil(row.lastFault.agoMs))),
  ],
  `insert into heddle.providers as p (gate, status, cool_until, probe_at, failed_probes,
      call_limit, ceiling, shares_ceiling_with, last_fault, last_fault_at)
    select i.gate, i.status, clock_timestamp() + i.cool_for_ms * interval '1 ms',
      clock_timestamp() + i.probe_in_ms * interval '1 ms', i.failed_probes, i.call_limit,
      i.ceiling, i.shares_ceiling_with, i.last_fault,
      clock_timestamp() - i.last_fault_ago_ms * interval '1 ms'
    from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::int[], $6::int[],
        $7::int[], $8::text[], $9::text[], $10::bigint[])
      as i(gate, status, cool_for_ms, probe_in_ms, failed_probes, call_limit, ceiling,
        shares_ceiling_with, last_fault, last_fault_ago_ms)
    on conflict (gate) do update set status = excluded.status,
      cool_until = excluded.cool_until, probe_at = excluded.probe_at,
      failed_probes = excluded.failed_probes, call_limit = excluded.call_limit,
      ceiling = excluded.ceiling, shares_ceiling_with = excluded.shares_ceiling_with,
      last_fault = excluded.last_fault, last_fault_at = excluded.last_fault_at`,
);

/** One row per gate, the last one, sorted in the order of the locks. */
export function writeProviders(writes: readonly ProviderWrite[]): Call {
  const rows = [...new Map(writes.map((write) => [write.gate, write])).values()];
  rows.sort((a, b) => (a.gate < b.gate ? -1 : 1));
  return writeProvidersStatement(rows);
}

/**
 * The state of each slot; counters are added. A stored row keeps its call if that call belongs to a
 * shard that the writer ($11) does not hold, unless the writer puts a call into a slot of its own. It
 * also keeps its state if a batch that was sealed later has written it. Locks: the slots by provider,
 * replica and number, last of all, because two commits of one replica that are under way together meet
 * here most.
 */
const writeSlotsStatement = rowStatement<SlotWrite>(
  'slots_write',
  [
    column.text((row) => row.provider),
    column.uuid((row) => row.replicaId),
    column.int((row) => row.slot),
    column.text((row) => row.status),
    column.int((row) => row.call?.shard ?? null),
    column.text((row) => (row.call === null ? null : JSON.stringify(row.call))),
    column.int((row) => row.calls),
    column.int((row) => row.duplicates),
    column.int((row) => row.rateLimited),
    column.bigint((row) => row.sealed),
  ],
  `insert into heddle.provider_slots as s (provider, replica_id, slot, status, call_shard,
      call, calls, duplicates, rate_limited, sealed)
    select * from unnest($1::text[], $2::uuid[], $3::int[], $4::text[], $5::int[], $6::text[],
      $7::int[], $8::int[], $9::int[], $10::bigint[])
    on conflict (provider, replica_id, slot) do update set
      (status, call_shard, call) = (
        select case when may.change then excluded.status else s.status end,
          case when may.change then excluded.call_shard else s.call_shard end,
          case when may.change then excluded.call else s.call end
        from (
          select (excluded.sealed < 0 or excluded.sealed >= s.sealed) and (s.call_shard is null
            or (excluded.call is not null and s.replica_id = $11::uuid)
            or exists (select from heddle.shards h
              where h.shard = s.call_shard and h.replica_id = $11::uuid)) as change offset 0
        ) may
      ),
      sealed = greatest(s.sealed, excluded.sealed),
      calls = s.calls + excluded.calls, duplicates = s.duplicates + excluded.duplicates,
      rate_limited = s.rate_limited + excluded.rate_limited`,
);

/** One row per slot: the last state and the sum of the counters, sorted in the order of the locks. */
export function writeSlots(replicaId: string, writes: readonly SlotWrite[]): Call {
  const slots = new Map<string, SlotWrite>();
  for (const write of writes) {
    const key = `${write.provider}\u0000${write.replicaId}\u0000${write.slot}`;
    const before = slots.get(key);
    slots.set(key, before === undefined ? write : counted(write, before));
  }
  const keys = [...slots.keys()].sort();
  return writeSlotsStatement(
    keys.flatMap((key) => slots.get(key) ?? []),
    uuid(replicaId),
  );
}
