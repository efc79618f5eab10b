/**
 * The twin's tables. It owns the rows, their keys and the counters; what a row means is the
 * business of the file named after it. A transaction is synchronous from its first read to its
 * commit, so it is serializable by construction, and nothing is visible before it has ended.
 *
 * Invariants:
 * 1. Only `transaction` writes; when its work throws, the tables are as they were before.
 * 2. `nowMs` is read through `now()` alone: the simulation owns the clock.
 */
import { shardCount, type ReplicaId } from '../../domain/ids.ts';
import type {
  EvaluationRow,
  InboxRow,
  JournalRow,
  MemoryAddress,
  MemoryVersionRow,
  ProviderRow,
  QuestionRow,
  RunAddress,
  RunRow,
  SlotRow,
  SubscriptionRow,
} from '../rows.ts';
import type { MessageInsert } from '../batch.ts';
import type { Amount, BudgetAddress, BudgetRow } from '../charges.ts';
import type { PartFate } from '../fates.ts';
import { join, Table, UndoLog } from './table.ts';

type StoredJournal = JournalRow & { readonly tenant: string; readonly runId: string };
/** `pruned` counts messages that retention has deleted, so that gaps can still be told from them. */
type StoredChannel = {
  readonly tenant: string;
  readonly channel: string;
  readonly head: number;
  readonly pruned: number;
};
export type StoredMessage = {
  readonly tenant: string;
  readonly channel: string;
  readonly seq: number;
  readonly messageId: string;
  readonly payloadText: string;
  readonly runId: string | null;
  readonly publishedAtMs: number;
};
/** `order` keeps delayed messages of one deadline in the order of their commits. */
type StoredDelayed = MessageInsert & { readonly dueAtMs: number; readonly order: number };
type StoredCursor = {
  readonly tenant: string;
  readonly channel: string;
  readonly group: string;
  readonly cursor: number;
};
export type StoredLease = {
  readonly tenant: string;
  readonly channel: string;
  readonly group: string;
  readonly seq: number;
  readonly attempt: number;
  readonly token: string;
  readonly untilMs: number;
};
export type StoredSubscription = SubscriptionRow & { readonly shard: number };
/** One channel of a subscription that waits; `order` says who has waited longest. */
export type StoredWaiter = RunAddress & {
  readonly channel: string;
  readonly group: string | null;
  readonly after: number;
  readonly subscriptionId: string;
  readonly order: number;
};
type StoredConversationEntry = {
  readonly tenant: string;
  readonly runId: string;
  readonly turn: number;
  readonly place: number;
  readonly conversation: string;
  readonly messageText: string;
};
/** A key under which an event was sent. */
type StoredSentKey = {
  readonly tenant: string;
  readonly runId: string;
  readonly key: string;
  readonly eventText: string;
  readonly atMs: number;
  readonly order: number;
};
type StoredStructure = {
  readonly agent: string;
  readonly version: string;
  readonly structure: string;
};
/** Of a run that was started under an idempotency key. */
type StoredStart = RunKey & { readonly startText: string };
type StoredEntry = MemoryAddress & { readonly newest: number };
export type StoredTimer = RunAddress & {
  readonly timerId: string;
  readonly generation: number;
  readonly dueAtMs: number;
};
export type StoredShard = {
  readonly shard: number;
  readonly epoch: number;
  readonly owner: ReplicaId | null;
};
/**
 * The session is the connection that its heartbeats come over; `reconnectedAtMs` is set by an owner
 * whose session is not the one before.
 */
type StoredReplica = {
  readonly replicaId: ReplicaId;
  readonly renewedAtMs: number;
  readonly untilMs: number;
  readonly reconnectedAtMs: number | null;
  readonly sessionGone: boolean;
};
type StoredSlot = SlotRow & {
  readonly sealed: number;
  readonly calls: number;
  readonly duplicates: number;
  readonly rateLimited: number;
};
type StoredProvider = Omit<ProviderRow, 'coolForMs' | 'probeInMs'> & {
  readonly coolUntilMs: number;
  readonly probeAtMs: number;
};
/** `isSet`: by a person, not by a default of whoever reserved. `day` counts from 1970. */
export type StoredBudget = BudgetRow & { readonly isSet: boolean; readonly day: number };
type StoredReservation = {
  readonly tenant: string;
  readonly runId: string;
  readonly user: string;
  readonly call: string;
  readonly amount: Amount;
};
/** `told`: what became of its parts, for whoever sends the same batch again. */
export type StoredCommit = {
  readonly commitId: string;
  readonly atMs: number;
  readonly told: readonly PartFate[];
};
type Counters = { inbox: number; order: number; token: number; transactions: number };

type RunKey = { readonly tenant: string; readonly runId: string };
export const runKey = (run: RunKey): string => join(run.tenant, run.runId);
export const channelKey = (at: { tenant: string; channel: string }): string =>
  join(at.tenant, at.channel);
export const groupKey = (at: { tenant: string; channel: string; group: string }): string =>
  join(at.tenant, at.channel, at.group);
export const entryKey = (at: MemoryAddress): string => join(at.tenant, at.scope, at.owner, at.key);
export const subscriptionKey = (at: { tenant: string; subscriptionId: string }): string =>
  join(at.tenant, at.subscriptionId);
export const waiterKey = (at: {
  tenant: string;
  subscriptionId: string;
  channel: string;
}): string => join(at.tenant, at.subscriptionId, at.channel);
export const slotKey = (at: { provider: string; replicaId: string; slot: number }): string =>
  join(at.provider, at.replicaId, at.slot);

export const budgetKey = (at: BudgetAddress): string => join(at.tenant, at.scope, at.owner);
export const reservationKey = (at: RunKey & { readonly call: string }): string =>
  join(at.tenant, at.runId, at.call);

const tenantOf = (row: { readonly tenant: string }): string => row.tenant;
const shardOfRow = (row: { readonly shard: number }): string => String(row.shard);

function createTables(undo: UndoLog) {
  return {
    runs: new Table<RunRow, 'open' | 'queued' | 'tenant' | 'shard' | 'idempotency'>(undo, runKey, {
      open: (row) => (row.endedAtMs === null ? row.tenant : null),
      queued: (row) => (row.status === 'queued' ? row.tenant : null),
      tenant: tenantOf,
      shard: (row) => (row.endedAtMs === null ? shardOfRow(row) : null),
      idempotency: (row) =>
        row.idempotencyKey === null ? null : join(row.tenant, row.idempotencyKey),
    }),
    inbox: new Table<InboxRow, 'run' | 'shard' | 'key'>(undo, (row) => row.seq, {
      run: runKey,
      shard: shardOfRow,
      key: (row) => (row.key === null ? null : join(row.tenant, row.runId, row.key)),
    }),
    journal: new Table<StoredJournal, 'run'>(undo, (row) => join(row.tenant, row.runId, row.turn), {
      run: runKey,
    }),
    conversationEntries: new Table<StoredConversationEntry, 'run'>(
      undo,
      (row) => join(row.tenant, row.runId, row.turn, row.place),
      { run: runKey },
    ),
    channels: new Table<StoredChannel, 'tenant'>(undo, channelKey, { tenant: tenantOf }),
    messages: new Table<StoredMessage, 'tenant' | 'channel'>(
      undo,
      (row) => join(row.tenant, row.channel, row.seq),
      { tenant: tenantOf, channel: channelKey },
    ),
    delayed: new Table<StoredDelayed, 'shard'>(undo, (row) => String(row.order), {
      shard: shardOfRow,
    }),
    cursors: new Table<StoredCursor, 'channel'>(undo, groupKey, { channel: channelKey }),
    leases: new Table<StoredLease, 'group' | 'channel'>(undo, (row) => row.token, {
      group: groupKey,
      channel: channelKey,
    }),
    subscriptions: new Table<StoredSubscription, 'tenant' | 'run'>(undo, subscriptionKey, {
      tenant: tenantOf,
      run: runKey,
    }),
    waiters: new Table<StoredWaiter, 'channel' | 'subscription'>(undo, waiterKey, {
      channel: channelKey,
      subscription: subscriptionKey,
    }),
    entries: new Table<StoredEntry, 'tenant' | 'owner'>(undo, entryKey, {
      tenant: tenantOf,
      owner: (row) => join(row.tenant, row.scope, row.owner),
    }),
    versions: new Table<MemoryVersionRow, 'tenant' | 'entry'>(
      undo,
      (row) => join(entryKey(row), row.version),
      { tenant: tenantOf, entry: entryKey },
    ),
    timers: new Table<StoredTimer, 'run' | 'shard'>(
      undo,
      (row) => join(row.tenant, row.runId, row.timerId),
      { run: runKey, shard: shardOfRow },
    ),
    ...personTables(undo),
    ...ownershipTables(undo),
    ...callTables(undo),
    ...onceTables(undo),
  };
}

/** What is known of requests, so that each counts once. */
function onceTables(undo: UndoLog) {
  return {
    commits: new Table<StoredCommit>(undo, (row) => row.commitId, {}),
    startTexts: new Table<StoredStart>(undo, runKey, {}),
  };
}

function ownershipTables(undo: UndoLog) {
  return {
    shards: new Table<StoredShard>(undo, shardOfRow, {}),
    replicas: new Table<StoredReplica>(undo, (row) => row.replicaId, {}),
  };
}

/** What is asked, said and judged: questions, keys of events, evaluations. */
function personTables(undo: UndoLog) {
  return {
    evaluations: new Table<EvaluationRow, 'tenant' | 'subject'>(
      undo,
      (row) => join(row.tenant, row.evaluationId),
      { tenant: tenantOf, subject: (row) => join(row.tenant, row.subjectRunId) },
    ),
    questions: new Table<QuestionRow, 'run' | 'tenant'>(
      undo,
      (row) => join(row.tenant, row.runId, row.invocationId),
      { run: runKey, tenant: tenantOf },
    ),
    sentKeys: new Table<StoredSentKey, 'run'>(undo, (row) => join(row.tenant, row.runId, row.key), {
      run: runKey,
    }),
  };
}

/** What calls hold of providers and budgets, and what agents stand on. */
function callTables(undo: UndoLog) {
  return {
    structures: new Table<StoredStructure>(undo, (row) => join(row.agent, row.version), {}),
    slots: new Table<StoredSlot, 'shard'>(undo, slotKey, {
      shard: (row) => (row.call === null ? null : String(row.call.shard)),
    }),
    providers: new Table<StoredProvider>(undo, (row) => row.gate, {}),
    budgets: new Table<StoredBudget>(undo, budgetKey, {}),
    reservations: new Table<StoredReservation, 'run'>(undo, reservationKey, { run: runKey }),
  };
}

export type Tables = ReturnType<typeof createTables>;
type TableName = keyof Tables;
/** Every row as it stood at one instant. The rows themselves are shared: they never change. */
export type Snapshot = {
  readonly rows: Readonly<Record<TableName, readonly object[]>>;
  readonly counters: Readonly<Counters>;
};

export class Database {
  private readonly undo = new UndoLog();
  readonly tables: Tables = createTables(this.undo);
  readonly now: () => number;
  private counters: Counters = { inbox: 0, order: 0, token: 0, transactions: 0 };

  constructor(nowMs: () => number) {
    this.now = nowMs;
    this.tables.shards.replaceAll(
      Array.from({ length: shardCount }, (_, shard) => ({ shard, epoch: 0, owner: null })),
    );
  }

  transaction<Result>(work: () => Result): Result {
    const counters = { ...this.counters };
    try {
      return this.undo.transaction(work);
    } catch (error) {
      this.counters = counters;
      throw error;
    }
  }

  /** The next number of a counter. */
  next(counter: keyof Counters): number {
    return ++this.counters[counter];
  }

  get transactions(): number {
    return this.counters.transactions;
  }

  snapshot(): Snapshot {
    const rows = Object.entries(this.tables).map(([name, table]) => [name, table.all()]);
    return {
      rows: Object.fromEntries(rows) as Snapshot['rows'],
      counters: { ...this.counters },
    };
  }

  restore(snapshot: Snapshot): void {
    const tables: Readonly<Record<string, { replaceAll(rows: Iterable<never>): void }>> =
      this.tables;
    for (const [name, rows] of Object.entries(snapshot.rows)) {
      // The rows came from the table of this very name: `snapshot` put them there.
      tables[name]?.replaceAll(rows as Iterable<never>);
    }
    this.counters = { ...snapshot.counters };
  }
}
