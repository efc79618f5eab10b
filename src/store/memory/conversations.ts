/**
 * The conversations of runs: appended by their turns, read when a call is sent, deleted with the run.
 */
import type { TurnCommit } from '../batch.ts';
import type { ConversationRead } from '../caller-port.ts';
import type { Database } from './database.ts';
import { runKey } from './stored-rows.ts';
import { join } from './table.ts';

export function appendConversation(db: Database, turn: TurnCommit): void {
  const { tenant, runId, expectedTurn } = turn;
  turn.conversation.forEach((insert, place) => {
    const at = { tenant, runId, turn: expectedTurn + 1, place };
    db.tables.conversationEntries.put({ ...at, ...insert });
  });
}

export function readConversation(db: Database, read: ConversationRead): readonly string[] {
  const messages = db.tables.conversationEntries
    .by('run', runKey(read))
    .filter(({ conversation }) => conversation === read.conversation)
    .sort((a, b) => a.turn - b.turn || a.place - b.place)
    .map(({ messageText }) => messageText);
  return messages.slice(-(read.newest ?? messages.length));
}

export function removeConversations(
  db: Database,
  run: { readonly tenant: string; readonly runId: string },
): void {
  for (const row of db.tables.conversationEntries.by('run', runKey(run))) {
    db.tables.conversationEntries.remove(join(row.tenant, row.runId, row.turn, row.place));
  }
}
