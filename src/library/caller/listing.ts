/** Lists of runs, and what is done to all runs of one, as one caller may: `heddle.listing`. */
import { asRunId, type RunId } from '../../domain/ids.ts';
import type { OneTenant, TenantScope } from '../../domain/scope.ts';
import type { RunFacets } from '../../store/ports/listing-port.ts';
import { partOf, type RequestAsked } from '../../store/requests/request-rows.ts';
import type { RunAddress } from '../../store/rows.ts';
import {
  countMeant,
  steerMany,
  type BulkCommand,
  type BulkCount,
  type BulkDone,
  type BulkRequest,
  type Steering,
} from '../listing/bulk.ts';
import { childrenOf, type ChildrenQuery, type RunChildren } from '../listing/children.ts';
import type { RunsFilter } from '../listing/run-filter.ts';
import { countRuns, listRuns, type RunList, type RunListQuery } from '../listing/run-list.ts';
import type { Run } from '../run-handle.ts';
import type { Caller, ClaimedRequest, Door } from './door.ts';

type HandleOf = (
  address: RunAddress,
  scope: OneTenant,
  request: RequestAsked | null,
) => Pick<Run, BulkCommand>;

/** Lists of runs: pages by filter, counts, trees of children, and commands to all open runs of a filter. */
export class Listing {
  readonly #door: Door;
  readonly #scope: TenantScope;
  readonly #claimed: ClaimedRequest | null;
  readonly #handleOf: HandleOf;

  /** @internal */
  constructor(
    door: Door,
    { scope, claimed = null }: Pick<Caller, 'scope' | 'claimed'>,
    handleOf: HandleOf,
  ) {
    this.#door = door;
    this.#scope = scope;
    this.#claimed = claimed;
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
    const claimed = this.#claimed;
    const partFor = (runId: RunId): RequestAsked | null =>
      claimed === null ? null : partOf(claimed.request, runId);
    const steering: Steering = {
      store,
      toldBefore: async (scope, limit) => {
        if (claimed === null) return [];
        return (await store.requestParts(scope, { ...claimed.request, limit })).map(asRunId);
      },
      checkHeld: () => claimed?.checkHeld(),
      tell: ({ tenant, runId, shard }, scope, reason) =>
        this.#handleOf({ tenant, runId, shard }, scope, partFor(runId))[command](reason),
    };
    return steerMany(steering, command, { filter, request }, this.#scope);
  }
}
