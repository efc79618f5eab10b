/** How many runs have ended lately. It holds the ends of so long and no more, also of a tab that nobody sees and nobody asks. */

const rateMs = 5_000;

type End = { readonly atMs: number; readonly runs: number };

export class Ends {
  #ends: readonly End[] = [];

  get size(): number {
    return this.#ends.length;
  }

  ended(runs: number, nowMs: number): void {
    this.#ends = [...this.#lately(nowMs), { atMs: nowMs, runs }];
  }

  perSecond(nowMs: number): number {
    this.#ends = this.#lately(nowMs);
    return (this.#ends.reduce((sum, { runs }) => sum + runs, 0) * 1_000) / rateMs;
  }

  #lately(nowMs: number): readonly End[] {
    return this.#ends.filter(({ atMs }) => atMs >= nowMs - rateMs);
  }
}
