/**
 * Holds back provider calls and tasks while the lease is in doubt: they act outside the database, and no
 * fencing number can undo that.
 *
 * Owns the work that waits, in its order. Each piece of work checks for itself, when it begins, whether it
 * is still wanted.
 */
export class LeaseValve {
  #held: (() => void)[] = [];
  #isShut = false;

  /** Begins now, or when the valve opens. */
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
