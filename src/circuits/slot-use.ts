/**
 * How much of the providers' true ceilings was in use while a call waited (design §8): below 1, a
 * place has idled beside a queue.
 *
 * The pool knows when calls wait, but not what a provider sees: to the pool a slot is in use until
 * its result is committed, to the provider only until it has answered. So the pool's demand is
 * multiplied here with the calls that are truly in flight, which change at `change` and nowhere else.
 */
export type SlotMs = { readonly used: number; readonly offered: number };

export class SlotUse {
  readonly #ceiling: number;
  #offered: () => number = () => 0;
  #countedOffered = 0;
  #usedMs = 0;
  #inFlight = 0;

  /** Of all providers together. */
  constructor(ceiling: number) {
    this.#ceiling = ceiling;
  }

  /** Slot-milliseconds that were on offer while a call waited, by the pool's count. */
  readFrom(offered: () => number): void {
    this.#offered = offered;
    this.#countedOffered = offered();
  }

  /** Call it before each begin (1) and end (-1) of a provider call. */
  change(by: -1 | 0 | 1): void {
    const offered = this.#offered();
    this.#usedMs += ((offered - this.#countedOffered) * this.#inFlight) / this.#ceiling;
    this.#countedOffered = offered;
    this.#inFlight += by;
  }

  get slotMs(): SlotMs {
    this.change(0);
    return { used: this.#usedMs, offered: this.#countedOffered };
  }
}
