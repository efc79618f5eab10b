/**
 * Group commit (design §3): turns that are ready together share one transaction. While one commit
 * is in flight the next batch gathers, so an idle system commits at once and a busy one commits
 * hundreds of turns together.
 *
 * Owns when a batch is made and how many are under way. Leaves what goes into one to `TurnBatch`.
 *
 * 1. At most `batchesMax` batches are under way; a run is in one of them at most.
 * 2. Nothing is sent outside before the commit that it belongs to (promises 1 and 5).
 * 3. A batch whose commit fails for want of a database is tried again, the very same one, until it
 *    has an answer or this replica may no longer commit. The commit's id makes that safe.
 */
import type { Clock } from '../ports.ts';

/** What makes batches and carries them through. */
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

  /** Where batches come from: all that may request one is built before what makes them. */
  carry(source: BatchSource): void {
    this.#source = source;
  }

  /** True when a batch that is requested now begins at once. */
  get hasRoom(): boolean {
    return !this.#closing && this.#underWay < this.#batchesMax;
  }

  /** Something may be ready. Cheap: call it as often as you like. */
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
    // It never rejects; if it did, that would be no reason to end the process, or to count it for ever.
    source.runBatch().then(over, over);
    // There may be more than one batch holds.
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
