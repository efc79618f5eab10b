/**
 * Provider slots: what each concurrent place does, and the counters of all calls. It owns the slot
 * rows; the states are those of the chart `provider-slot`.
 */
import type { SlotWrite } from '../batch.ts';
import type { ProviderTotals } from '../port.ts';
import type { SlotRow } from '../rows.ts';
import { slotKey, type Database } from './database.ts';
import { own } from './table.ts';

export function writeSlot(db: Database, write: SlotWrite): void {
  const before = db.tables.slots.get(slotKey(write));
  db.tables.slots.put(
    own({
      provider: write.provider,
      replicaId: write.replicaId,
      slot: write.slot,
      status: write.status,
      call: write.call,
      calls: (before?.calls ?? 0) + write.calls,
      duplicates: (before?.duplicates ?? 0) + write.duplicates,
      rateLimited: (before?.rateLimited ?? 0) + write.rateLimited,
    }),
  );
}

/** Slots that hold a call of these shards' runs, of whatever replica. */
export function slotsOf(db: Database, shards: readonly number[]): SlotRow[] {
  return shards
    .flatMap((shard) => db.tables.slots.by('shard', String(shard)))
    .map(({ provider, replicaId, slot, status, call }) => ({
      provider,
      replicaId,
      slot,
      status,
      call,
    }))
    .sort((a, b) => (slotKey(a) < slotKey(b) ? -1 : 1));
}

export function providerTotals(db: Database): ProviderTotals[] {
  const totals = new Map<string, ProviderTotals>();
  for (const slot of db.tables.slots.all()) {
    const before = totals.get(slot.provider);
    totals.set(slot.provider, {
      provider: slot.provider,
      calls: (before?.calls ?? 0) + slot.calls,
      duplicates: (before?.duplicates ?? 0) + slot.duplicates,
      rateLimited: (before?.rateLimited ?? 0) + slot.rateLimited,
    });
  }
  return [...totals.values()].sort((a, b) => (a.provider < b.provider ? -1 : 1));
}
