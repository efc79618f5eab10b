/**
 * Estimates from refusals how many calls a provider took at once. Calls that are sent together arrive
 * in any order, so they are counted together: the provider took the calls that were in flight before a
 * batch, and those of the batch that it did not refuse.
 *
 * It owns the batches that were sent last. learned-limit.ts decides what follows.
 *
 * 1. An estimate is never too low: calls that have ended since made room, and count as taken. So the
 *    lowest estimate over a burst's batches is the best guess.
 * 2. It keeps `batchesMax` batches, and gives no estimate for a call from before those.
 */
type Batch = {
  /** The number of its first call, counted over all calls. */
  readonly first: number;
  readonly atMs: number;
  /** Calls in flight before it, without those that were refused since. */
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

  /** A call was sent, the `calling`th in flight. Calls of one instant are one batch. */
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

  /** The `sentAs`th call was refused. Returns how many calls in flight were taken; null if unknown. */
  refused(sentAs: number): number | null {
    const at = this.#batches.findLastIndex(({ first }) => first <= sentAs);
    const batch = this.#batches[at];
    if (batch === undefined) return null;
    batch.refused += 1;
    for (const later of this.#batches.slice(at + 1)) later.before -= 1;
    return batch.before + batch.size - batch.refused;
  }
}
