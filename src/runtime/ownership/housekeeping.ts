/**
 * Deletes what has been over for longer than `retainMs`, in bounded batches, so that no table grows for
 * ever.
 */
import type { Store } from '../../store/port.ts';
import type { Clock, Log } from '../ports.ts';
import { thrownText } from '../../domain/thrown.ts';

const batchRuns = 1_000;
const restMs = 60_000;

type HousekeepingOptions = {
  readonly store: Pick<Store, 'prune'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Null keeps ended runs. */
  readonly retainMs: number | null;
};

export class Housekeeping {
  readonly #options: HousekeepingOptions;
  #cancel: (() => void) | null = null;
  #closed = false;

  constructor(options: HousekeepingOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#options.retainMs !== null) this.#next(Math.min(restMs, this.#options.retainMs));
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
  }

  #next(waitMs: number): void {
    if (this.#closed) return;
    this.#cancel = this.#options.clock.setTimer(waitMs, () => void this.#prune());
  }

  async #prune(): Promise<void> {
    const { store, log } = this.#options;
    let waitMs = restMs;
    try {
      const deleted = await store.prune({
        olderThanMs: this.#options.retainMs ?? 0,
        limit: batchRuns,
      });
      // A full batch says that there is more; a short rest leaves the database to the runs.
      if (deleted >= batchRuns) waitMs = 1_000;
    } catch (error) {
      log.warn('retention failed', { error: thrownText(error) });
    }
    this.#next(waitMs);
  }
}
