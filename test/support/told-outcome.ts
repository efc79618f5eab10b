/**
 * The outcome of a commit with each part of its batch told, by index: `committed`, or `accepted` where
 * it came from outside, where the part has no fate.
 */
import assert from 'node:assert/strict';
import type { Batch } from '../../src/store/batch.ts';
import {
  Fates,
  type ArrivalKind,
  type BatchOutcome,
  type FateOf,
  type PartKind,
} from '../../src/store/fates.ts';

type Committed = { readonly kind: 'committed' };
type Accepted = { readonly kind: 'accepted' };
export type ToldOutcome = {
  readonly [Kind in PartKind]: readonly (
    FateOf[Kind] | (Kind extends ArrivalKind ? Accepted : Committed)
  )[];
} & Pick<BatchOutcome, 'wakes'>;

/** Fails where a fate is of no part of the batch, or a part has two. */
export function inFull({ charges, arrivals, ...batch }: Batch, outcome: BatchOutcome): ToldOutcome {
  const { turns, statusChanges, results, slots } = batch;
  const lists = { turns, statusChanges, results, slots, settled: charges?.settled ?? [] };
  const seen = new Set<string>();
  for (const { kind, index } of outcome.fates) {
    assert.ok(index < { ...lists, ...arrivals }[kind].length, `fate of no part: ${kind} ${index}`);
    assert.ok(!seen.has(`${kind} ${index}`), `two fates: ${kind} ${index}`);
    seen.add(`${kind} ${index}`);
  }
  const fates = new Fates(outcome.fates);
  const told = <Kind extends PartKind, Else>(
    kind: Kind,
    parts: readonly unknown[],
    otherwise: Else,
  ): (FateOf[Kind] | Else)[] => parts.map((_, i) => fates.of(kind, i) ?? otherwise);
  const committed = { kind: 'committed' } as const;
  const accepted = { kind: 'accepted' } as const;
  return {
    turns: told('turns', turns, committed),
    statusChanges: told('statusChanges', statusChanges, committed),
    results: told('results', results, committed),
    slots: told('slots', slots, committed),
    settled: told('settled', lists.settled, committed),
    starts: told('starts', arrivals.starts, accepted),
    inbox: told('inbox', arrivals.inbox, accepted),
    messages: told('messages', arrivals.messages, accepted),
    memory: told('memory', arrivals.memory, accepted),
    wakes: outcome.wakes,
  };
}
