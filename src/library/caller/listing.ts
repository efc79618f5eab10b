/** Lists of runs, and what is done to all runs of one, as one caller may: `heddle.listing`. */
import type { OneTenant, TenantScope } from '../../domain/scope.ts';
import type { RunFacets } from '../../store/ports/listing-port.ts';
import type { RunAddress } from '../../store/rows.ts';
import {
  countMeant,
  steerMany,
  type BulkCommand,
  type BulkCount,
  type BulkDone,
  type BulkRequest,
} from '../listing/bulk.ts';
import { childrenOf, type ChildrenQuery, type RunChildren } from '../listing/children.ts';
import type { RunsFilter } from '../listing/run-filter.ts';
import { countRuns, listRuns, type RunList, type RunListQuery } from '../listing/run-list.ts';
import type { Run } from '../run-handle.ts';
import type { Door } from './door.ts';

type HandleOf = (address: RunAddress, scope: OneTenant) => Pick<Run, BulkCommand>;

/** Lists of runs: pages by filter, counts, trees of children, and commands to all open runs of a filter. */
export class Listing {
  readonly #door: Door;
  readonly #scope: TenantScope;
  readonly #handleOf: HandleOf;

  /** @internal */
  constructor(door: Door, scope: TenantScope, handleOf: HandleOf) {
    this.#door = door;
    this.#scope = scope;
    this.#handleOf = handleOf;
  }

  /**
   * A page of runs, newest first, as lines without their texts. A page looks at a bounded number of runs: for a rare
   * combination of filters one may be empty and have a `next` all the same.
   */
  async runs(query: RunListQuery = {}): Promise<RunList> {
    return listRuns(this.#door.open().store, query, this.#scope);
  }

  /** How many runs match, by status, agent, user and code of the error: exact up to 10,000 runs. */
  async count(filter: RunsFilter = {}): Promise<RunFacets> {
    return countRuns(this.#door.open().store, filter, this.#scope);
  }

  /** The runs that this run has started, and those that these have started. Throws `run-unknown`. */
  async children(runId: string, query: ChildrenQuery = {}): Promise<RunChildren> {
    return childrenOf(this.#door.open().store, runId, query, this.#scope);
  }

  /** How many open runs the command would reach: show it to whoever decides, and give it to `command`. */
  async meant(command: BulkCommand, filter: RunsFilter): Promise<BulkCount> {
    return countMeant(this.#door.open().store, command, filter, this.#scope);
  }

  /**
   * Gives the command to the open runs that the filter means: to 1,000 at most, the oldest. Throws `more-match`, and
   * does nothing, when more match than were counted before.
   */
  async command(command: BulkCommand, filter: RunsFilter, request: BulkRequest): Promise<BulkDone> {
    const { store } = this.#door.open();
    const steering = {
      store,
      tell: ({ tenant, runId, shard }: RunAddress, scope: OneTenant, reason: string) =>
        this.#handleOf({ tenant, runId, shard }, scope)[command](reason),
    };
    return steerMany(steering, command, { filter, request }, this.#scope);
  }
}
