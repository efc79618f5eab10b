/**
 * Group commit: turns that are ready together share one transaction. While one commit is in flight the
 * next batch gathers, so an idle system commits at once and a busy one commits hundreds of turns
 * together.
 *
 * Owns when a batch is made and how many are under way. Leaves what goes into one to `TurnBatch`.
 *
 * 1. At most `batchesMax` batches are under way; a run is in one of them at most.
 * 2. Nothing is sent outside before the commit that it belongs to (promises 1 and 5).
 * 3. When the database does not answer a commit, the very same batch is tried again, until the database
 *    answers or this replica may no longer commit. The commit's id makes that safe.
 */
import type { Clock } from '../ports.ts';

/** The part that makes batches and carries them through. */
export interface BatchSource {
  /** True when a batch would hold something. */
  readonly hasWork: boolean;
  /** Makes one batch and sees it through; never rejects. */
  runBatch(): Promise<void>;
}

export class Committer {
  readonly #clock: Clock;
  #source: BatchSource | null = null;
  readonly #batchesMax: number;
  readonly #idle: (() => void)[] = [];
  #underWay = 0;
  #scheduled = false;
  #closing = false;

  constructor(options: { readonly clock: Clock; readonly batchesMax: number }) {
    this.#clock = options.clock;
    this.#batchesMax = options.batchesMax;
  }

  /**
   * Sets where batches come from. It is not given to the constructor, because the parts that request
   * batches are built before the part that makes them.
   */
  carry(source: BatchSource): void {
    this.#source = source;
  }

  /** True when a batch that is requested now begins at once. */
  get hasRoom(): boolean {
    return !this.#closing && this.#underWay < this.#batchesMax;
  }

  /** Requests a batch, if anything is ready for one. Cheap: it may be called often. */
  readonly request = (): void => {
    if (this.#scheduled || this.#closing) return;
    if (this.#underWay >= this.#batchesMax) return;
    this.#scheduled = true;
    this.#clock.soon(() => {
      this.#scheduled = false;
      this.#start();
    });
  };

  #start(): void {
    const source = this.#source;
    if (source === null || this.#closing || this.#underWay >= this.#batchesMax) return;
    if (!source.hasWork) return;
    this.#underWay += 1;
    const over = (): void => {
      this.#underWay -= 1;
      if (this.#underWay === 0) for (const tell of this.#idle.splice(0)) tell();
      this.request();
    };
    // `runBatch` never rejects. If it did, the process must not end for that, and the batch must not be
    // counted as under way for ever.
    source.runBatch().then(over, over);
    // More may be ready than one batch holds.
    this.request();
  }

  /** Takes no new batch and resolves when those under way have ended. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.quiet();
  }

  /** Resolves when no batch is under way. */
  quiet(): Promise<void> {
    if (this.#underWay === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }
}
