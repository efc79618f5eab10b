/**
 * The keys that were added last: at least `keep` of them, at most twice as many, so that who keeps
 * them may run for ever. The older half goes at once when the newer one is full.
 */
export class RecentKeys {
  readonly #keep: number;
  #newer = new Set<string>();
  #older = new Set<string>();

  constructor(keep = 100_000) {
    this.#keep = keep;
  }

  has(key: string): boolean {
    return this.#newer.has(key) || this.#older.has(key);
  }

  /** False when it is there already. */
  add(key: string): boolean {
    if (this.has(key)) return false;
    if (this.#newer.size >= this.#keep) {
      this.#older = this.#newer;
      this.#newer = new Set();
    }
    this.#newer.add(key);
    return true;
  }
}
