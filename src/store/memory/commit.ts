/**
 * One batch as one transaction. It owns the order: first the own rows of all turns, then the parts of
 * turns and arrivals that meet other rows, and last one wake pass over every channel that was touched.
 * The order is that of Postgres's statements, so that both stores give the same outcomes.
 */
import { heddleError } from '../../domain/errors.ts';
import type { Batch } from '../batch.ts';
import { Fates, type ArrivalKind, type BatchOutcome, type FateOf } from '../fates.ts';
import { isSpent } from '../requests/request-port.ts';
import { putEvaluation } from './lists/evaluations.ts';
import { writeAttempts } from './attempts.ts';
import { writeCharges } from './budgets.ts';
import { publish } from './channels.ts';
import type { Database } from './database.ts';
import type { StoredCommit } from './stored-rows.ts';
import { arriveInbox, insertInbox, takeInbox, Wakes } from './inbox.ts';
import { arriveMemory } from './memory-entries.ts';
import { writeProviders } from './providers.ts';
import { retellArrivals } from './questions.ts';
import { judgeRequests, keepRequests } from './requests.ts';
import { addressOf, arriveStarts, findRun, queueRun } from './runs.ts';
import { writeSlots } from './slots.ts';
import { endSubscription, register, wakeWaiters } from './subscriptions.ts';
import { own } from './table.ts';
import { applyStatus, applyTurn, holdsNul, keepResult } from './turns.ts';

export function commitBatch(db: Database, batch: Batch): BatchOutcome {
  const known = db.tables.commits.get(batch.commitId);
  if (known !== undefined) return retell(db, batch, known);
  db.next('transactions');
  const { arrivals } = batch;
  const wakes = new Wakes();
  const before = { seen: new Set<string>(), refused: new Set<string>() };
  const fates = new Fates();
  batch.turns.forEach((turn, i) => {
    fates.put('turns', i, applyTurn(db, turn, batch, before, wakes));
  });
  const committed = fates.without('turns', batch.turns);
  batch.statusChanges.forEach((change, i) => {
    fates.put('statusChanges', i, applyStatus(db, change, batch));
  });
  for (const child of committed.flatMap((turn) => turn.children)) queueRun(db, child, wakes);
  const marked = judgeRequests(db, batch, fates);
  const judge = <Kind extends ArrivalKind>(
    kind: Kind,
    i: number,
    fate: FateOf[Kind] | null,
  ): void => {
    if (fates.of(kind, i) === null) fates.put(kind, i, fate);
  };
  arrivals.starts.forEach((run, i) => judge('starts', i, poisonOf(run)));
  arriveStarts(db, arrivals.starts, fates, wakes);
  arrivals.messages.forEach((message, i) => judge('messages', i, poisonOf(message)));
  for (const message of fates.without('messages', arrivals.messages)) publish(db, message, wakes);
  arrivals.memory.forEach((insert, i) => {
    if (isSpent(fates.of('memory', i))) return;
    fates.put('memory', i, poisonOf(insert) ?? arriveMemory(db, insert));
  });
  for (const turn of committed) {
    for (const insert of turn.subscribe) register(db, turn, insert, wakes);
  }
  for (const turn of committed) {
    for (const end of turn.unsubscribe) endSubscription(db, turn.tenant, end, wakes);
  }
  // Behind the runs of the batch, whose agents they note.
  for (const turn of committed) {
    for (const evaluation of turn.evaluations) putEvaluation(db, evaluation, null);
  }
  for (const turn of committed) takeInbox(db, turn);
  for (const insert of committed.flatMap((turn) => turn.inbox)) insertInbox(db, insert, wakes);
  arrivals.inbox.forEach((row, i) => {
    if (isSpent(fates.of('inbox', i))) return;
    fates.put('inbox', i, poisonOf(row) ?? arriveInbox(db, row, wakes));
  });
  batch.results.forEach((kept, i) => fates.put('results', i, keepResult(db, kept, batch)));
  writeCharges(db, batch, fates);
  writeSlots(db, batch, fates);
  writeProviders(db, batch);
  writeAttempts(db, batch.attempts);
  keepRequests(db, batch, marked, fates);
  wakeWaiters(db, wakes);
  const told = own(fates.list());
  db.tables.commits.put({ commitId: batch.commitId, atMs: db.now(), told });
  return { fates: told, wakes: wakes.runs };
}

/** The refusal of an arrival that Postgres would refuse; null when Postgres would take it. */
function poisonOf(arrival: object): FateOf['inbox'] | null {
  if (!holdsNul(arrival)) return null;
  const error = heddleError('store-poison', { reason: 'a text holds a NUL character' });
  return { kind: 'refused', error: error.toJSON() };
}

/**
 * Tells the outcome again, for a commit whose reply was lost. Wake-ups are not told again: the inbox
 * rows are durable, and `pending` finds them.
 *
 * As on Postgres, which does not keep it, an arrival's `run-ended` is not told again.
 */
function retell(db: Database, { arrivals }: Batch, { told }: StoredCommit): BatchOutcome {
  const fates = new Fates(told);
  arrivals.starts.forEach((run, i) => {
    const fate = fates.of('starts', i);
    if (fate?.kind === 'refused' || fate?.kind === 'repeated') return;
    const known = findRun(db, run);
    const isOwn = known === null || known.runId === run.runId;
    fates.put('starts', i, isOwn ? null : { kind: 'existing', run: addressOf(known) });
  });
  retellArrivals(db, arrivals.inbox, fates);
  return { fates: fates.list(), wakes: [] };
}
