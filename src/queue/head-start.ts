/**
 * How far a pipeline that has begun goes ahead of its user's account. Among users who take turns one
 * item at a time, a pipeline that has had its first call would wait for its second until everybody
 * has had one more: all pipelines would be begun before any is finished.
 *
 * It owns the turns that the latest pipelines have had, `headStartPipelinesMax` at least, and forgets older
 * ones: such a pipeline only loses its head start, as all do when their queue or the process ends.
 */
import type { CapacitySettings } from '../domain/capacity-settings.ts';
import { RecentKeys } from './recent-keys.ts';

type Settings = Pick<
  CapacitySettings['fairness'],
  'headStartItems' | 'headStartTurnsMax' | 'headStartPipelinesMax'
>;

export class HeadStarts {
  readonly #itemsPerTurn: number;
  /** By turns had: in the first those of one or more, in the next those of two or more. */
  readonly #had: readonly RecentKeys[];

  constructor({ headStartItems, headStartTurnsMax, headStartPipelinesMax }: Settings) {
    this.#itemsPerTurn = headStartItems;
    this.#had = Array.from(
      { length: headStartTurnsMax },
      () => new RecentKeys(headStartPipelinesMax),
    );
  }

  hadTurn(pipeline: string): void {
    for (const turns of this.#had) if (turns.add(pipeline)) return;
  }

  /** How many items ahead. */
  items(pipeline: string): number {
    return this.#had.filter((turns) => turns.has(pipeline)).length * this.#itemsPerTurn;
  }
}
