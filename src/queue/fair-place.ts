/** Where an item stands in a fair line: whose it is, and what it costs. */
import type { Priority } from '../domain/priority.ts';
import type { HeapMember, SecondHeapMember } from './indexed-heap.ts';

export type FairPlace = {
  readonly tenant: string;
  readonly user: string;
  readonly pipeline: string;
  readonly pipelineStartedAtMs: number;
  /** Place among the items of the pipeline, lower first. Default: the order of arrival. */
  readonly order?: number | undefined;
  /** Default: `normal`. */
  readonly priority?: Priority | undefined;
  /**
   * What it is charged when it is popped. Whoever gives one calls `settle` or `putBack` once for
   * each pop. Default: 1, and nothing follows.
   */
  readonly cost?: number | undefined;
  /** The tenant's share against others'. Default: 1. */
  readonly weight?: number | undefined;
};

/**
 * An item that carries its place itself, and what its line notes of it: a hundred thousand of them wait
 * without a second object each.
 */
export interface FairItem extends FairPlace, HeapMember, SecondHeapMember {
  /** Its user sets it before it is pushed. */
  order: number;
  /** The account of its user in the line that it stands in; null: it stands in none. The line's own. */
  account: object | null;
  /** Its pipeline had had no turn when it came. The line's own. */
  isNew: boolean;
}
