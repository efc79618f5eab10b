/** An item's place in a fair line: its tenant, user and pipeline, and its cost. */
import type { Priority } from '../domain/priority.ts';
import type { HeapMember, SecondHeapMember } from './indexed-heap.ts';

export type FairPlace = {
  readonly tenant: string;
  readonly user: string;
  readonly pipeline: string;
  readonly pipelineStartedAtMs: number;
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
export abstract class FairItem implements FairPlace, HeapMember, SecondHeapMember {
  readonly tenant: string;
  readonly user: string;
  readonly pipeline: string;
  readonly pipelineStartedAtMs: number;
  readonly priority: FairPlace['priority'];
  readonly weight: FairPlace['weight'];
  declare readonly cost?: FairPlace['cost'];
  /** Its place among the items of the pipeline, lower first. The code that pushes the item sets it. */
  order = 0;
  heapIndex = -1;
  secondIndex = -1;
  /**
   * The account of the item's user in the line that holds the item; null outside a line. Only the line
   * sets it.
   */
  account: object | null = null;
  /** True if the pipeline had had no turn when the item was pushed. Only the line sets it. */
  isNew = false;

  constructor(place: FairPlace) {
    this.tenant = place.tenant;
    this.user = place.user;
    this.pipeline = place.pipeline;
    this.pipelineStartedAtMs = place.pipelineStartedAtMs;
    this.priority = place.priority;
    this.weight = place.weight;
  }
}
