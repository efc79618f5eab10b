/**
 * How many turns a batch may hold. When a thousand runs start at once, the first calls go out after
 * some tens of turns and not after hundreds; the more there is to do, the more goes into each commit.
 */

/** Turns of the first batch after idleness; a full one lets the next be larger. */
const firstMax = 48;
const growth = 1.25;

/**
 * Turns of a batch while calls wait for slots that last: a large one would keep this process from what gives
 * slots on, and hurries to calls that can only queue.
 */
const besideQueueMax = 25;

export class BatchSize {
  readonly #turnsMax: number;
  #max = firstMax;

  constructor(turnsMax: number) {
    this.#turnsMax = turnsMax;
  }

  max({ areSlotsScarce }: { readonly areSlotsScarce: boolean }): number {
    return Math.min(this.#max, this.#turnsMax, areSlotsScarce ? besideQueueMax : Infinity);
  }

  /** A batch holds so many turns of those that it might. */
  begun(turns: number, of: number): void {
    // A group of starts that did not fit whole leaves it a little under its bound.
    const by = turns > of * 0.9 ? growth : 1 / growth;
    this.#max = Math.min(Math.max(Math.floor(this.#max * by), firstMax), this.#turnsMax);
  }
}
