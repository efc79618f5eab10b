/**
 * How far a pipeline that has begun goes ahead of its user's account. Among users who take turns one
 * item at a time, a pipeline that has had its first call would wait for its second until everybody
 * has had one more: all pipelines would be begun before any is finished.
 *
 * It owns the turns that the latest pipelines have had, `pipelinesMax` at least, and forgets older
 * ones: such a pipeline only loses its head start, as all do when their queue or the process ends.
 */
import { RecentKeys } from './recent-keys.ts';

/** Items ahead for each turn that the pipeline has had. Why two and two: docs/decisions.md. */
const itemsPerTurn = 2;
const turnsMax = 2;

/** In items of the same cost. */
export const headStartMax = itemsPerTurn * turnsMax;

const pipelinesMax = 10_000;

export class HeadStarts {
  /** By turns had: in the first those of one or more, in the next those of two or more. */
  readonly #had = Array.from({ length: turnsMax }, () => new RecentKeys(pipelinesMax));

  hadTurn(pipeline: string): void {
    for (const turns of this.#had) if (turns.add(pipeline)) return;
  }

  /** How many items ahead. */
  items(pipeline: string): number {
    return this.#had.filter((turns) => turns.has(pipeline)).length * itemsPerTurn;
  }
}
