/** A run's journal and its conversations, as the library gives them. */
import type { JournalEntry } from '../domain/event.ts';
import type { RunStatus } from '../../machines/run.ts';
import type { Store } from '../store/port.ts';
import type { RunId } from '../domain/ids.ts';
import type { OneTenant } from '../domain/scope.ts';
import type { GenerateMessage } from '../domain/catalogue.ts';
import { asWhole } from '../domain/field.ts';
import { checkName } from '../domain/ids.ts';
import { limits } from '../domain/limits.ts';
import { asOptions } from '../domain/options.ts';

/** One line of a journal: the turn that took the event, and the event. */
export type JournalLine = {
  /** The turn's number, from 1. */
  readonly turn: number;
  /**
   * The build that took the turn. Null where it was not noted (heddle 0.1.0), or where no chart took
   * part.
   */
  readonly build: string | null;
  /** When the turn committed, in ms since 1970 by the database's clock. */
  readonly atMs: number;
  /** The run's status after the turn. Null where it was not noted (releases before it was). */
  readonly status: RunStatus | null;
  /** The entry: an event, a command, or a fact about the run. */
  readonly entry: JournalEntry;
};

/** A run, and the scope within which its reader found it. */
export type ScopedRun = { readonly scope: OneTenant; readonly runId: RunId };

const turnsOfPage = 200;

/** Reads the journal in pages. */
export async function* journalOf(
  store: Pick<Store, 'journal'>,
  { scope, runId }: ScopedRun,
): AsyncGenerator<JournalLine, void, undefined> {
  for (let afterTurn = 0; ;) {
    const rows = await store.journal(scope, { runId, afterTurn, limit: turnsOfPage });
    for (const { turn, build, atMs, status, entriesText } of rows) {
      for (const entry of JSON.parse(entriesText) as JournalEntry[]) {
        yield { turn, build, atMs, status, entry };
      }
      afterTurn = turn;
    }
    if (rows.length < turnsOfPage) return;
  }
}

/** Options of `conversation`. */
export type ConversationOptions = {
  /** Only so many messages, the last ones. Default: all, which the bounds of a conversation keep few. */
  readonly newest?: number;
};

export async function conversationOf(
  store: Pick<Store, 'conversation'>,
  { scope, runId }: ScopedRun,
  asked: { readonly name: string; readonly options: ConversationOptions },
): Promise<readonly GenerateMessage[]> {
  const conversation = checkName(asked.name, 'conversation.name');
  const options = asOptions(asked.options, 'conversation', ['newest']);
  const bounds = { min: 1, max: limits.conversationMessagesMax, fallback: null };
  const newest = asWhole(options.newest, 'conversation.newest', bounds);
  const read = { runId, conversation, ...(newest === null ? {} : { newest }) };
  const texts = await store.conversation(scope, read);
  return texts.map((text) => JSON.parse(text) as GenerateMessage);
}
