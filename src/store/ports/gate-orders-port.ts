/**
 * What a person tells all replicas to do with the gates of a provider. An order stands on the gate's row, and a hint
 * goes out with its commit: so a replica that hears nothing finds it in the row, and one that hears it twice sees by its
 * number that it has done it. It is about no tenant.
 */
import type { GateOrder } from '../../domain/calls/gate-order.ts';
import type { ProviderStatus } from '../../../machines/provider.ts';

export type GateOrderRow = GateOrder & {
  readonly gate: string;
  /** Grows with each order for the gate. */
  readonly number: number;
  readonly agoMs: number;
};

/** The status that an order leaves in the row: what a replica that starts now takes over. */
export function statusAfter(
  { kind, endsCooling }: GateOrder,
  { status, isCooling }: { readonly status: ProviderStatus; readonly isCooling: boolean },
): ProviderStatus {
  if (kind === 'probe') return status === 'parked' ? 'stalled' : status;
  return isCooling && !endsCooling ? 'cooling' : 'open';
}

export interface GateOrdersStore {
  /**
   * Gives this order for the gates of a provider, or for the one gate of this name, and hints to all replicas in the
   * same transaction. Gives the gates' names; none: no gate of this name has a row.
   */
  orderGates(provider: string, order: GateOrder): Promise<readonly string[]>;
  /** The last order of each gate that was given one. */
  gateOrders(): Promise<readonly GateOrderRow[]>;
}
