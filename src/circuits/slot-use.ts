/**
 * Measures which part of the providers' true ceilings was in use while a call waited: below 1, a
 * slot was idle while a call waited for one.
 *
 * The pool knows when calls wait, but not how many calls a provider has. To the pool a slot is in
 * use until the call's result is committed; to the provider only until it has answered. So the time
 * of demand is multiplied here by the calls that are truly in flight, which change only in
 * `change`.
 */
import type { Demand } from './demand.ts';

export type SlotMs = { readonly used: number; readonly offered: number };

export class SlotUse {
  readonly #ceiling: number;
  readonly #demand: Demand;
  #countedMs = 0;
  #usedMs = 0;
  #inFlight = 0;

  /** `ceiling` is that of all providers together. */
  constructor(of: { readonly ceiling: number; readonly demand: Demand }) {
    this.#ceiling = of.ceiling;
    this.#demand = of.demand;
  }

  /** Call it before each begin (1) and end (-1) of a provider call. */
  change(by: -1 | 0 | 1): void {
    const { ms } = this.#demand;
    // A call that is about to be refused holds no slot, so more calls may be in flight than there
    // are slots.
    this.#usedMs += (ms - this.#countedMs) * Math.min(this.#inFlight, this.#ceiling);
    this.#countedMs = ms;
    this.#inFlight += by;
  }

  get slotMs(): SlotMs {
    this.change(0);
    return { used: this.#usedMs, offered: this.#countedMs * this.#ceiling };
  }
}
