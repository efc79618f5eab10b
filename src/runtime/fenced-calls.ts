import type { BatchOutcome } from '../store/batch.ts';
import type { RunCall } from './calls-by-run.ts';
import type { MadeBatch } from './turn-work.ts';

/** Calls that were given a slot, and whose run is another replica's. */
export function fencedCalls({ batch, grants }: MadeBatch, { slots }: BatchOutcome): RunCall[] {
  const isFenced = new Set<string>();
  batch.slots.forEach(({ provider, slot }, i) => {
    if (slots[i]?.kind === 'fenced') isFenced.add(`${provider} ${slot}`);
  });
  return grants
    .filter(({ provider, slot }) => isFenced.has(`${provider} ${slot}`))
    .map(({ call }) => call);
}
