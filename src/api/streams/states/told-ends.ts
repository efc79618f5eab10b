/** Runs whose ends were told, the newest `keptMax` of them: word of an end may come twice. */
const keptMax = 10_000;

export class ToldEnds {
  /** The oldest first. */
  readonly #told = new Set<string>();

  /** True the first time. */
  isNew(key: string): boolean {
    if (this.#told.has(key)) return false;
    this.#told.add(key);
    for (const oldest of this.#told) {
      if (this.#told.size <= keptMax) break;
      this.#told.delete(oldest);
    }
    return true;
  }

  clear(): void {
    this.#told.clear();
  }
}
