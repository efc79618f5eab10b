/**
 * Lists of runs: which are wanted, in which order, and what a list says of each. A page looks at a bounded number of
 * runs, whatever the filter: so one may be short, or empty, and not be the last.
 */
import type { RunId } from '../../domain/ids.ts';
import type { OneTenant } from '../../domain/scope.ts';
import type { RunStatus } from '../../../machines/run.ts';
import type { RunRow } from '../rows.ts';

/** Null: this field restricts nothing. */
export type RunFilter = {
  readonly statuses: readonly RunStatus[] | null;
  readonly agent: string | null;
  readonly user: string | null;
  readonly pipeline: string | null;
  /** Children of this run. */
  readonly parent: RunId | null;
  /** Runs that have ended with an error of this code. */
  readonly code: string | null;
  /** Runs that have all of these tags. */
  readonly tags: readonly string[];
  /** Ids from this one on. Ids sort by age, so this is also the age of the oldest. */
  readonly from: RunId | null;
  /** Ids below this one. */
  readonly below: RunId | null;
  /** Runs that ended at this time or later, in ms since 1970. */
  readonly endedFromMs: number | null;
  /** Runs that ended before this time. */
  readonly endedBelowMs: number | null;
};

/** Restricts nothing. */
export const anyRun: RunFilter = {
  statuses: null,
  agent: null,
  user: null,
  pipeline: null,
  parent: null,
  code: null,
  tags: [],
  from: null,
  below: null,
  endedFromMs: null,
  endedBelowMs: null,
};

/**
 * A run's place in a list. Lists are in the order of ids; those that ask when runs have ended are in the order of
 * the ends, in µs since 1970.
 */
export type RunPlace = { readonly runId: RunId; readonly endedUs: number | null };

type RunsAsked = RunFilter & {
  readonly order: 'newest' | 'oldest';
  /** The page begins behind this place. */
  readonly after: RunPlace | null;
  readonly limit: number;
};

/** A run in a list: without its texts, which may be megabytes. */
export type RunLine = Pick<
  RunRow,
  | 'runId'
  | 'tenant'
  | 'shard'
  | 'agent'
  | 'version'
  | 'user'
  | 'pipeline'
  | 'parent'
  | 'priority'
  | 'tags'
  | 'status'
  | 'reason'
  | 'turn'
  | 'createdAtMs'
  | 'endedAtMs'
> & {
  /** The code of the error with which it has ended; null for one that has none. */
  readonly code: string | null;
};

/** `next`: where the next page begins; null when nothing is left. */
export type RunPage = { readonly runs: readonly RunLine[]; readonly next: RunPlace | null };

/** The fields by whose values runs are counted. */
export type FacetField = 'status' | 'agent' | 'user' | 'code';
/** @internal */
export const facetFields = ['status', 'agent', 'user', 'code'] as const satisfies FacetField[];

/** How many runs have which value. */
export type RunFacets = {
  /** True: these are all the runs that match. False: there are more than were counted. */
  readonly isWhole: boolean;
  /** How many were counted. */
  readonly total: number;
  /** By field: how many have which value. */
  readonly by: Readonly<Record<FacetField, Readonly<Record<string, number>>>>;
};

export interface ListingStore {
  /** One page. */
  list(scope: OneTenant, query: RunsAsked): Promise<RunPage>;
  /** Counts of the newest `countMax` runs that match: of those that ended last, where the filter is about the end. */
  facets(scope: OneTenant, query: RunFilter & { readonly countMax: number }): Promise<RunFacets>;
  /** How many open runs match, `countMax` at most. */
  openCount(scope: OneTenant, query: RunFilter & { readonly countMax: number }): Promise<number>;
  /** Runs that these runs have started, by parent and then by age. */
  childrenOf(
    scope: OneTenant,
    query: { readonly parents: readonly RunId[]; readonly limit: number },
  ): Promise<readonly RunLine[]>;
}

const ended: ReadonlySet<RunStatus> = new Set(['completed', 'failed', 'cancelled']);
export const isEnded = (status: RunStatus): boolean => ended.has(status);
