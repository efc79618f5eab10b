/**
 * Provider slots: the state of each concurrent place, and the counters of all calls. It owns the slot
 * rows; the states are those of the chart `provider-slot`.
 */
import { counted, freed, type Batch, type SlotWrite } from '../batch.ts';
import type { Fates } from '../fates.ts';
import type { ProviderTotals } from '../port.ts';
import type { SlotRow } from '../provider-rows.ts';
import type { Database } from './database.ts';
import { slotKey, type StoredSlot } from './stored-rows.ts';
import { holds } from './shards.ts';
import { own } from './table.ts';

/** See `SlotWrite` for which replica may put a call into a slot, and which may empty it. */
export function writeSlots(db: Database, batch: Batch, fates: Fates): void {
  const { replicaId, epochs } = batch;
  const writes = new Map<string, SlotWrite>();
  batch.slots.forEach((given, index) => {
    const { call } = given;
    const isFenced = call !== null && !holds(db, call.shard, replicaId, epochs.get(call.shard));
    if (isFenced) fates.put('slots', index, { kind: 'fenced' });
    const write = fates.of('slots', index) === null ? given : freed(given);
    const before = writes.get(slotKey(write));
    writes.set(slotKey(write), before === undefined ? write : counted(write, before));
  });
  for (const write of writes.values()) writeSlot(db, write, replicaId);
}

function writeSlot(db: Database, write: SlotWrite, writer: string): void {
  const { provider, replicaId, slot } = write;
  const before = db.tables.slots.get(slotKey(write));
  const { status, call } =
    before === undefined || mayChange(db, before, write, writer) ? write : before;
  const counters = before ?? { calls: 0, duplicates: 0, rateLimited: 0 };
  const sealed = Math.max(before?.sealed ?? -1, write.sealed);
  const row = { ...counted(write, counters), provider, replicaId, slot, sealed, status, call };
  db.tables.slots.put(own(row));
}

function mayChange(db: Database, before: StoredSlot, write: SlotWrite, writer: string): boolean {
  if (write.sealed >= 0 && write.sealed < before.sealed) return false;
  if (before.call === null) return true;
  if (write.call !== null && before.replicaId === writer) return true;
  return db.tables.shards.get(String(before.call.shard))?.owner === writer;
}

/** Slots of any replica that hold a call of these shards' runs. */
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
