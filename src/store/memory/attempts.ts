/** Attempts of provider calls. It owns their rows, which go with their run. */
import { limits } from '../../domain/limits.ts';
import type { AttemptInsert } from '../batch.ts';
import type { AnswerIn, AskedIn } from '../caller-port.ts';
import type { RunAddress } from '../rows.ts';
import type { Database } from './database.ts';
import { runKey, type StoredAttempt } from './stored-rows.ts';
import { own } from './table.ts';

type RunKey = Pick<RunAddress, 'tenant' | 'runId'>;

const byPlace = (a: StoredAttempt, b: StoredAttempt): number =>
  a.turn - b.turn || a.order - b.order;

export function writeAttempts(db: Database, rows: readonly AttemptInsert[] = []): void {
  const runs = new Map(rows.map((row) => [runKey(row), row]));
  for (const run of runs.values()) {
    const kept = attemptsOf(db, run).reverse();
    for (const { order } of kept.slice(limits.attemptsOfRunMax - 1)) {
      db.tables.attempts.remove(String(order));
    }
  }
  for (const row of rows) {
    if (db.tables.runs.get(runKey(row)) === undefined) continue;
    db.tables.attempts.put(own({ ...row, order: db.next('attempts') }));
  }
}

export function readAttempts(db: Database, query: AskedIn<'attempts'>): AnswerIn<'attempts'> {
  const { afterTurn, afterSeq, limit } = query;
  const afterOrder = afterSeq === null ? Infinity : Number(afterSeq);
  return attemptsOf(db, query)
    .filter(({ turn, order }) => turn > afterTurn || (turn === afterTurn && order > afterOrder))
    .slice(0, limit)
    .map(({ tenant: _tenant, runId: _runId, order, ...attempt }) => ({
      ...attempt,
      seq: String(order),
    }));
}

export function removeAttempts(db: Database, run: RunKey): void {
  for (const { order } of attemptsOf(db, run)) db.tables.attempts.remove(String(order));
}

function attemptsOf(db: Database, run: RunKey): StoredAttempt[] {
  return db.tables.attempts.by('run', runKey(run)).sort(byPlace);
}
