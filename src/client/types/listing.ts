/** Which runs are wanted, and counts of them, as the API takes and answers them. */
import type { Run, RunStatus } from '../api-types.ts';
import type { CallPhase, ListedCall } from './call.ts';

/** Which runs are meant. A field that is left out restricts nothing. */
export type RunsFilter = {
  /** In one of these statuses. */
  readonly status?: readonly RunStatus[];
  /** Of this agent. */
  readonly agent?: string;
  /** Of this user. */
  readonly user?: string;
  /** Of this pipeline. */
  readonly pipeline?: string;
  /** Children of this run. */
  readonly parent?: string;
  /** Those that ended with an error of this code. */
  readonly code?: string;
  /** Those that have all of these tags. */
  readonly tag?: readonly string[];
  /** Those whose id begins with this. */
  readonly idPrefix?: string;
  /** Started at this time or later, in ms since 1970. */
  readonly startedFromMs?: number;
  /** Started before this time. */
  readonly startedBelowMs?: number;
  /** Ended at this time or later, in ms since 1970. */
  readonly endedFromMs?: number;
  /** Ended before this time. */
  readonly endedBelowMs?: number;
};

/** A run of a list. */
export type ListedRun = Run & {
  /** Where its provider calls stand; absent for a run that calls none. */
  readonly call?: ListedCall;
};

/** A page of the runs that a filter means. */
export type RunsQuery = RunsFilter & {
  /** Those whose provider calls are in this phase. A page may be short: the owners of runs are asked. */
  readonly phase?: Exclude<CallPhase, 'unknown'>;
  /** By age. Default `newest`. With a time of the end in the filter, the order is that of the ends. */
  readonly order?: 'newest' | 'oldest';
  /** How many at most, 1 to 1,000. */
  readonly limit?: number;
  /** For the next page; empty when there is none. */
  readonly cursor?: string;
};

/** How many runs have which value. */
export type RunFacets = {
  /** False: there are more runs than `total`, and the newest of them were counted. */
  readonly isWhole: boolean;
  /** How many runs were counted: 10,000 at most. */
  readonly total: number;
  /** By field, how many have which value. */
  readonly by: {
    /** By status. */
    readonly status: Readonly<Record<string, number>>;
    /** By agent. */
    readonly agent: Readonly<Record<string, number>>;
    /** By user. */
    readonly user: Readonly<Record<string, number>>;
    /** By the code of the error with which they ended. */
    readonly code: Readonly<Record<string, number>>;
  };
};

/** What can be told to many runs. */
export type BulkCommand = 'cancel' | 'pause' | 'resume';

/** Which open runs a command means. A field that is left out restricts nothing. */
export type OpenRunsFilter = Omit<RunsFilter, 'code' | 'endedFromMs' | 'endedBelowMs'>;

/** A command to many runs. */
export type BulkRequest = {
  /** How many runs match, as they were counted before. When more match now, nothing is done. */
  readonly matches: number;
  /** Kept with each run. */
  readonly reason?: string;
  /** From the answer before, to go on behind its runs. */
  readonly cursor?: string;
};

/** What came of one request. */
export type BulkDone = {
  /** How many runs have the command now and take it in their turns. */
  readonly done: number;
  /** How many runs that match were left for the next request. */
  readonly left: number;
  /** The runs that have it. */
  readonly runIds: readonly string[];
  /** For the next request; empty when none is left. */
  readonly cursor: string;
};

/** A run below another. */
export type ChildRun = Run & {
  /** Generations below the run that was asked about: 1 for its own children. */
  readonly depth: number;
};

/** The runs below a run, generation by generation. */
export type RunChildren = {
  /** The runs. */
  readonly runs: readonly ChildRun[];
  /** True: there are more, deeper ones or beside these. */
  readonly isCut: boolean;
};
