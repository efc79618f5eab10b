/**
 * How many turns a batch may hold. When a thousand runs start at once, the first calls go out after some
 * tens of turns and not after hundreds. While there is more to do, each commit takes more.
 */
import type { CapacitySettings } from '../../domain/capacity-settings.ts';

export class BatchSize {
  readonly #turnsMax: number;
  readonly #settings: CapacitySettings['batches'];
  #max: number;

  constructor(turnsMax: number, settings: CapacitySettings['batches']) {
    this.#turnsMax = turnsMax;
    this.#settings = settings;
    this.#max = settings.turnsFirst;
  }

  max({ areSlotsScarce }: { readonly areSlotsScarce: boolean }): number {
    const { besideQueueMax } = this.#settings;
    return Math.min(this.#max, this.#turnsMax, areSlotsScarce ? besideQueueMax : Infinity);
  }

  /** A batch has begun with `turns` turns, where it might have held `of`. */
  begun(turns: number, of: number): void {
    const { turnsFirst, growthFactor, fullShare } = this.#settings;
    const by = turns > of * fullShare ? growthFactor : 1 / growthFactor;
    this.#max = Math.min(Math.max(Math.floor(this.#max * by), turnsFirst), this.#turnsMax);
  }
}
