import type { ProviderWrite } from '../../batch.ts';
import { column, rowStatement, type Call } from '../link/statement.ts';

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
