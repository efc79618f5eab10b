/**
 * Where work waits that must not begin while the lease is in doubt: provider calls and tasks reach
 * outside, and no fence can take that back.
 *
 * Owns what waits, in its order. Leaves it to what waits to find that nobody wants it any more.
 */
export class LeaseValve {
  #held: (() => void)[] = [];
  #isShut = false;

  /** Begins now, or when the gate opens. */
  pass(begin: () => void): void {
    if (this.#isShut) this.#held.push(begin);
    else begin();
  }

  shut(): void {
    this.#isShut = true;
  }

  open(): void {
    this.#isShut = false;
    for (const begin of this.#held.splice(0)) begin();
  }
}
