/** All attempts of a run's provider calls: those in its journal, and those that no journal tells of. */
import type { Attempt } from '../../domain/calls/attempt.ts';
import type { JournalEntry } from '../../domain/event.ts';
import type { Store } from '../../store/port.ts';
import type { AttemptRow } from '../../store/rows.ts';
import { journalOf, type ScopedRun } from '../run-history.ts';

const rowsOfPage = 200;

/** In the order of their turns: those that ended before a turn stand before those whose result the turn took. */
export async function* attemptsOf(
  store: Pick<Store, 'attempts' | 'journal'>,
  run: ScopedRun,
): AsyncGenerator<Attempt, void, undefined> {
  const others = othersOf(store, run);
  let other = await others.next();
  for await (const { turn, entry } of journalOf(store, run)) {
    const attempt = attemptIn(entry, turn);
    if (attempt === null) continue;
    for (; other.done !== true && other.value.turn < turn; other = await others.next()) {
      yield other.value;
    }
    yield attempt;
  }
  for (; other.done !== true; other = await others.next()) yield other.value;
}

/** The attempt that a line of the journal tells of. */
export function attemptIn(entry: JournalEntry, turn: number): Attempt | null {
  if (entry.kind !== 'done' && entry.kind !== 'failed') return null;
  const { id: invocationId, incarnation, attempt } = entry;
  return attempt === undefined ? null : { invocationId, incarnation, turn, count: 1, ...attempt };
}

async function* othersOf(
  store: Pick<Store, 'attempts'>,
  { scope, runId }: ScopedRun,
): AsyncGenerator<Attempt, void, undefined> {
  let at: Pick<AttemptRow, 'turn' | 'seq'> | undefined;
  for (;;) {
    const after = { afterTurn: at?.turn ?? 0, afterSeq: at?.seq ?? null };
    const rows = await store.attempts(scope, { runId, ...after, limit: rowsOfPage });
    for (const { seq: _seq, ...attempt } of rows) yield attempt;
    at = rows.at(-1);
    if (rows.length < rowsOfPage) return;
  }
}
