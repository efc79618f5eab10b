/**
 * What an operator sees of the whole: the replicas with their shards, and what was going on in the last week. It is
 * about no tenant, and for callers of all tenants.
 */
import type { ReplicaId } from '../../domain/ids.ts';
import type { RunStatus } from '../../../machines/run.ts';
import type { ProviderStatus } from '../../../machines/provider.ts';

/** A replica of heddle. */
export type ReplicaRow = {
  /** Its id. */
  readonly replicaId: string;
  /** Where others reach it; null when it serves nobody. */
  readonly address: string | null;
  /** The number of what it can write and read; null for those of heddle 0.1. */
  readonly release: number | null;
  /** False: its lease has ended, or its session is gone for too long. Its shards are free to take. */
  readonly isLive: boolean;
  /** How long ago its last heartbeat came. */
  readonly heartbeatAgoMs: number;
  /** The shards that it holds, in order. */
  readonly shards: readonly number[];
};
/** All replicas with their shards. */
export type ReplicasView = {
  /** Live ones first. */
  readonly replicas: readonly ReplicaRow[];
  /** Shards that no live replica holds: their runs stand still. */
  readonly shardsWithoutOwner: readonly number[];
};
export const replicasMax = 1_000;

/** How many runs have each status. */
export type StatusCounts = { readonly [Status in RunStatus]?: number };

/** What was going on at one instant. */
export type ActivityCounts = {
  /** Open runs by status. */
  readonly statuses: StatusCounts;
  /** Of the runs that call a provider, how many calls are in a slot. The others wait for one, or were answered. */
  readonly inSlots: number;
  /** False: more runs were open than are counted at once. */
  readonly isWhole: boolean;
  /** The gates of providers, 100 at most. */
  readonly gates: readonly {
    /** The gate: a provider's name, or `provider/model`. */
    readonly gate: string;
    /** Its state. */
    readonly status: ProviderStatus;
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
    /** Its open runs. */
    readonly statuses: StatusCounts;
  }[];
  /** All others together. */
  readonly rest: {
    /** How many users. */
    readonly users: number;
    /** Their open runs. */
    readonly statuses: StatusCounts;
  };
};
/** What was going on, with its time. */
export type ActivityRow = ActivityCounts & {
  /** When, in ms since 1970, by the database's clock. */
  readonly atMs: number;
};

export const activityBounds = {
  openMax: 100_000,
  usersMax: 50,
  gatesMax: 100,
  /** The steps at which counts are kept, and for how long. */
  kept: [
    { stepMs: 5_000, keptMs: 3_600_000 },
    { stepMs: 60_000, keptMs: 7 * 86_400_000 },
  ],
} as const;

/** The connections to the database over which this store asks. */
export type Connections = {
  readonly total: number;
  /** Of these, those that nothing uses. */
  readonly idle: number;
  /** Statements that wait for a connection. */
  readonly waiting: number;
};

export interface OperationsStore {
  /** Of this process; nothing is asked of the database. */
  connections(): Promise<Connections>;
  /** `replicaId`: who asks. */
  replicas(replicaId: ReplicaId): Promise<ReplicasView>;
  /**
   * Counts what is going on and keeps it, unless that was done for this step of 5 s, or the caller does not hold shard 0
   * at this epoch. Deletes what was kept for long enough. `counted`: open runs by status; null when nothing was counted.
   * `nextInMs`: until the next step.
   */
  noteActivity(holder: {
    readonly replicaId: ReplicaId;
    readonly epoch: number;
  }): Promise<{ readonly counted: StatusCounts | null; readonly nextInMs: number }>;
  /** By time: at most one for each `stepMs`, the first that was kept, of those that are kept by `keptStepMs`. */
  activityHistory(query: {
    readonly fromMs: number;
    readonly toMs: number;
    readonly keptStepMs: number;
    readonly stepMs: number;
    readonly limit: number;
  }): Promise<readonly ActivityRow[]>;
}
