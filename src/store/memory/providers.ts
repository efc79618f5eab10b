/** Gates of providers: each row is what a replica has written last. */
import type { Answer } from '../port.ts';
import type { Batch } from '../batch.ts';
import type { Database } from './database.ts';
import { own } from './table.ts';

export function writeProviders(db: Database, { providers }: Batch): void {
  for (const { coolForMs, probeInMs, lastFault: fault, ...row } of providers) {
    const coolUntilMs = db.now() + Math.ceil(coolForMs);
    const lastFault = fault && { text: fault.text, atMs: db.now() - Math.ceil(fault.agoMs) };
    db.tables.providers.put(
      own({ ...row, lastFault, coolUntilMs, probeAtMs: db.now() + Math.ceil(probeInMs) }),
    );
  }
}

export function providersOf(db: Database): Answer<'providers'> {
  const nowMs = db.now();
  const all = db.tables.slots.all();
  const slots = all.filter(({ call }) => call !== null);
  return db.tables.providers
    .all()
    .map(({ coolUntilMs, probeAtMs, lastFault, ...row }) => ({
      ...row,
      coolForMs: Math.max(0, coolUntilMs - nowMs),
      probeInMs: Math.max(0, probeAtMs - nowMs),
      lastFault: lastFault && { text: lastFault.text, agoMs: Math.max(0, nowMs - lastFault.atMs) },
      inUse: slots.filter(({ provider }) => provider === row.gate).length,
      rateLimited: all
        .filter(({ provider }) => provider === row.gate)
        .reduce((sum, { rateLimited }) => sum + rateLimited, 0),
      line: lineOf(db, row.gate),
      lastOrder: lastOrderOf(db, row.gate),
    }))
    .sort((a, b) => (a.gate < b.gate ? -1 : 1));
}

function lineOf(db: Database, gate: string): Answer<'providers'>[number]['line'] {
  const nowMs = db.now();
  const live = db.tables.replicas.all().filter(({ untilMs }) => untilMs > nowMs);
  const oldest = Math.min(nowMs, ...live.map(({ renewedAtMs }) => renewedAtMs));
  const length = live.reduce((sum, { lines }) => sum + (lines[gate] ?? 0), 0);
  return { length, agoMs: Math.ceil(nowMs - oldest) };
}

function lastOrderOf(db: Database, gate: string): Answer<'providers'>[number]['lastOrder'] {
  const order = db.tables.gateOrders.get(gate);
  if (order === undefined) return null;
  const { kind, by, atMs } = order;
  return { kind, by, agoMs: Math.max(0, Math.ceil(db.now() - atMs)) };
}
