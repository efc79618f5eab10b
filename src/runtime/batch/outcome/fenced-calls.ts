/** Calls that were given a slot and did not come into it, with their commit. */
import type { BatchOutcome, SlotOutcome } from '../../../store/batch.ts';
import type { BudgetRow } from '../../../store/charges.ts';
import type { RunCall } from '../../calls/call/run-call.ts';
import type { MadeBatch } from '../made-batch.ts';

/** Their run is another replica's. */
export function fencedCalls(made: MadeBatch, outcome: BatchOutcome): RunCall[] {
  return outside(made, outcome).flatMap(({ call, told }) => (told.kind === 'fenced' ? call : []));
}

/** They fit a budget no more. */
export function refusedCalls(
  made: MadeBatch,
  outcome: BatchOutcome,
): { readonly call: RunCall; readonly budget: BudgetRow }[] {
  return outside(made, outcome).flatMap(({ call, told }) =>
    told.kind === 'over-budget' ? { call, budget: told.budget } : [],
  );
}

function outside(
  { batch, grants }: MadeBatch,
  { slots }: BatchOutcome,
): { readonly call: RunCall; readonly told: SlotOutcome }[] {
  const told = new Map<string, SlotOutcome>();
  batch.slots.forEach(({ provider, slot, call }, i) => {
    const outcome = slots[i];
    if (call === null || outcome === undefined || outcome.kind === 'committed') return;
    told.set(`${provider} ${slot}`, outcome);
  });
  if (told.size === 0) return [];
  return grants.flatMap(({ call, provider, slot }) => {
    const outcome = told.get(`${provider} ${slot}`);
    return outcome === undefined ? [] : { call, told: outcome };
  });
}
