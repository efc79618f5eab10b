/**
 * How long calls have waited (design §8): only then is a place that idles a loss. The pool knows it, as
 * slot-time on offer while a call waited; divided by the slots that it was told of, that is time.
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
