/**
 * One batch as one transaction. It owns the order: all turns' own rows, then what of them and of
 * the arrivals meets elsewhere, and last the wake pass, once, over every channel that was touched.
 * The order is that of Postgres's statements, since a batch has no instants within.
 */
import { heddleError } from '../../domain/errors.ts';
import type { ArrivalOutcome, Batch, BatchOutcome } from '../batch.ts';
import { writeCharges } from './budgets.ts';
import { publish } from './channels.ts';
import type { Database, StoredCommit } from './database.ts';
import { arriveInbox, insertInbox, takeInbox, Wakes } from './inbox.ts';
import { arriveMemory } from './memory-entries.ts';
import { writeProviders } from './providers.ts';
import { retellArrivals } from './questions.ts';
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
  const turns = batch.turns.map((turn) => applyTurn(db, turn, batch, before, wakes));
  const committed = batch.turns.filter((_, i) => turns[i]?.kind === 'committed');
  const statusChanges = batch.statusChanges.map((change) => applyStatus(db, change, batch));
  for (const child of committed.flatMap((turn) => turn.children)) queueRun(db, child, wakes);
  const starts = arriveStarts(db, arrivals.starts, arrivals.starts.map(clean), wakes);
  const messages = arrivals.messages.map((message) => {
    const refused = clean(message);
    if (refused === null) publish(db, message, wakes);
    return refused ?? accepted;
  });
  const memory = arrivals.memory.map((insert) => clean(insert) ?? arriveMemory(db, insert));
  for (const turn of committed) {
    for (const insert of turn.subscribe) register(db, turn, insert, wakes);
  }
  for (const turn of committed) {
    for (const end of turn.unsubscribe) endSubscription(db, turn.tenant, end, wakes);
  }
  for (const turn of committed) takeInbox(db, turn);
  for (const insert of committed.flatMap((turn) => turn.inbox)) insertInbox(db, insert, wakes);
  const inbox = arrivals.inbox.map((row) => clean(row) ?? arriveInbox(db, row, wakes));
  const results = batch.results.map((kept) => keepResult(db, kept, batch));
  const slots = writeSlots(db, batch, writeCharges(db, batch));
  writeProviders(db, batch);
  wakeWaiters(db, wakes);
  const told = { turns, statusChanges, results, slots, starts, inbox, messages, memory };
  db.tables.commits.put({ commitId: batch.commitId, atMs: db.now(), told: own(told) });
  return { ...told, wakes: wakes.runs };
}

const accepted: ArrivalOutcome = { kind: 'accepted' };

/** Null when Postgres would take it. */
function clean(arrival: object): ArrivalOutcome | null {
  if (!holdsNul(arrival)) return null;
  const error = heddleError('store-poison', { reason: 'a text holds a NUL character' });
  return { kind: 'refused', error: error.toJSON() };
}

/**
 * The outcome once more, for a commit whose reply was lost. Wake-ups are not told again: the inbox
 * rows are durable, and `pending` finds them.
 *
 * Gotchas: as on Postgres, where nothing keeps it, that a run had ended already is forgotten.
 */
function retell(db: Database, batch: Batch, { told }: StoredCommit): BatchOutcome {
  const { arrivals } = batch;
  const starts = arrivals.starts.map((run, i): ArrivalOutcome => {
    const known = findRun(db, run);
    if (told.starts[i]?.kind === 'refused') return told.starts[i];
    if (known === null || known.runId === run.runId) return accepted;
    return { kind: 'existing', run: addressOf(known) };
  });
  const inbox = retellArrivals(db, arrivals.inbox, told.inbox);
  return { ...told, starts, inbox, wakes: [] };
}
