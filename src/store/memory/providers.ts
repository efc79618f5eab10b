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
  const slots = db.tables.slots.all().filter(({ call }) => call !== null);
  return db.tables.providers
    .all()
    .map(({ coolUntilMs, probeAtMs, lastFault, ...row }) => ({
      ...row,
      coolForMs: Math.max(0, coolUntilMs - nowMs),
      probeInMs: Math.max(0, probeAtMs - nowMs),
      lastFault: lastFault && { text: lastFault.text, agoMs: Math.max(0, nowMs - lastFault.atMs) },
      inUse: slots.filter(({ provider }) => provider === row.gate).length,
    }))
    .sort((a, b) => (a.gate < b.gate ? -1 : 1));
}
