/**
 * How long calls have waited: an idle slot is a loss only in that time. The pool counts it as slot-time
 * on offer while a call waited. Divided by the slots that the pool was told of, that is time.
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
