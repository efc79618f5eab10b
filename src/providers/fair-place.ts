/** Where an item stands in a fair queue: whose it is, and what it costs. */
import type { Priority } from '../domain/priority.ts';

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
