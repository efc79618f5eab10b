/** Lists of runs, as one caller may see them: `heddle.listing`. */
import type { TenantScope } from '../../domain/scope.ts';
import type { RunFacets } from '../../store/ports/listing-port.ts';
import type { RunsFilter } from '../listing/run-filter.ts';
import { countRuns, listRuns, type RunList, type RunListQuery } from '../listing/run-list.ts';
import type { Door } from './door.ts';

/** Lists of runs: pages by filter, and counts. */
export class Listing {
  readonly #door: Door;
  readonly #scope: TenantScope;

  /** @internal */
  constructor(door: Door, scope: TenantScope) {
    this.#door = door;
    this.#scope = scope;
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
}
