/** Orders of a person for gates: see gate-orders-port.ts. It owns the orders, and changes the gates' rows by them. */
import type { Answer } from '../port.ts';
import type { GateOrder } from '../../domain/calls/gate-order.ts';
import { statusAfter } from '../ports/gate-orders-port.ts';
import type { Database } from './database.ts';

export function orderGates(db: Database, provider: string, order: GateOrder): readonly string[] {
  const nowMs = db.now();
  const { kind, endsCooling, by } = order;
  const named = db.tables.providers
    .all()
    .filter(({ gate }) => gate === provider || gate.startsWith(`${provider}/`));
  for (const row of named) {
    const { gate, status, coolUntilMs } = row;
    const before = db.tables.gateOrders.get(gate)?.number ?? 0;
    db.tables.gateOrders.put({ gate, kind, endsCooling, by, number: before + 1, atMs: nowMs });
    db.tables.providers.put({
      ...row,
      status: statusAfter(order, { status, isCooling: coolUntilMs > nowMs }),
      coolUntilMs: endsCooling ? Math.min(coolUntilMs, nowMs) : coolUntilMs,
      probeAtMs: Math.min(row.probeAtMs, nowMs),
      failedProbes: kind === 'reopen' ? 0 : row.failedProbes,
    });
  }
  return named.map(({ gate }) => gate).sort();
}

export function gateOrders(db: Database): Answer<'gateOrders'> {
  return db.tables.gateOrders
    .all()
    .map(({ atMs, ...order }) => ({ ...order, agoMs: Math.max(0, Math.ceil(db.now() - atMs)) }))
    .sort((a, b) => (a.gate < b.gate ? -1 : 1));
}
