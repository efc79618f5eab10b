/**
 * How long calls have waited: an idle slot is a loss only in that time. The pool knows it as slot-time
 * on offer while a call waited; divided by the slots that the pool was told of, that is time.
 */
export class Demand {
  readonly #slots: number;
  #offered: () => number = () => 0;

  /** Slots of all providers as heddle was told of them, whatever they truly have. */
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
