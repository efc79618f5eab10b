/** A run's journal, as the library gives it. */
import type { JournalEntry } from '../domain/event.ts';
import type { Store } from '../store/port.ts';
import type { RunAddress } from '../store/rows.ts';

/** One line of a journal: the turn that took the event, and the event. */
export type JournalLine = {
  /** The turn's number, from 1. */
  readonly turn: number;
  /**
   * The build that took the turn. Null where it was not noted (heddle 0.1.0), or where no chart took
   * part.
   */
  readonly build: string | null;
  /** The entry: an event, a command, or a fact about the run. */
  readonly entry: JournalEntry;
};

const turnsOfPage = 200;

/** Reads the journal in pages. */
export async function* journalOf(
  store: Pick<Store, 'journal'>,
  { tenant, runId }: Pick<RunAddress, 'tenant' | 'runId'>,
): AsyncGenerator<JournalLine, void, undefined> {
  for (let afterTurn = 0; ;) {
    const rows = await store.journal({ tenant, runId, afterTurn, limit: turnsOfPage });
    for (const row of rows) {
      for (const entry of JSON.parse(row.entriesText) as JournalEntry[]) {
        yield { turn: row.turn, build: row.build, entry };
      }
      afterTurn = row.turn;
    }
    if (rows.length < turnsOfPage) return;
  }
}
