/** The parts of a batch, from the runs that were ready to the commit. */
import type { ErrorRecord, HeddleError } from '../../domain/errors.ts';
import type { ActionThrew } from '../../domain/event.ts';
import type { Grant } from '../../providers/capacity/pool.ts';
import type { Batch, StatusChange, TurnCommit } from '../../store/batch.ts';
import type { FateOf, Fates } from '../../store/fates.ts';
import type { ArrivalBatch } from '../wake/arrivals.ts';
import type { RunCall } from '../calls/call/run-call.ts';
import type { FoldedTurn } from '../turn/folded-turn.ts';
import type { Suspects } from '../wake/isolation.ts';
import type { HotRun } from '../turn/hot-run.ts';
import type { Incoming } from '../turn/incoming.ts';
import type { Entry } from '../wake/run-queue.ts';

/** A run with everything from which its turn is computed. */
export type Work = {
  readonly entry: Entry;
  readonly hot: HotRun;
  readonly incoming: readonly Incoming[];
  /** Set when the run cannot go on: then its turn only fails it. */
  readonly failure: ErrorRecord | null;
};

export type ComputedTurn = {
  readonly work: Work;
  readonly turn: FoldedTurn;
  readonly commit: TurnCommit;
  /** Errors of actions of earlier turns: this turn's journal begins with them. */
  readonly notes: readonly ActionThrew[];
};

/** Everything that one commit carries, and what is needed to handle its outcome. */
export type MadeBatch = {
  readonly batch: Batch;
  readonly turns: readonly ComputedTurn[];
  readonly statusChanges: readonly EntryChange[];
  readonly arrivals: ArrivalBatch | null;
  readonly grants: readonly Grant<RunCall>[];
};

/**
 * Everything that a batch has taken, from its beginning on. If anything fails, all of it is given back.
 */
export type Taken = {
  /** Set when the batch holds only this kind of thing, to try it apart from others. */
  readonly apart: Suspects['kind'] | null;
  /** Runs whose turns are not computed yet. */
  entries: readonly Entry[];
  works: readonly Work[];
  arrived: ArrivalBatch | null;
  made: MadeBatch | null;
  /**
   * Runs whose turn cannot be made because of an error that they have not caused. They are not in the
   * commit.
   */
  readonly faulty: Faulty[];
};

export function newTaken(apart: Taken['apart']): Taken {
  return { apart, entries: [], works: [], arrived: null, made: null, faulty: [] };
}

/** `hot`: the run as it was read; null if it was not read. */
export type Faulty = Pick<Work, 'entry' | 'incoming'> & {
  readonly hot: HotRun | null;
  readonly fault: HeddleError;
};

/** A status that changes between turns. The run takes no turn until the change is committed. */
export type EntryChange = { readonly entry: Entry; readonly change: StatusChange };

/** Calls to which the batch has given a slot and which its commit did not put into that slot. */
export function outsideSlots(
  { batch, grants }: MadeBatch,
  fates: Fates,
): { readonly call: RunCall; readonly fate: FateOf['slots'] }[] {
  if (fates.all('slots').size === 0) return [];
  const bySlot = new Map<string, FateOf['slots']>();
  batch.slots.forEach(({ provider, slot }, i) => {
    const fate = fates.of('slots', i);
    if (fate !== null) bySlot.set(`${provider} ${slot}`, fate);
  });
  return grants.flatMap(({ call, provider, slot }) => {
    const fate = bySlot.get(`${provider} ${slot}`);
    return fate === undefined ? [] : { call, fate };
  });
}
