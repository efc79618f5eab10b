/**
 * How many calls a provider took at once, told by those that it refused. Calls that are sent together
 * arrive in any order, so they are counted together: of a batch, those that were in flight before it
 * and those of it that were not refused have been taken.
 *
 * It owns the batches that were sent last. It leaves to learned-limit.ts what follows.
 *
 * 1. What it says is never too low: calls that ended meanwhile have made room, and count as taken.
 *    That is why the least that a burst's batches say is the best guess.
 * 2. It keeps `batchesMax` batches; of a call from before those it says nothing.
 */
type Batch = {
  /** Its first call's number, counted over all calls. */
  readonly first: number;
  readonly atMs: number;
  /** In flight before it, without those that were refused since. */
  before: number;
  size: number;
  refused: number;
};

export class SentBatches {
  readonly #batches: Batch[] = [];
  readonly #batchesMax: number;
  #sent = 0;

  constructor(batchesMax: number) {
    this.#batchesMax = batchesMax;
  }

  /** A call was sent, the `calling`th in flight; those of one instant are one batch. */
  sent(calling: number, nowMs: number): void {
    this.#sent += 1;
    const last = this.#batches.at(-1);
    if (last?.atMs === nowMs) {
      last.size += 1;
      return;
    }
    this.#batches.push({
      first: this.#sent,
      atMs: nowMs,
      before: calling - 1,
      size: 1,
      refused: 0,
    });
    if (this.#batches.length > this.#batchesMax) this.#batches.shift();
  }

  /** The `sentAs`th call was refused: how many were taken of what was in flight; null if unknown. */
  refused(sentAs: number): number | null {
    const at = this.#batches.findLastIndex(({ first }) => first <= sentAs);
    const batch = this.#batches[at];
    if (batch === undefined) return null;
    batch.refused += 1;
    for (const later of this.#batches.slice(at + 1)) later.before -= 1;
    return batch.before + batch.size - batch.refused;
  }
}
