/** What a batch charges for calls, and what the end of a call says of its cost. */
import type { ReplicaId } from '../../../domain/ids.ts';
import type { Grant, Pool } from '../../../providers/capacity/pool.ts';
import type { CallOutcome } from '../../../providers/capacity/gate.ts';
import type { SlotWrite } from '../../../store/batch.ts';
import { isWithin, type Charges } from '../../../store/charges.ts';
import type { NewRun } from '../../../store/rows.ts';
import type { Budgets } from './budgets.ts';
import type { RunCall } from '../call/run-call.ts';

/** What the calls in new slots reserve, and what calls that are over have used; null: nothing. */
export function chargesOf(
  budgets: Budgets,
  batch: {
    readonly replicaId: ReplicaId;
    readonly slots: readonly SlotWrite[];
    readonly grants: readonly Grant<RunCall>[];
    /** Keys of calls that an earlier owner may have made. */
    readonly repeated: ReadonlySet<string>;
    /** A grant names a gate; the provider and the call say which model, and so which price. */
    readonly gates: { providerOf(gate: string): string };
  },
): Charges | null {
  if (!budgets.isOn) return null;
  const at = new Map<string, number>();
  batch.slots.forEach(({ provider, replicaId, slot }, index) => {
    if (replicaId === batch.replicaId) at.set(`${provider} ${slot}`, index);
  });
  const reserved = batch.grants.flatMap(({ call, provider, slot }) => {
    const sentTo = batch.gates.providerOf(provider);
    call.goesOut().sentTo = sentTo;
    const index = at.get(`${provider} ${slot}`);
    if (index === undefined) return [];
    const amount = budgets.worstAt(call, sentTo);
    if (call.reserved !== null) {
      // An attempt after the first stands on what that reserved, but for one at a dearer provider.
      if (isWithin(amount, call.reserved)) return [];
      budgets.settle(call, 'unused');
    }
    call.reserved = amount;
    const repeated = batch.repeated.has(call.key);
    return budgets.reservation(call, { amount, slot: index, repeated });
  });
  const settled = budgets.takeSettlements();
  if (reserved.length + settled.length === 0) return null;
  return { reserved, settled, defaults: budgets.defaults };
}

/** A call that its own limit has ended may have been answered all the same. */
export function usedBy({ kind }: CallOutcome): 'used' | 'unused' | 'unknown' {
  if (kind === 'ok') return 'used';
  return kind === 'aborted' ? 'unknown' : 'unused';
}

/** Of a call that waits for another attempt nothing was used; what is under way may be answered yet. */
export function chargeEnd(
  budgets: Budgets,
  run: NewRun,
  of: { readonly calls: readonly RunCall[]; readonly pool: Pool<RunCall> },
): void {
  for (const call of of.calls) if (of.pool.isWaiting(call)) budgets.settle(call, 'unused');
  budgets.endRun(run);
}
