/** Deletes what has been over for long enough, in bounded batches, so that nothing grows for ever. */
import { thrownText } from '../../domain/thrown.ts';
import type { Parts } from '../parts.ts';

const batchRuns = 1_000;
const restMs = 60_000;

export class Housekeeping {
  readonly #parts: Parts;
  readonly #retainMs: number | null;
  #cancel: (() => void) | null = null;
  #closed = false;

  constructor(parts: Parts, retainMs: number | null) {
    this.#parts = parts;
    this.#retainMs = retainMs;
  }

  start(): void {
    if (this.#retainMs !== null) this.#next(Math.min(restMs, this.#retainMs));
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
  }

  #next(waitMs: number): void {
    if (this.#closed) return;
    this.#cancel = this.#parts.clock.setTimer(waitMs, () => void this.#prune());
  }

  async #prune(): Promise<void> {
    const { store, log } = this.#parts;
    let waitMs = restMs;
    try {
      const deleted = await store.prune({ olderThanMs: this.#retainMs ?? 0, limit: batchRuns });
      // A full batch says that there is more; a short rest leaves the database to the runs.
      if (deleted >= batchRuns) waitMs = 1_000;
    } catch (error) {
      log.warn('retention failed', { error: thrownText(error) });
    }
    this.#next(waitMs);
  }
}
