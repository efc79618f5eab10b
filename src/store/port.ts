/**
 * The store: everything durable, behind one interface. Each method is one whole transaction, each is
 * bounded in time and size, and none holds anything when it has returned. Two implementations stand
 * behind it: Postgres, and a twin in memory for simulation. One contract suite runs on both.
 *
 * What stands here is asked by the runtime for its own work, or is about no tenant's rows. What a caller asks
 * stands in caller-port.ts, and takes a scope.
 *
 * Failures: `store-unavailable` (no answer: nothing is known to have happened, or, for `commit`, the
 * store has settled that nothing happened); `store-error` (an answer that is not about the request: a
 * right, a table, a disk, a lock) and `internal` (a fault of heddle's), both without effect and neither
 * caused by the request; `store-poison`, `closed`.
 */
import type { ReplicaId, RunId } from '../domain/ids.ts';
import type { Priority } from '../domain/priority.ts';
import type { Batch } from './batch.ts';
import type { CallerStore, ConversationRead, MemoryRead, MemoryReadResult } from './caller-port.ts';
import type { BudgetAddress, BudgetDefaults, BudgetRow } from './charges.ts';
import type {
  AgentRow,
  ChannelAddress,
  LoadedRun,
  MessageRow,
  RunAddress,
  RunRow,
  TimerRow,
} from './rows.ts';
import type { Lines, ProviderView, SlotRow } from './provider-rows.ts';
import type { GateOrdersStore } from './ports/gate-orders-port.ts';
import type { OperationsStore } from './ports/operations-port.ts';
import type { TokensStore } from './ports/tokens-port.ts';
import type { WatchStore } from './watch-port.ts';
import type { BatchOutcome } from './fates.ts';
import type { RunStatus } from '../../machines/run.ts';

export type ShardGrant = {
  readonly shard: number;
  readonly epoch: number;
  /**
   * Set once, by the renewal that claimed the shard, if the owner before had not given it back. That
   * owner has died, is frozen or is cut off, and its work in memory has ended with it.
   */
  readonly orphaned?: true;
};

export type ChannelRead = ChannelAddress & {
  /** The named group that reads, from its own cursor; null for a private reader. */
  readonly group: string | null;
  /** The number after which a private reader reads; null if it never read this channel. */
  readonly after: number | null;
  readonly from: 'earliest' | 'latest';
  readonly limit: number;
};
export type ChannelReadResult = {
  /** False when the channel has had no message and no waiting subscription. */
  readonly exists: boolean;
  /** The channel's newest number, 0 when it has none. */
  readonly head: number;
  /** The number after which the reader reads: `after`, the group's cursor, or what `from` says. */
  readonly cursor: number;
  /** False when the group has no cursor row yet. */
  readonly cursorStored: boolean;
  readonly messages: readonly MessageRow[];
};

export type ReadSet = {
  readonly memory: readonly MemoryRead[];
  readonly channels: readonly ChannelRead[];
};
/** Results by index of the reads. */
export type ReadSetResult = {
  readonly memory: readonly MemoryReadResult[];
  readonly channels: readonly ChannelReadResult[];
};

export type ImageRead = {
  readonly tenant: string;
  readonly sha256: string;
  /** The bytes of a larger image are not read. */
  readonly bytesMax: number;
};
/** `data`: the bytes in base64; null when the image is larger than it may be. */
export type ImageReadResult = { readonly size: number; readonly data: string | null };

export type Renewal = {
  /** The shards that this replica holds now, newly claimed ones among them. */
  readonly shards: readonly ShardGrant[];
  /** How many replicas are live, this one included. */
  readonly liveReplicas: number;
  /** A replica of an earlier release, which knows less than this one, may be at work on the database. */
  readonly hasOlder: boolean;
  /** Shards beyond this replica's fair share: it gives them back when their turns have committed. */
  readonly surplus: readonly number[];
  /**
   * When the first of the other replicas stops counting as live, unless it beats again. This replica
   * should beat then. Null when there is no other replica.
   */
  readonly nextEndInMs: number | null;
};

/** `hasInbox`: the run has inbox rows, perhaps the kept result of a call that it has open. */
export type OpenRun = RunRow & { readonly hasInbox: boolean };

/** A run with inbox rows, for replicas that look for work: enough to queue it fairly. */
export type PendingRun = RunAddress & {
  readonly user: string;
  readonly pipeline: string;
  readonly priority: Priority;
  readonly status: RunStatus;
  readonly createdAtMs: number;
  /** True when a command is among the rows of its page (`commandKinds`). */
  readonly hasCommand: boolean;
};

/**
 * A version as a replica registers it. With `replaces` its structure is kept even if runs of another
 * structure are open.
 */
export type AgentRegistration = Omit<AgentRow, 'registeredAtMs'> & { readonly replaces: boolean };
type AgentKey = Pick<AgentRow, 'agent' | 'version'>;
export type StructureInUse = {
  readonly agent: string;
  readonly version: string;
  /** The structure that is kept. */
  readonly structure: string;
  /** Open runs of the version, counted up to `openCountMax`. */
  readonly open: number;
};
/** What one round of retention has deleted. `isMore`: it was full, so more may be left. */
export type Pruned = { readonly runs: number; readonly isMore: boolean };
/** So many small rows go in one round for each run that may go in it. */
export const smallRowsPruned = 10;
export const openCountMax = 100_000;

export type ProviderTotals = {
  readonly provider: string;
  readonly calls: number;
  readonly duplicates: number;
  readonly rateLimited: number;
};

/**
 * A hint from one process to all others.
 *
 * - work: runs of these shards have inbox rows.
 * - wanted: the sender waits for the ends of these runs, and does not own them.
 * - ended: these runs, for whose end a process waits, have ended.
 */
export type SentHint =
  | { readonly kind: 'work'; readonly shards: readonly number[] }
  | { readonly kind: 'wanted' | 'ended'; readonly runIds: readonly RunId[] };

/**
 * - ownership: a replica gave shards back, or this one's heartbeats have lost their connection.
 * - gates: a person has given an order for gates of a provider.
 * - all: hints may have been missed.
 */
export type Hint = SentHint | { readonly kind: 'ownership' | 'gates' | 'all' };

export interface Store
  extends CallerStore, WatchStore, GateOrdersStore, OperationsStore, TokensStore {
  /**
   * One batch: see `batch.ts` and `fates.ts`. Retries 40001 and 40P01 itself, and settles lost COMMIT
   * replies.
   */
  commit(batch: Batch): Promise<BatchOutcome>;
  /**
   * Reads for turns that are being computed. What those turns write is checked again at their commit.
   */
  read(set: ReadSet): Promise<ReadSetResult>;
  /** By index of the reads: the messages in the order in which they were appended. */
  conversations(reads: readonly ConversationRead[]): Promise<readonly (readonly string[])[]>;
  /** Null: no such image is there. */
  image(read: ImageRead): Promise<ImageReadResult | null>;
  /** By index of `runs`; null for a run that does not exist. */
  load(runs: readonly RunAddress[]): Promise<readonly (LoadedRun | null)[]>;

  /**
   * The heartbeat, on a connection of its own. It extends this replica's lease and claims shards that
   * are free or whose owner is dead (epoch + 1), up to a fair share. Times are by the database's clock.
   * An owner is dead when its lease has ended, or when the session of its heartbeats is gone and a third
   * of the lease has passed since the last heartbeat: so beat more often than that.
   */
  renew(replica: {
    readonly replicaId: ReplicaId;
    readonly leaseMs: number;
    /** Where other replicas reach this one; absent when it serves nobody. */
    readonly address?: string | null;
    /** How many calls stand in line here, by gate; gates without a line may be left out. */
    readonly lines?: Lines;
  }): Promise<Renewal>;
  /**
   * Gives shards back, and hints to other replicas that they are free. `retire` also ends the replica's
   * lease at once.
   */
  release(replica: {
    readonly replicaId: ReplicaId;
    readonly shards: readonly number[];
    readonly retire: boolean;
  }): Promise<void>;

  /** Runs of these shards that have inbox rows, oldest row first, above `afterSeq`. */
  pending(query: {
    readonly shards: readonly number[];
    readonly afterSeq: string | null;
    readonly limit: number;
  }): Promise<{ readonly runs: readonly PendingRun[]; readonly nextSeq: string | null }>;
  /** Open runs of these shards with one of these statuses, by run id above `afterRunId`. */
  open(query: {
    readonly shards: readonly number[];
    readonly statuses: readonly RunStatus[];
    readonly afterRunId: RunId | null;
    readonly limit: number;
  }): Promise<readonly OpenRun[]>;
  /** Slots of any replica that hold a call of these shards' runs. */
  slots(shards: readonly number[]): Promise<readonly SlotRow[]>;
  /** All gates that have a row, with their calls in slots and in line, by name. */
  providers(): Promise<readonly ProviderView[]>;
  /** Timers of these shards that are due within the horizon, soonest first. */
  timers(query: {
    readonly shards: readonly number[];
    readonly horizonMs: number;
    readonly limit: number;
  }): Promise<readonly TimerRow[]>;
  /**
   * Moves delayed messages of these shards that are due into their channels, the longest overdue first,
   * without the first `skip` of them. `nextDueInMs` is for the first message that is left after those.
   */
  releaseDelayed(query: {
    readonly shards: readonly number[];
    readonly limit: number;
    readonly skip?: number;
  }): Promise<{ readonly wakes: readonly RunAddress[]; readonly nextDueInMs: number | null }>;

  /** Counts for quotas: open runs, channels, memory entries of a tenant. */
  usage(tenant: string): Promise<{
    readonly openRuns: number;
    readonly queuedRuns: number;
    readonly channels: number;
    readonly memoryEntries: number;
  }>;
  /**
   * By index: the budgets as they count under these defaults, or as they are stored if none are given.
   * Null for an owner without a budget: it has none of its own, and none by default has charged it or
   * applies to it now.
   */
  budgets(
    at: readonly BudgetAddress[],
    defaults?: BudgetDefaults,
  ): Promise<readonly (BudgetRow | null)[]>;
  /** False while no budget is set, so that nothing must be charged. */
  hasBudgets(): Promise<boolean>;
  /**
   * Tenants with runs (with open ones if `open`) whose names begin with the prefix, in no promised
   * order.
   */
  tenants(query: {
    readonly prefix: string;
    readonly open: boolean;
    readonly limit: number;
  }): Promise<readonly string[]>;
  /**
   * Deletes rows that are over: runs that ended `olderThanMs` ago, at most `limit`, with what is theirs; images that no
   * run has used for so long, and for `imageKeptMsMin` at least; and, whatever the retention, commit ids, keys of sends,
   * requests and former replicas after a day, ten times `limit` of each at most. Null: runs and images stay.
   */
  prune(query: { readonly olderThanMs: number | null; readonly limit: number }): Promise<Pruned>;
  providerTotals(): Promise<readonly ProviderTotals[]>;
  /** Transactions that wrote, and bytes of WAL, since the database began: compare two calls. */
  activity(): Promise<{ readonly transactions: number; readonly walBytes: number }>;

  /**
   * Registers all of these versions or none; of one agent the last is the newest. Returns those that stand
   * in the way: versions with another structure whose runs are open. If two replicas ask at once, the
   * second sees what the first has registered.
   */
  registerAgents(asked: readonly AgentRegistration[]): Promise<readonly StructureInUse[]>;
  /** The versions that the database knows, of one agent or of all, by name and version above `after`. */
  agents(query: {
    readonly agent: string | null;
    readonly after: AgentKey | null;
    readonly limit: number;
  }): Promise<readonly AgentRow[]>;
  /** With version null: the version of the agent that was registered last. Null: none is known. */
  agent(name: string, version: string | null): Promise<AgentRow | null>;

  /** Sends hints to all listeners, in one transaction. Hints may be lost. */
  notify(hints: readonly SentHint[]): Promise<void>;
  /** Hears every hint of every replica, and `all` each time it has connected. */
  listen(heard: (hint: Hint) => void): Promise<{ close(): Promise<void> }>;

  close(): Promise<void>;
}

/** What a method of the store is asked with, and what it answers. */
export type Asked<Method extends keyof Store> = Parameters<Store[Method]>[0];
export type Answer<Method extends keyof Store> = Awaited<ReturnType<Store[Method]>>;
