/**
 * How a run leaves this process's memory: because it has ended, because another replica owns its shard,
 * or because its state in memory may be wrong and it is loaded anew.
 *
 * Owns what is dropped together with the run: its calls, its tasks, its wait status, and what its
 * actions threw.
 */
import type { RunId } from '../../../domain/ids.ts';
import type { RunAddress } from '../../../store/rows.ts';
import { Signal } from '../../signal.ts';
import type { Entry } from '../../wake/run-queue.ts';
import type { FreshStarts } from '../fresh-starts.ts';
import type { Work } from '../made-batch.ts';
import type { ActionErrors } from './action-errors.ts';
import type { WaitStatus } from './wait-status.ts';
import type { RoomsBelow } from '../rooms-below.ts';

type DroppedRunsOptions = Pick<RoomsBelow, 'calls' | 'runQueue' | 'shards' | 'tasks'> & {
  readonly actionErrors: ActionErrors;
  readonly fresh: FreshStarts;
  readonly waitStatus: WaitStatus;
};

export class DroppedRuns {
  readonly #options: DroppedRunsOptions;
  /** A commit met a newer epoch: this replica must ask again which shards it owns. */
  readonly wasFenced = new Signal();

  constructor(options: DroppedRunsOptions) {
    this.#options = options;
  }

  /**
   * True when the run's shard was lost while the turn was computed. The turn must not commit, even if
   * the shard has come back: a state that was loaded at the new epoch does not know of this turn.
   */
  isGone({ entry, hot }: Work): boolean {
    if (this.#options.runQueue.entry(entry.address.runId) === entry) return false;
    if (hot.fresh) this.#options.fresh.queue(hot.run);
    return true;
  }

  /** The run has ended or never existed. Later wake-ups find nothing. */
  gone(entry: Entry): null {
    this.forget(entry.address.runId);
    this.#options.runQueue.dropEntry(entry);
    return null;
  }

  /** A part of this run met a newer epoch: the run is dropped from memory. */
  fenced({ runId }: RunAddress): void {
    this.wasFenced.tell();
    this.drop(runId);
  }

  /**
   * Another replica owns the run: nothing of it stays in memory. A fresh run whose first turn waited to
   * be tried again has no row yet, so it is queued: its start waits for an answer.
   */
  drop(runId: RunId): void {
    const { fresh, runQueue } = this.#options;
    const entry = runQueue.entry(runId);
    this.forget(runId);
    runQueue.drop(runId);
    // While the run is in a turn, `isGone` or the outcome of its commit does this.
    if (entry?.inTurn === false && entry.hot?.fresh === true) fresh.queue(entry.hot.run);
  }

  /** A run that was to begin cannot: its start is answered with the error. */
  dropFresh(entry: Entry, error: unknown): void {
    this.gone(entry);
    this.#options.fresh.failed(entry.address.runId, error);
  }

  reload(run: RunAddress): void {
    this.forget(run.runId);
    this.#options.runQueue.drop(run.runId);
    if (this.#options.shards.owns(run.shard)) this.#options.runQueue.wake(run);
  }

  /** Drops what belongs to a run; the run itself stays in the queue. */
  forget(runId: RunId): void {
    const { actionErrors, calls, tasks, waitStatus } = this.#options;
    calls.abandon(runId, 'nothing');
    tasks.abandon(runId);
    actionErrors.forget(runId);
    waitStatus.forget(runId);
  }
}
