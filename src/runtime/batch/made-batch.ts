/** What a batch is made of, between the runs that were ready and the commit. */
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

/** A run with what its turn is computed from. */
export type Work = {
  readonly entry: Entry;
  readonly hot: HotRun;
  readonly incoming: readonly Incoming[];
  /** Set when the run cannot go on: its turn only fails it. */
  readonly failure: ErrorRecord | null;
};

export type ComputedTurn = {
  readonly work: Work;
  readonly turn: FoldedTurn;
  readonly commit: TurnCommit;
  /** Of turns before it, which its journal says first. */
  readonly notes: readonly ActionThrew[];
};

/** Everything that one commit carries, with what is to be told of its outcome. */
export type MadeBatch = {
  readonly batch: Batch;
  readonly turns: readonly ComputedTurn[];
  readonly statusChanges: readonly EntryChange[];
  readonly arrivals: ArrivalBatch | null;
  readonly grants: readonly Grant<RunCall>[];
};

/** What a batch has in its hands, from its beginning on: whatever fails, all of it can be given back. */
export type Taken = {
  /** Set when only this kind of thing is in the batch, to be tried apart from the others. */
  readonly apart: Suspects['kind'] | null;
  /** Runs whose turns are not computed yet. */
  entries: readonly Entry[];
  works: readonly Work[];
  arrived: ArrivalBatch | null;
  made: MadeBatch | null;
  /** Runs whose own turn cannot be made, for a fault that is not theirs: they are not in the commit. */
  readonly faulty: Faulty[];
};

export function newTaken(apart: Taken['apart']): Taken {
  return { apart, entries: [], works: [], arrived: null, made: null, faulty: [] };
}

/** `hot`: the run as it was read, where it was. */
export type Faulty = Pick<Work, 'entry' | 'incoming'> & {
  readonly hot: HotRun | null;
  readonly fault: HeddleError;
};

/** A status that changes between turns; the run takes no turn while it is committed. */
export type EntryChange = { readonly entry: Entry; readonly change: StatusChange };

/** Calls that the batch has put into slots and that did not come into them, with its commit. */
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
