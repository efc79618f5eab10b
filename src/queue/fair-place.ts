/** An item's place in a fair line: its tenant, user and pipeline, and its cost. */
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
   * The charge for the item when it is popped. The code that sets a cost calls `settle` or
   * `putBack` once for each pop. Default: 1, and neither is called.
   */
  readonly cost?: number | undefined;
  /** The tenant's share against other tenants'. Default: 1. */
  readonly weight?: number | undefined;
};

/**
 * An item that carries its own place and what its line notes about it. A hundred thousand of them can
 * wait without a second object each.
 */
export interface FairItem extends FairPlace, HeapMember, SecondHeapMember {
  /** Set before the item is pushed, by the code that pushes it. */
  order: number;
  /**
   * The account of the item's user in the line that holds the item; null outside a line. Only the line
   * sets it.
   */
  account: object | null;
  /** True if the pipeline had had no turn when the item was pushed. Only the line sets it. */
  isNew: boolean;
}
