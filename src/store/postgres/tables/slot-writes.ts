import type { SlotWrite } from '../../batch.ts';
import {
  bigintColumn,
  callWith,
  intColumn,
  textColumn,
  uuid,
  uuidColumn,
  type Call,
  type Column,
  statement,
} from '../link/statement.ts';

/**
 * The state of each slot; counters are added. A stored row keeps its call if that call belongs to a
 * shard that the writer ($11) does not hold, unless the writer puts a call into a slot of its own. It
 * also keeps its state if a batch that was sealed later has written it. Locks: the slots by provider,
 * replica and number, last of all, because two commits of one replica that are under way together meet
 * here most.
 */
const writeSlotsStatement = statement(
  'slots_write',
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
  bigintColumn((row) => row.sealed),
];

/** One row per slot: the last state and the sum of the counters, sorted in the order of the locks. */
export function writeSlots(replicaId: string, writes: readonly SlotWrite[]): Call {
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
    uuid(replicaId),
  );
}

/**
 * The write without its call, which the commit refuses: 429s that the slot met before that call stay
 * counted.
 */
export const freed = (write: SlotWrite): SlotWrite => ({
  ...write,
  status: 'idle',
  call: null,
  calls: 0,
  duplicates: 0,
});

const joined = (before: SlotWrite, last: SlotWrite): SlotWrite => ({
  ...last,
  calls: before.calls + last.calls,
  duplicates: before.duplicates + last.duplicates,
  rateLimited: before.rateLimited + last.rateLimited,
});
