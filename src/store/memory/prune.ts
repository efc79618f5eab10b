/**
 * Housekeeping: deletes rows that have been over for long, in bounded batches, so that no table grows
 * for ever. It deletes ended runs with the rows that belong to them alone. It also deletes the messages
 * that they took, except those that a group or a waiting run has yet to read. Evaluations stay, and so
 * do memory entries that other runs can reach. Images go once no run uses them.
 */
import { smallRowsPruned, type Asked, type Pruned } from '../port.ts';
import { budgetKey } from '../charges.ts';
import type { RunRow } from '../rows.ts';
import type { Database } from './database.ts';
import {
  channelKey,
  entryKey,
  runKey,
  subscriptionKey,
  waiterKey,
  type StoredMessage,
} from './stored-rows.ts';
import { removeAttempts } from './attempts.ts';
import { removeConversations } from './conversations.ts';
import { pruneImages, removeImageUses, type Retained } from './images.ts';
import { forgetKeys, removeQuestions } from './questions.ts';
import { forgetRequests } from './requests.ts';
import { join } from './table.ts';
import { clearTimersOf } from './timers.ts';

/** A commit's id may be sent again within minutes, never after a day. */
const commitMsMax = 24 * 60 * 60 * 1_000;

export function prune(db: Database, { olderThanMs, limit }: Asked<'prune'>): Pruned {
  const runs = olderThanMs === null ? 0 : pruneRuns(db, { olderThanMs, limit });
  const most = limit * smallRowsPruned;
  const commits = db.tables.commits
    .all()
    .filter((row) => row.atMs < db.now() - commitMsMax)
    .slice(0, most);
  for (const { commitId } of commits) db.tables.commits.remove(commitId);
  const small = [commits.length, forgetKeys(db, most), forgetRequests(db, most)];
  return { runs, isMore: runs >= limit || Math.max(...small) >= most };
}

function pruneRuns(db: Database, query: Retained): number {
  const beforeMs = db.now() - query.olderThanMs;
  const over = db.tables.runs
    .all()
    .filter((run) => run.endedAtMs !== null && run.endedAtMs <= beforeMs)
    .sort((a, b) => (a.endedAtMs ?? 0) - (b.endedAtMs ?? 0))
    .slice(0, query.limit);
  const messages = over.flatMap((run) => messagesTakenBy(db, run));
  const done = messages.filter((row) => row.publishedAtMs <= beforeMs && !isAwaited(db, row));
  for (const message of done) removeMessage(db, message);
  for (const run of over) removeRun(db, run);
  pruneImages(db, query);
  return over.length;
}

function messagesTakenBy(db: Database, run: RunRow): StoredMessage[] {
  const taken = db.tables.subscriptions
    .by('run', runKey(run))
    .flatMap((subscription) => subscription.delivered);
  return taken.flatMap(({ channel, seq }) => {
    return db.tables.messages.get(join(run.tenant, channel, seq)) ?? [];
  });
}

/**
 * True while a group's cursor is below the message, an outside consumer holds it, or a waiting run has
 * not reached it.
 */
function isAwaited(db: Database, message: StoredMessage): boolean {
  const { seq } = message;
  const at = channelKey(message);
  return (
    db.tables.cursors.by('channel', at).some((row) => row.cursor < seq) ||
    db.tables.leases.by('channel', at).some((row) => row.seq === seq) ||
    db.tables.waiters.by('channel', at).some((row) => row.group === null && row.after < seq)
  );
}

/** Two runs may have taken the same message: it is deleted and counted once. */
function removeMessage(db: Database, message: StoredMessage): void {
  const key = join(message.tenant, message.channel, message.seq);
  const channel = db.tables.channels.get(channelKey(message));
  if (channel === undefined || db.tables.messages.get(key) === undefined) return;
  db.tables.messages.remove(key);
  db.tables.channels.put({ ...channel, pruned: channel.pruned + 1 });
}

function removeRun(db: Database, run: RunRow): void {
  for (const row of db.tables.inbox.by('run', runKey(run))) db.tables.inbox.remove(row.seq);
  for (const row of db.tables.journal.by('run', runKey(run))) {
    db.tables.journal.remove(join(row.tenant, row.runId, row.turn));
  }
  for (const row of db.tables.checkpoints.by('run', runKey(run))) {
    db.tables.checkpoints.remove(join(row.tenant, row.runId, row.turn));
  }
  removeAttempts(db, run);
  removeConversations(db, run);
  removeImageUses(db, run);
  for (const subscription of db.tables.subscriptions.by('run', runKey(run))) {
    const key = subscriptionKey(subscription);
    for (const row of db.tables.waiters.by('subscription', key)) {
      db.tables.waiters.remove(waiterKey(row));
    }
    db.tables.subscriptions.remove(key);
  }
  for (const entry of db.tables.entries.by('owner', join(run.tenant, 'run', run.runId))) {
    for (const row of db.tables.versions.by('entry', entryKey(entry))) {
      db.tables.versions.remove(join(entryKey(row), row.version));
    }
    db.tables.entries.remove(entryKey(entry));
  }
  clearTimersOf(db, run);
  removeQuestions(db, run);
  const { tenant, runId: owner } = run;
  db.tables.budgets.remove(budgetKey({ tenant, scope: 'run', owner }));
  db.tables.startTexts.remove(runKey(run));
  db.tables.runs.remove(runKey(run));
}
