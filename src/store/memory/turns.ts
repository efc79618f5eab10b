/**
 * A turn's checks and the rows that it alone writes. All checks come before all writes, so that a turn
 * which fails has written nothing and does not affect other turns (promise 1). Parts that meet other
 * parts of the batch (subscriptions, inbox rows, children) are written by `commit.ts`, afterwards.
 */
import type { ReplicaId } from '../../domain/ids.ts';
import type { KeptResult, StatusChange, TurnCommit } from '../batch.ts';
import type { FateOf } from '../fates.ts';
import type { RunAddress, RunRow } from '../rows.ts';
import type { Database } from './database.ts';
import { runKey } from './stored-rows.ts';
import { publish } from './channels.ts';
import { appendConversation } from './conversations.ts';
import { useImages } from './images.ts';
import { insertInbox, Wakes } from './inbox.ts';
import { addVersion, memoryConflict } from './memory-entries.ts';
import { answeredMeanwhile, writeQuestions } from './questions.ts';
import { findRun, insertRun, writeStatus, writeTurn } from './runs.ts';
import { holds } from './shards.ts';
import { cursorOf, moveCursor } from './subscriptions.ts';
import { join } from './table.ts';
import { clearTimer, clearTimersOf, setTimer } from './timers.ts';

/** The replica that commits a batch, and the epochs at which it holds its shards. */
export type Fence = {
  readonly replicaId: ReplicaId;
  readonly epochs: ReadonlyMap<number, number>;
};

/** The facts about the turns before a turn in its batch that the turn depends on. */
export type TurnsBefore = {
  /** Runs that have had a turn in this batch. Another turn of such a run is always stale. */
  readonly seen: Set<string>;
  /** Turns that did not commit. A turn that was made from their writes cannot commit either. */
  readonly refused: Set<string>;
};

export function applyTurn(
  db: Database,
  turn: TurnCommit,
  fence: Fence,
  before: TurnsBefore,
  wakes: Wakes,
): FateOf['turns'] | null {
  const fate = judge(db, turn, fence, before);
  if (fate !== null) {
    before.refused.add(join(turn.runId, turn.expectedTurn + 1));
    return fate;
  }
  if (turn.create !== null) insertRun(db, turn.create);
  writeTurn(db, existing(db, turn), turn);
  writeOwn(db, turn, wakes);
  return null;
}

function judge(
  db: Database,
  turn: TurnCommit,
  fence: Fence,
  { seen, refused }: TurnsBefore,
): FateOf['turns'] | null {
  if (!fence.epochs.has(turn.shard)) return { kind: 'fenced' };
  if (seen.has(runKey(turn))) return { kind: 'stale' };
  seen.add(runKey(turn));
  if (!isHeld(db, turn, fence)) return { kind: 'fenced' };
  if (!expected(db, turn)) return { kind: 'stale' };
  const what =
    refusedBasis(refused, turn) ?? memoryConflict(db, turn.memory) ?? cursorConflict(db, turn);
  if (what !== null) return { kind: 'conflict', what };
  const invocationId = answeredMeanwhile(db, turn);
  if (invocationId !== null) return { kind: 'answered', invocationId };
  if (holdsNul(turn)) return { kind: 'poison', reason: 'a text holds a NUL character' };
  return null;
}

function refusedBasis(refused: ReadonlySet<string>, { memory }: TurnCommit): string | null {
  const insert = memory.find(
    ({ standsOn: on }) => on !== undefined && refused.has(join(on.runId, on.turn)),
  );
  return insert === undefined ? null : `memory ${insert.key} stands on a turn that was refused`;
}

export function applyStatus(
  db: Database,
  change: StatusChange,
  fence: Fence,
): FateOf['statusChanges'] | null {
  if (!isHeld(db, change, fence)) return { kind: 'fenced' };
  const run = db.tables.runs.get(runKey(change));
  if (run === undefined || !isAt(run, change)) return { kind: 'stale' };
  writeStatus(db, run, change);
  return null;
}

/**
 * Writes a call's result to its run's inbox. It gives no hint, because the run's owner knows of the
 * result.
 */
export function keepResult(db: Database, kept: KeptResult, fence: Fence): FateOf['results'] | null {
  if (!isHeld(db, kept, fence)) return { kind: 'fenced' };
  if (holdsNul(kept)) return { kind: 'poison', reason: 'a text holds a NUL character' };
  insertInbox(db, { ...kept, kind: 'result', ref: null }, new Wakes());
  return null;
}

function isHeld(db: Database, at: RunAddress, fence: Fence): boolean {
  return holds(db, at.shard, fence.replicaId, fence.epochs.get(at.shard));
}

function expected(db: Database, turn: TurnCommit): boolean {
  if (turn.create !== null) return findRun(db, turn.create) === null && turn.expectedTurn === 0;
  const run = db.tables.runs.get(runKey(turn));
  return run !== undefined && isAt(run, turn);
}

function isAt(run: RunRow, at: RunAddress & { readonly expectedTurn: number }): boolean {
  return run.endedAtMs === null && run.shard === at.shard && run.turn === at.expectedTurn;
}

function existing(db: Database, at: RunAddress): RunRow {
  const run = db.tables.runs.get(runKey(at));
  if (run === undefined) throw new Error(`run ${at.runId} was checked and is not there`);
  return run;
}

function cursorConflict(db: Database, turn: TurnCommit): string | null {
  const moved = new Map<string, number>();
  for (const { channel, group, from, to } of turn.groupCursors) {
    const key = join(channel, group);
    const at = moved.get(key) ?? cursorOf(db, { tenant: turn.tenant, channel, group });
    if (at !== from) return `group ${group} of ${channel} is at ${at ?? 'no cursor'}, not ${from}`;
    moved.set(key, to);
  }
  return null;
}

/** Writes the rows that no other part of the batch affects. */
function writeOwn(db: Database, turn: TurnCommit, wakes: Wakes): void {
  appendConversation(db, turn);
  useImages(db, turn);
  for (const insert of turn.memory) addVersion(db, insert);
  for (const move of turn.groupCursors) moveCursor(db, turn.tenant, move, wakes);
  for (const message of turn.messages) publish(db, message, wakes);
  writeQuestions(db, turn);
  for (const timerId of turn.clearTimers) clearTimer(db, turn, timerId);
  if (turn.ended !== null) clearTimersOf(db, turn);
  else for (const timer of turn.setTimers) setTimer(db, turn, timer);
}

/** Postgres's texts hold no NUL, so a turn with one can never be committed. */
export function holdsNul(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\u0000');
  if (typeof value !== 'object' || value === null) return false;
  for (const name in value) {
    if (holdsNul((value as Readonly<Record<string, unknown>>)[name])) return true;
  }
  return false;
}
