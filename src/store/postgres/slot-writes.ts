import type { SlotWrite } from '../batch.ts';
import {
  callWith,
  intColumn,
  textColumn,
  uuidColumn,
  type Call,
  type Column,
  statement,
} from './statement.ts';

/**
 * What each slot does now; counters are added. Locks: the slots by provider, replica and number,
 * last of all, because two commits of one replica that are under way together meet here most.
 */
const writeSlotsStatement = statement(
  'slots_write',
  `insert into heddle.provider_slots as s (provider, replica_id, slot, status, call_shard,
      call, calls, duplicates, rate_limited)
    select * from unnest($1::text[], $2::uuid[], $3::int[], $4::text[], $5::int[], $6::text[],
      $7::int[], $8::int[], $9::int[])
    on conflict (provider, replica_id, slot) do update set status = excluded.status,
      call_shard = excluded.call_shard, call = excluded.call,
      calls = s.calls + excluded.calls, duplicates = s.duplicates + excluded.duplicates,
      rate_limited = s.rate_limited + excluded.rate_limited`,
);

const slotColumns: readonly Column<SlotWrite>[] = [
  textColumn((row) => row.provider),
  uuidColumn((row) => row.replicaId),
  intColumn((row) => row.slot),
  textColumn((row) => row.status),
  intColumn((row) => row.call?.shard ?? null),
  textColumn((row) => (row.call === null ? null : JSON.stringify(row.call))),
  intColumn((row) => row.calls),
  intColumn((row) => row.duplicates),
  intColumn((row) => row.rateLimited),
];

/** One row per slot: the last state, the sum of the counters, sorted as the locks are. */
export function writeSlots(writes: readonly SlotWrite[]): Call {
  const slots = new Map<string, SlotWrite>();
  for (const write of writes) {
    const key = `${write.provider}\u0000${write.replicaId}\u0000${write.slot}`;
    const before = slots.get(key);
    slots.set(key, before === undefined ? write : joined(before, write));
  }
  const keys = [...slots.keys()].sort();
  return callWith(
    writeSlotsStatement,
    slotColumns,
    keys.flatMap((key) => slots.get(key) ?? []),
  );
}

const joined = (before: SlotWrite, last: SlotWrite): SlotWrite => ({
  ...last,
  calls: before.calls + last.calls,
  duplicates: before.duplicates + last.duplicates,
  rateLimited: before.rateLimited + last.rateLimited,
});
