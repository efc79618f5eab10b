/**
 * The fates of the parts of a batch. A part is committed as it was asked, or it has a fate: it was
 * left out, refused, or met something that was there before.
 *
 * Only fates are listed. So a part that is not in the list has been committed as it was asked, and
 * its absence means nothing else. Both stores write exactly the parts that have no fate, or a fate
 * that gives the form in which the part was written instead.
 */
import type { BudgetRow } from './charges.ts';
import type { ErrorRecord } from '../domain/errors.ts';
import type { RunAddress } from './rows.ts';

/** The shard has another epoch, or none in the batch: the replica must stop working on it. */
type Fenced = { readonly kind: 'fenced' };
/** The run is not at `expectedTurn`: drop its state from memory and load it again. */
type Stale = { readonly kind: 'stale' };
/** A memory version or group cursor moved: compute the turn again from fresh reads. */
type Conflict = { readonly kind: 'conflict'; readonly what: string };
/**
 * A question that the turn closes was answered meanwhile: read the inbox and compute it again with
 * the answer.
 */
type Answered = { readonly kind: 'answered'; readonly invocationId: string };
/** Postgres refuses the data itself: no further try can succeed. */
type Poison = { readonly kind: 'poison'; readonly reason: string };
/** The call does not fit this budget any more. It is in no slot and must not be made. */
type OverBudget = { readonly kind: 'over-budget'; readonly budget: BudgetRow };
/** Nothing of the part is written; its sender gets the error. */
type Refused = { readonly kind: 'refused'; readonly error: ErrorRecord };
/** The part's request was asked before, under its key: nothing is written. `answerText`: what it came to then. */
type Repeated = { readonly kind: 'repeated'; readonly answerText: string };
/** The start meets a run that has its id, or else its idempotency key. */
type Existing = { readonly kind: 'existing'; readonly run: RunAddress };
/** A write with `onAny` has become another version than the guessed one. */
type Renumbered = { readonly kind: 'renumbered'; readonly version: number };

/** By list of the batch: the fates that a part of that list can have. */
export type FateOf = {
  readonly turns: Fenced | Stale | Conflict | Answered | Poison;
  readonly statusChanges: Fenced | Stale | Poison;
  readonly results: Fenced | Poison;
  readonly slots: Fenced | OverBudget;
  /** The settlements of the charges. */
  readonly settled: Fenced;
  readonly starts: Existing | Repeated | Refused;
  readonly inbox: Repeated | Refused;
  readonly messages: Repeated | Refused;
  readonly memory: Renumbered | Repeated | Refused;
};
export type PartKind = keyof FateOf;
/** Parts that come from outside; all other kinds are fenced. */
export type ArrivalKind = 'starts' | 'inbox' | 'messages' | 'memory';

export type PartFate = {
  [Kind in PartKind]: {
    readonly kind: Kind;
    /** The index in the batch's list of this name. */
    readonly index: number;
    readonly fate: FateOf[Kind];
  };
}[PartKind];

export type BatchOutcome = {
  /** At most one fate for each part, in no promised order. Nearly always empty. */
  readonly fates: readonly PartFate[];
  /**
   * Runs that have a new inbox row from this batch. The owners of those of other replicas need a hint.
   */
  readonly wakes: readonly RunAddress[];
};

/**
 * The fates of one batch by kind and index: for the store while it finds them, and for their readers.
 */
export class Fates {
  readonly #byKind: { readonly [Kind in PartKind]: Map<number, FateOf[Kind]> } = {
    turns: new Map(),
    statusChanges: new Map(),
    results: new Map(),
    slots: new Map(),
    settled: new Map(),
    starts: new Map(),
    inbox: new Map(),
    messages: new Map(),
    memory: new Map(),
  };

  constructor(fates: readonly PartFate[] = []) {
    for (const { kind, index, fate } of fates) this.put(kind, index, fate);
  }

  /** The part's fate; null if it is committed as it was asked. */
  of<Kind extends PartKind>(kind: Kind, index: number): FateOf[Kind] | null {
    return this.#byKind[kind].get(index) ?? null;
  }

  all<Kind extends PartKind>(kind: Kind): ReadonlyMap<number, FateOf[Kind]> {
    return this.#byKind[kind];
  }

  /** Replaces the part's fate; null takes it away. */
  put<Kind extends PartKind>(kind: Kind, index: number, fate: FateOf[Kind] | null): void {
    if (fate === null) this.#byKind[kind].delete(index);
    else this.#byKind[kind].set(index, fate);
  }

  /** The parts of a list that have no fate. */
  without<Part>(kind: PartKind, parts: readonly Part[]): readonly Part[] {
    const fates: ReadonlyMap<number, unknown> = this.#byKind[kind];
    return fates.size === 0 ? parts : parts.filter((_, index) => !fates.has(index));
  }

  copy(): Fates {
    return new Fates(this.list());
  }

  /** The fates as a list. The same fates make the same list, in whichever order they were put. */
  list(): PartFate[] {
    const kinds = Object.keys(this.#byKind) as PartKind[];
    return kinds.flatMap((kind) => {
      const fates: Iterable<[number, PartFate['fate']]> = this.#byKind[kind];
      const inOrder = [...fates].sort(([a], [b]) => a - b);
      // `put` accepts no fate under a kind that cannot have it.
      return inOrder.map(([index, fate]) => ({ kind, index, fate }) as PartFate);
    });
  }
}
