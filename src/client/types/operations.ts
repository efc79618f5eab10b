/** What the API answers of the whole: the replicas, and what was going on. */
import type { RunStatus } from '../api-types.ts';

/** A replica of heddle. */
export type Replica = {
  /** The id. */
  readonly replicaId: string;
  /** Where others reach it; null when it serves nobody. */
  readonly address: string | null;
  /** The number of what it can write and read; null for those of heddle 0.1. */
  readonly release: number | null;
  /** False: it has stopped, or is not heard of. */
  readonly isLive: boolean;
  /** How long ago its last heartbeat came, in ms. */
  readonly heartbeatAgoMs: number;
  /** The shards that it holds. */
  readonly shards: readonly number[];
};
/** All replicas with their shards. */
export type Replicas = {
  /** The replicas, live ones first. */
  readonly replicas: readonly Replica[];
  /** How many shards there are. */
  readonly shards: number;
  /** Shards that no live replica holds: their runs stand still. */
  readonly shardsWithoutOwner: readonly number[];
};

/** How many runs have each status. */
export type StatusCounts = { readonly [Status in RunStatus]?: number };
/** What was going on at one instant. */
export type ActivityCount = {
  /** When, in ms since 1970. */
  readonly atMs: number;
  /** Open runs by status. */
  readonly statuses: StatusCounts;
  /** Calls in slots of providers. */
  readonly inSlots: number;
  /** False: more runs were open than are counted at once. */
  readonly isWhole: boolean;
  /** The gates of providers. */
  readonly gates: readonly {
    /** The gate: a provider, or one model of it. */
    readonly gate: string;
    /** The status. */
    readonly status: string;
    /** How many calls it takes at once. */
    readonly limit: number;
    /** How many calls it may take at once at most. */
    readonly ceiling: number;
    /** Calls in its slots. */
    readonly inUse: number;
  }[];
  /** The users with the most open runs. */
  readonly users: readonly {
    /** The tenant. */
    readonly tenant: string;
    /** The user. */
    readonly user: string;
    /** Its open runs by status. */
    readonly statuses: StatusCounts;
  }[];
  /** All other users together. */
  readonly rest: {
    /** How many. */
    readonly users: number;
    /** Their open runs by status. */
    readonly statuses: StatusCounts;
  };
};
/** What was going on over a time. Steps at which nothing was counted are left out. */
export type Activity = {
  /** From when on, in ms since 1970. */
  readonly fromMs: number;
  /** Until when, in ms since 1970. */
  readonly toMs: number;
  /** One count for each so many ms. */
  readonly stepMs: number;
  /** The counts, by time. */
  readonly counts: readonly ActivityCount[];
};
/** Which part of the history is wanted. */
export type ActivityQuery = {
  /** From when on, in ms since 1970. Default: an hour before `to`. */
  readonly from?: number;
  /** Until when, in ms since 1970. Default: now. */
  readonly to?: number;
  /** One count for each so many ms: 5,000, or a multiple of it. */
  readonly step?: number;
};

/** A run with a call in the line of a gate. */
export type LineWait = {
  /** The run's id. */
  readonly runId: string;
  /** The tenant. */
  readonly tenant: string;
  /** Its agent's name; null where the run is not there any more. */
  readonly agent: string | null;
  /** The user for whom the run works. */
  readonly user: string;
  /** The pipeline to which the run belongs. */
  readonly pipeline: string;
  /** How long ago its call came to the replica that owns the run, its tries since then among it, in ms. */
  readonly waitedMs: number;
};
/** Which runs have stood longest in the line of each gate. */
export type LineWaits = {
  /** The gates that have a line. */
  readonly gates: readonly {
    /** The gate: a provider, or one model of it. */
    readonly gate: string;
    /** The longest first, 8 at most. */
    readonly waits: readonly LineWait[];
  }[];
  /** Why the lines of some replicas are not among them. */
  readonly unknown: readonly string[];
};

/** Who asks. */
export type Access = {
  /** The token's name, or `loopback`. */
  readonly by: string;
  /** What it may do. */
  readonly scopes: readonly ('run' | 'read' | 'inspect' | 'admin')[];
  /** The only tenant that it may name; null: all. */
  readonly tenant: string | null;
  /** Stately's inspector may connect to this server, at `/inspect`. */
  readonly inspector: boolean;
};
/** Which tenants are wanted. */
export type TenantsQuery = {
  /** Those whose names begin so. */
  readonly prefix?: string;
  /** Only those that have open runs. */
  readonly open?: boolean;
  /** How many at most. */
  readonly limit?: number;
};
