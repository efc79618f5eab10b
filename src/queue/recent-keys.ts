/**
 * The keys that were added last: at least `keep` of them, at most twice as many, so that the memory is
 * bounded however long the process runs. When the newer half is full, the older half is dropped at
 * once.
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

  /** Returns false if the key is there already. */
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
