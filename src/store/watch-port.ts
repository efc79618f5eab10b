/**
 * What the store answers to those who follow runs and channels while they change. Nothing is written for
 * followers: a log is read by the number after which its reader stands, and the numbers of a run's turns and of
 * a channel's messages exist anyway, in the order of the commits.
 *
 * Reads go in sets, because one change wakes many readers and many changes come together.
 */
import type { ReplicaId, RunId } from '../domain/ids.ts';
import type { OneTenant } from '../domain/scope.ts';
import type { ChannelAddress, JournalRow, MessageRow, RunAddress, RunRow } from './rows.ts';

type RunKey = Pick<RunAddress, 'tenant' | 'runId'>;

/** A reader of one run's journal within its client's scope, and where it stands. */
export type RunLogRead = {
  readonly scope: OneTenant;
  readonly runId: RunId;
  readonly afterTurn: number;
  readonly limit: number;
};
/** `head` is of the same instant as `rows`: an ended run whose page is not full has no more. */
export type RunLog = {
  readonly head: RunHead;
  readonly rows: readonly JournalRow[];
};
export type RunHead = Pick<RunRow, 'shard' | 'status' | 'reason' | 'turn' | 'endedAtMs'>;

/** The same, with the run's state as it is after the last turn. */
export type RunState = RunLog & Pick<RunRow, 'chartText' | 'outputText' | 'error'>;

/** A reader of one channel within its client's scope, and where it stands; null: at the newest message. */
export type ChannelLogRead = {
  readonly scope: OneTenant;
  readonly channel: ChannelAddress['channel'];
  readonly after: number | null;
  readonly limit: number;
};
/** `after`: the number after which the rows begin. */
export type ChannelLog = {
  readonly after: number;
  readonly head: number;
  readonly rows: readonly MessageRow[];
};

/** A run as lists and counts need it: without its snapshot, input and output. */
export type RunBrief = Pick<
  RunRow,
  | 'tenant'
  | 'runId'
  | 'shard'
  | 'agent'
  | 'version'
  | 'user'
  | 'pipeline'
  | 'status'
  | 'reason'
  | 'turn'
  | 'createdAtMs'
  | 'endedAtMs'
> & {
  /** The run that started it; null when it was started from outside. */
  readonly parentRunId: RunId | null;
};

/** A live replica, and where the others reach it; null when it serves nobody. */
export type Peer = {
  readonly replicaId: ReplicaId;
  readonly address: string | null;
  readonly shards: readonly number[];
};

export type PeersRead = {
  readonly peers: readonly Peer[];
  readonly secret: string;
  /** When this was read, in ms since 1970, by the database's clock. */
  readonly atMs: number;
};

/** A read as both stores take it: the tenant is the scope's, whatever the read holds. */
export function inTenant<Read extends { readonly scope: OneTenant }>({
  scope,
  ...read
}: Read): Omit<Read, 'scope'> & { readonly tenant: string } {
  return { ...read, tenant: scope.tenant };
}

export interface WatchStore {
  /** By index of the reads; null for a run that does not exist in its tenant. */
  runLogs(reads: readonly RunLogRead[]): Promise<readonly (RunLog | null)[]>;
  /** As `runLogs`, each with the run's state of the same instant. */
  runStates(reads: readonly RunLogRead[]): Promise<readonly (RunState | null)[]>;
  /** By index of the reads. */
  channelLogs(reads: readonly ChannelLogRead[]): Promise<readonly ChannelLog[]>;
  /** Those of the runs that exist, in no promised order. */
  briefs(runs: readonly RunKey[]): Promise<readonly RunBrief[]>;
  /** Open runs of a shard, by tenant and run id, above `after`. */
  openBriefs(query: {
    readonly shard: number;
    readonly after: RunKey | null;
    readonly limit: number;
  }): Promise<readonly RunBrief[]>;
  /**
   * The live replicas with their shards, the one that asks among them, and what replicas prove to each other
   * that they belong to this database with.
   */
  peers(replicaId: ReplicaId): Promise<PeersRead>;
}
