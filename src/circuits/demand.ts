/**
 * Measures for how long calls have waited, because an idle slot is a loss only in that time. The
 * pool counts the slot-time that it had on offer while a call waited; divided by the number of
 * slots that the pool was told of, that is a time.
 */
export class Demand {
  readonly #slots: number;
  #offered: () => number = () => 0;

  /** `slots`: of all providers, as heddle was told of them, which may differ from their true number. */
  constructor(slots: number) {
    this.#slots = slots;
  }

  readFrom(offered: () => number): void {
    this.#offered = offered;
  }

  /** Milliseconds in which at least one call waited. */
  get ms(): number {
    return this.#offered() / this.#slots;
  }
}
