/** The charges of a batch to budgets for its calls, and the settlement at the end of a run. */
import type { ReplicaId } from '../../../domain/ids.ts';
import type { Grant } from '../../../providers/capacity/pool.ts';
import type { SlotWrite } from '../../../store/batch.ts';
import type { Charges } from '../../../store/charges.ts';
import type { NewRun } from '../../../store/rows.ts';
import type { Budgets } from './budgets.ts';
import type { Used } from '../call/call-state.ts';
import type { RunCall } from '../call/run-call.ts';

/**
 * The reservations of calls in new slots, and the use of calls that are over; null when there is
 * neither.
 */
export function chargesOf(
  budgets: Budgets,
  batch: {
    readonly replicaId: ReplicaId;
    readonly slots: readonly SlotWrite[];
    readonly grants: readonly Grant<RunCall>[];
    /** Keys of calls that an earlier owner may have made. */
    readonly repeated: ReadonlySet<string>;
    /** A grant names a gate; provider and call give the model, and so the price. */
    readonly gates: { providerOf(gate: string): string };
  },
): Charges | null {
  if (!budgets.isOn) return null;
  const at = new Map<string, number>();
  batch.slots.forEach(({ provider, replicaId, slot }, index) => {
    if (replicaId === batch.replicaId) at.set(`${provider} ${slot}`, index);
  });
  const { reservations } = budgets;
  const reserved = batch.grants.flatMap(({ call, provider: gate, slot }) => {
    const index = at.get(`${gate} ${slot}`);
    if (index === undefined) return [];
    const repeated = batch.repeated.has(call.key);
    const provider = batch.gates.providerOf(gate);
    return reservations.reserve(call, { provider, slot: index, repeated }) ?? [];
  });
  const settled = reservations.takeSettlements();
  if (reserved.length + settled.length === 0) return null;
  return { reserved, settled, defaults: budgets.defaults };
}

/**
 * A call that waits for another attempt has `used` what an answer has cost that waits for its repair, or nothing.
 * A request under way may still be answered.
 */
export function chargeEnd(
  budgets: Budgets,
  run: NewRun,
  calls: readonly RunCall[],
  used: (call: RunCall) => Used | undefined,
): void {
  if (!budgets.isOn) return;
  for (const call of calls) {
    if (call.state.kind === 'queued') budgets.reservations.settle(call, used(call) ?? 'nothing');
  }
  budgets.reservations.settleRun(run);
}
