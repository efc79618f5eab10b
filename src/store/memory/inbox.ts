/**
 * Inbox rows of runs. It owns these rows. It adds every run with a new row to the commit's `Wakes`, and
 * the caller decides which replicas are told.
 *
 * Invariants:
 * 1. Of two rows of one run with one key the first stays.
 * 2. The inbox rows of a run are deleted when the run ends.
 */
import { limits } from '../../domain/limits.ts';
import type { TurnCommit } from '../batch.ts';
import type { FateOf } from '../fates.ts';
import type { Asked, Answer, PendingRun } from '../port.ts';
import {
  commandKinds,
  urgentInboxKinds,
  type ChannelAddress,
  type InboxArrival,
  type InboxInsert,
  type InboxRow,
  type LoadedRun,
  type RunAddress,
} from '../rows.ts';
import type { Database } from './database.ts';
import { runKey } from './stored-rows.ts';
import { judgeArrival } from './questions.ts';
import { join } from './table.ts';

/**
 * The work that must follow a transaction: wake-ups for runs with a new inbox row, and a wake pass
 * over the channels that were touched.
 */
export class Wakes {
  private readonly woken = new Map<string, RunAddress>();
  private readonly touched = new Map<string, ChannelAddress>();

  wake({ tenant, runId, shard }: RunAddress): void {
    this.woken.set(join(tenant, runId), { tenant, runId, shard });
  }

  touch({ tenant, channel }: ChannelAddress): void {
    this.touched.set(join(tenant, channel), { tenant, channel });
  }

  get runs(): readonly RunAddress[] {
    return [...this.woken.values()];
  }

  get channels(): readonly ChannelAddress[] {
    return [...this.touched.values()];
  }
}

const bySeq = (a: InboxRow, b: InboxRow): number => Number(a.seq) - Number(b.seq);

/** Writes nothing when the row's run is not open. */
export function insertInbox(db: Database, insert: InboxInsert, wakes: Wakes): void {
  const run = db.tables.runs.get(runKey(insert));
  if (run?.endedAtMs === null) putInbox(db, { ...insert, shard: run.shard }, wakes);
}

/**
 * Writes the row without checking that its run is open: the caller knows it, or the row does no harm.
 */
export function putInbox(db: Database, insert: InboxInsert, wakes: Wakes): void {
  if (insert.key !== null && hasInboxKey(db, insert, insert.key)) return;
  const { tenant, runId, shard, kind, ref, payloadText, key, by } = insert;
  const seq = String(db.next('inbox'));
  const row = { tenant, runId, shard, kind, ref, payloadText, key, seq };
  db.tables.inbox.put(Object.freeze(by === undefined ? row : { ...row, by }));
  wakes.wake(insert);
}

export function hasInboxKey(
  db: Database,
  run: { readonly tenant: string; readonly runId: string },
  key: string,
): boolean {
  return db.tables.inbox.count('key', join(run.tenant, run.runId, key)) > 0;
}

function inboxByKey(db: Database, run: RunAddress, key: string): InboxRow[] {
  return db.tables.inbox.by('key', join(run.tenant, run.runId, key));
}

/** Judges an inbox row from outside, and writes it if it is accepted. */
export function arriveInbox(
  db: Database,
  arrival: InboxArrival,
  wakes: Wakes,
): FateOf['inbox'] | null {
  const { fate, put } = judgeArrival(db, arrival);
  if (put) insertInbox(db, arrival, wakes);
  return fate;
}

/** Deletes the rows that a turn took. If the turn ends its run, all rows of the run are deleted. */
export function takeInbox(db: Database, turn: TurnCommit): void {
  const rows =
    turn.ended !== null
      ? db.tables.inbox.by('run', runKey(turn))
      : [
          ...turn.takenInbox.map((seq) => db.tables.inbox.get(seq)),
          ...turn.takenResults.flatMap((key) => inboxByKey(db, turn, key)),
        ];
  for (const row of rows) {
    if (row !== undefined && runKey(row) === runKey(turn)) db.tables.inbox.remove(row.seq);
  }
}

export function inboxOf(db: Database, run: RunAddress): Omit<LoadedRun, 'run'> {
  const rows = db.tables.inbox.by('run', runKey(run)).sort(bySeq);
  const ordered = [...rows.filter(isUrgent), ...rows.filter((row) => !isUrgent(row))];
  const later = ordered.slice(limits.turnEventsMax);
  return {
    inbox: ordered.slice(0, limits.turnEventsMax),
    laterAnswers: later.filter(({ kind }) => kind === 'answer').slice(0, limits.turnEventsMax),
  };
}

function isUrgent({ kind }: InboxRow): boolean {
  return urgentInboxKinds.includes(kind);
}

/** Pages through inbox rows, oldest first. Names each open run of a page once. */
export function pending(db: Database, query: Asked<'pending'>): Answer<'pending'> {
  const after = query.afterSeq === null ? 0 : Number(query.afterSeq);
  const page = query.shards
    .flatMap((shard) => db.tables.inbox.by('shard', String(shard)))
    .filter((row) => Number(row.seq) > after)
    .sort(bySeq)
    .filter((row) => isOpen(db, row))
    .slice(0, query.limit);
  const commanded = new Set(page.filter(({ kind }) => commandKinds.includes(kind)).map(runKey));
  const runs = new Map(page.map((row) => [runKey(row), pendingRun(db, row, commanded)]));
  return {
    runs: [...runs.values()],
    nextSeq: page.length < query.limit ? null : (page.at(-1)?.seq ?? null),
  };
}

function isOpen(db: Database, row: InboxRow): boolean {
  return db.tables.runs.get(runKey(row))?.endedAtMs === null;
}

function pendingRun(db: Database, row: InboxRow, commanded: ReadonlySet<string>): PendingRun {
  const run = db.tables.runs.get(runKey(row));
  if (run === undefined) throw new Error(`inbox row ${row.seq} belongs to no run`);
  return {
    tenant: run.tenant,
    runId: run.runId,
    shard: run.shard,
    user: run.user,
    pipeline: run.pipeline,
    priority: run.priority,
    status: run.status,
    createdAtMs: run.createdAtMs,
    hasCommand: commanded.has(runKey(row)),
  };
}
