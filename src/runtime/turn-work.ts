/** What a batch is made of, between the runs that were ready and the commit. */
import type { ErrorRecord } from '../domain/errors.ts';
import type { Grant } from '../providers/pool.ts';
import type { Batch, StatusChange, TurnCommit } from '../store/batch.ts';
import type { ArrivalBatch } from './arrivals.ts';
import type { RunCall } from './calls-by-run.ts';
import type { FoldedTurn } from './turn/folded-turn.ts';
import type { HotRun } from './turn/hot-run.ts';
import type { Incoming } from './turn/incoming.ts';
import type { Entry } from './workbench.ts';

export const noArrivals: Batch['arrivals'] = { starts: [], inbox: [], messages: [], memory: [] };

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
};

/** Everything that one commit carries, with what is to be told of its outcome. */
export type MadeBatch = {
  readonly batch: Batch;
  readonly turns: readonly ComputedTurn[];
  readonly statusChanges: readonly EntryChange[];
  readonly arrivals: ArrivalBatch | null;
  readonly grants: readonly Grant<RunCall>[];
};

/** A status that changes between turns; the run takes no turn while it is committed. */
export type EntryChange = { readonly entry: Entry; readonly change: StatusChange };

/** A batch that was not committed, with what it was made of. */
export type FailedBatch = {
  readonly entries: readonly Entry[];
  readonly works: readonly Work[];
  readonly made: MadeBatch | null;
  readonly arrived: ArrivalBatch | null;
  readonly error: unknown;
};
