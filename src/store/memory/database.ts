/**
 * The twin's tables. It owns the rows, their keys and the counters; the file that is named after a row
 * gives it its meaning. A transaction is synchronous from its first read to its commit, so it is
 * serializable by construction, and nothing is visible before it has ended.
 *
 * Invariants:
 * 1. Only `transaction` writes; when its work throws, the tables are as they were before.
 * 2. `nowMs` is read through `now()` alone: the simulation owns the clock.
 */
import { shardCount } from '../../domain/ids.ts';
import type { TokenRow } from '../access-rows.ts';
import { budgetKey } from '../charges.ts';
import type { InboxRow, MemoryVersionRow, QuestionRow, RunRow } from '../rows.ts';
import type { EvaluationRow } from '../ports/evaluation-rows.ts';
import {
  runKey,
  channelKey,
  groupKey,
  entryKey,
  subscriptionKey,
  waiterKey,
  slotKey,
  reservationKey,
  imageKey,
  type StoredCheckpoint,
  type StoredJournal,
  type StoredAttempt,
  type StoredChannel,
  type StoredMessage,
  type StoredDelayed,
  type StoredCursor,
  type StoredLease,
  type StoredSubscription,
  type StoredWaiter,
  type StoredConversationEntry,
  type StoredImage,
  type StoredImageUse,
  type StoredSentKey,
  type StoredAgent,
  type StoredStart,
  type StoredEntry,
  type StoredRequest,
  type StoredTimer,
  type StoredShard,
  type StoredReplica,
  type StoredSlot,
  type StoredProvider,
  type StoredGateOrder,
  type StoredActivity,
  type StoredBudget,
  type StoredReservation,
  type StoredCommit,
} from './stored-rows.ts';
import { join, Table, UndoLog } from './table.ts';

type Counters = {
  attempts: number;
  inbox: number;
  order: number;
  token: number;
  transactions: number;
};

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
    requests: new Table<StoredRequest, never>(undo, (row) => join(row.tenant, row.key), {}),
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
    ...pastTables(undo),
    ...imageTables(undo),
    ...personTables(undo),
    ...ownershipTables(undo),
    ...callTables(undo),
    ...onceTables(undo),
    activity: new Table<StoredActivity, 'step'>(undo, (row) => join(row.stepMs, row.atMs), {
      step: (row) => String(row.stepMs),
    }),
    tokens: new Table<TokenRow, 'hash'>(undo, (row) => row.name, { hash: (row) => row.hash }),
  };
}

/** What a run was. */
function pastTables(undo: UndoLog) {
  return {
    journal: new Table<StoredJournal, 'run'>(undo, (row) => join(row.tenant, row.runId, row.turn), {
      run: runKey,
    }),
    checkpoints: new Table<StoredCheckpoint, 'run'>(
      undo,
      (row) => join(row.tenant, row.runId, row.turn),
      { run: runKey },
    ),
  };
}

/** Records of requests, so that each counts once. */
function onceTables(undo: UndoLog) {
  return {
    commits: new Table<StoredCommit>(undo, (row) => row.commitId, {}),
    startTexts: new Table<StoredStart>(undo, runKey, {}),
  };
}

/** Images, and the runs that use them. */
function imageTables(undo: UndoLog) {
  return {
    images: new Table<StoredImage, 'tenant'>(undo, imageKey, { tenant: tenantOf }),
    imageUses: new Table<StoredImageUse, 'run' | 'image'>(
      undo,
      (row) => join(row.tenant, row.runId, row.sha256),
      { run: runKey, image: imageKey },
    ),
  };
}

function ownershipTables(undo: UndoLog) {
  return {
    shards: new Table<StoredShard>(undo, shardOfRow, {}),
    replicas: new Table<StoredReplica>(undo, (row) => row.replicaId, {}),
  };
}

/** Questions, keys of events, evaluations. */
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

/** The slots, budgets and attempts of calls, and the versions of agents. */
function callTables(undo: UndoLog) {
  return {
    agents: new Table<StoredAgent>(undo, (row) => join(row.agent, row.version), {}),
    slots: new Table<StoredSlot, 'shard'>(undo, slotKey, {
      shard: (row) => (row.call === null ? null : String(row.call.shard)),
    }),
    providers: new Table<StoredProvider>(undo, (row) => row.gate, {}),
    gateOrders: new Table<StoredGateOrder>(undo, (row) => row.gate, {}),
    budgets: new Table<StoredBudget>(undo, budgetKey, {}),
    attempts: new Table<StoredAttempt, 'run'>(undo, (row) => String(row.order), { run: runKey }),
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
  private counters: Counters = { attempts: 0, inbox: 0, order: 0, token: 0, transactions: 0 };

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
      // The rows came from the table of this name: `snapshot` put them there.
      tables[name]?.replaceAll(rows as Iterable<never>);
    }
    this.counters = { ...snapshot.counters };
  }
}
