/**
 * How far a pipeline that has begun goes ahead of its user's account. If users took turns one item at
 * a time, a pipeline that has had its first call would wait for its second until every user has had
 * one more: all pipelines would be begun before any is finished.
 *
 * It owns the turns that the latest pipelines have had, at least `headStartPipelinesMax` of them. It
 * forgets older ones: such a pipeline only loses its head start, as all do when their queue or the
 * process ends.
 */
import type { CapacitySettings } from '../domain/capacity-settings.ts';
import { RecentKeys } from './recent-keys.ts';

type Settings = Pick<
  CapacitySettings['fairness'],
  'headStartItems' | 'headStartTurnsMax' | 'headStartPipelinesMax'
>;

export class HeadStarts {
  readonly #itemsPerTurn: number;
  /**
   * By number of turns: the first holds pipelines that had one turn or more, the next two or more, and
   * so on.
   */
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

  /** The head start in items. */
  items(pipeline: string): number {
    return this.#had.filter((turns) => turns.has(pipeline)).length * this.#itemsPerTurn;
  }
}
