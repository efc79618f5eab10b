/**
 * Deletes runs that ended longer than `retainMs` ago, and what is of no use after a day whatever the retention (commit
 * ids, keys, requests, former replicas): in bounded batches, so that no table grows for ever.
 */
import type { Store } from '../../store/port.ts';
import type { Clock, Log } from '../ports.ts';
import { Rhythm } from '../wake/rhythm.ts';
import { thrownText } from '../../domain/thrown.ts';

const batchRuns = 1_000;
const restMs = 60_000;
/**
 * The rest after a full batch, when there is more to delete: short, but it leaves the database to the
 * runs.
 */
const moreMs = 1_000;

type HousekeepingOptions = {
  readonly store: Pick<Store, 'prune'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Null keeps ended runs. */
  readonly retainMs: number | null;
};

export class Housekeeping {
  readonly #options: HousekeepingOptions;
  readonly #rhythm: Rhythm;
  #isMore = false;

  constructor(options: HousekeepingOptions) {
    const { clock, log } = options;
    this.#options = options;
    this.#rhythm = new Rhythm({
      clock,
      round: () => this.#prune(),
      pauseMs: () => (this.#isMore ? moreMs : restMs),
      failed: (error) => log.warn('retention failed', { error: thrownText(error) }),
    });
  }

  start(): void {
    const { retainMs } = this.#options;
    this.#rhythm.start(Math.min(restMs, retainMs ?? restMs));
  }

  close(): void {
    void this.#rhythm.close();
  }

  async #prune(): Promise<void> {
    const { store, retainMs } = this.#options;
    this.#isMore = false;
    const { isMore } = await store.prune({ olderThanMs: retainMs, limit: batchRuns });
    this.#isMore = isMore;
  }
}
