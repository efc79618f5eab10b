/**
 * Turns that did not commit: which of them are computed again, and from what, and when their run is
 * failed instead. Such a failure stands in the run's entry, so that it goes when the run leaves memory.
 */
import { heddleError, type ErrorRecord, type HeddleError } from '../../../domain/errors.ts';
import type { FateOf } from '../../../store/fates.ts';
import type { HotRun } from '../../turn/hot-run.ts';
import type { Entry } from '../../wake/run-queue.ts';
import type { FreshStarts } from '../fresh-starts.ts';
import type { Work } from '../made-batch.ts';
import type { DroppedRuns } from './dropped-runs.ts';
import type { RoomsBelow } from '../rooms-below.ts';

/** The most tries of one turn before its run is failed. A stale state ends after far fewer tries. */
const triesMax = 50;
/**
 * A conflict means that another turn has committed, so with many runs that write one key a turn may need
 * many tries.
 */
const conflictsMax = 100_000;

type RepeatedTurnsOptions = Pick<RoomsBelow, 'calls' | 'log' | 'runQueue'> & {
  readonly fresh: FreshStarts;
  readonly dropped: DroppedRuns;
};

export class RepeatedTurns {
  readonly #options: RepeatedTurnsOptions;
  readonly #dropped: DroppedRuns;

  constructor(options: RepeatedTurnsOptions) {
    this.#options = options;
    this.#dropped = options.dropped;
  }

  takeFailure(entry: Entry): ErrorRecord | null {
    const { failure } = entry;
    entry.failure = null;
    return failure;
  }

  /** The store refuses the run's own data, so no try can succeed: its next turn only fails it. */
  failNext(entry: Entry, incoming: Work['incoming'], error: HeddleError): void {
    entry.failure = error.toJSON();
    this.#again(entry, incoming, null);
  }

  /** Handles the fate of a turn whose run is still here. */
  notCommitted(work: Work, fate: FateOf['turns']): void {
    const { entry, hot, incoming } = work;
    const { runId } = entry.address;
    switch (fate.kind) {
      case 'conflict':
        // The turn is computed again from fresh reads, and proposes its calls again.
        this.#options.calls.abandon(runId, 'durable');
        return this.#again(entry, incoming, hot, conflictsMax);
      case 'answered':
        return this.#answered(work);
      case 'stale':
        if (hot.fresh) return this.#dropped.dropFresh(entry, new Error('the run exists already'));
        this.#dropped.forget(runId);
        return this.#again(entry, incoming, null);
      case 'fenced':
        this.#dropped.wasFenced.tell();
        if (hot.fresh) this.#options.fresh.queue(hot.run);
        this.#dropped.gone(entry);
        return;
      case 'poison':
        return this.#poisoned(work, fate.reason);
    }
  }

  /** The turn is tried again. If `hot` is null, the run's row is read first. */
  #again(entry: Entry, incoming: Work['incoming'], hot: HotRun | null, max = triesMax): void {
    entry.tries += 1;
    if (entry.tries > max) {
      const reason = `its turn did not commit in ${max} tries`;
      const { runId } = entry.address;
      entry.failure = heddleError('run-failed', { runId, reason }).toJSON();
    }
    if (hot === null) entry.look = true;
    this.#options.runQueue.retry(entry, incoming, hot);
  }

  /** The answer is in the run's inbox by now: the turn is computed anew with it (promise 12). */
  #answered({ entry, incoming, hot, failure }: Work): void {
    const { runId } = entry.address;
    this.#options.calls.abandon(runId, 'durable');
    if (failure !== null) entry.failure = failure;
    entry.look = true;
    this.#again(entry, incoming, hot, conflictsMax);
  }

  #poisoned(work: Work, reason: string): void {
    const { runId } = work.entry.address;
    if (work.failure !== null) {
      this.#options.log.warn('even the failure of a run is refused', { runId, reason });
      const error = heddleError('store-poison', { reason });
      if (work.hot.fresh) this.#dropped.dropFresh(work.entry, error);
      else this.#dropped.gone(work.entry);
      return;
    }
    this.#options.calls.abandon(runId, 'durable');
    work.entry.failure = heddleError('store-poison', { reason }).toJSON();
    this.#again(work.entry, work.incoming, work.hot);
  }
}
