/**
 * Timers: absolute deadlines by the database's clock (promise 4). It owns the timer rows. The turn that
 * takes a timer's firing deletes its row.
 */
import type { Answer, Asked } from '../port.ts';
import type { AnswerIn, AskedIn } from '../caller-port.ts';
import type { TimerInsert } from '../batch.ts';
import type { RunAddress, TimerRow } from '../rows.ts';
import type { Database } from './database.ts';
import { runKey, type StoredTimer } from './stored-rows.ts';
import { join } from './table.ts';

/** Sets a timer, in place of one with the same id. */
export function setTimer(db: Database, run: RunAddress, timer: TimerInsert): void {
  const { tenant, runId, shard } = run;
  const { timerId, generation, delayMs } = timer;
  const dueAtMs = db.now() + delayMs;
  db.tables.timers.put({ tenant, runId, shard, timerId, generation, dueAtMs });
}

export function clearTimer(db: Database, run: RunAddress, timerId: string): void {
  db.tables.timers.remove(join(run.tenant, run.runId, timerId));
}

export function clearTimersOf(db: Database, run: RunAddress): void {
  for (const timer of db.tables.timers.by('run', runKey(run))) clearTimer(db, run, timer.timerId);
}

export function dueTimers(db: Database, query: Asked<'timers'>): Answer<'timers'> {
  const untilMs = db.now() + query.horizonMs;
  const timers = query.shards
    .flatMap((shard) => db.tables.timers.by('shard', String(shard)))
    .filter((timer) => timer.dueAtMs <= untilMs);
  return soonest(db, timers, query.limit);
}

export function timersOf(db: Database, query: AskedIn<'timersOf'>): AnswerIn<'timersOf'> {
  return soonest(db, db.tables.timers.by('run', runKey(query)), query.limit);
}

function soonest(db: Database, timers: readonly StoredTimer[], limit: number): TimerRow[] {
  const nowMs = db.now();
  return [...timers]
    .sort((a, b) => a.dueAtMs - b.dueAtMs)
    .slice(0, limit)
    .map(({ dueAtMs, ...timer }) => ({ ...timer, dueInMs: dueAtMs - nowMs }));
}
