/** The attempts of a run's provider calls, by windows of its turns: for surfaces, which show both side by side. */
import type { Attempt } from '../../domain/calls/attempt.ts';
import type { JournalEntry } from '../../domain/event.ts';
import type { RunRow } from '../../store/rows.ts';
import type { Heddle } from '../library.ts';
import { attemptIn } from '../past/run-attempts.ts';
import type { ScopedRun } from '../run-history.ts';

/** The turns from `from` to `to`; none where `to` is before `from`. */
export type AttemptsWindow = {
  readonly from: number;
  readonly to: number;
  readonly attempts: readonly Attempt[];
};

/** How many turns at most: the first ones after a turn, or the last ones before a turn. */
export type TurnsWindow = { readonly limit: number } & (
  { readonly after: number } | { readonly before: number }
);

const rowsOfPage = 200;

/**
 * In the order of their turns; in a turn, attempts whose result it took stand before those that ended after it. So
 * the newest turn may get more of them, and no turn before it.
 */
export async function attemptsWindow(
  { runtime }: Pick<Heddle, 'runtime'>,
  { scope, run }: Pick<ScopedRun, 'scope'> & { readonly run: Pick<RunRow, 'runId' | 'turn'> },
  window: TurnsWindow,
): Promise<AttemptsWindow> {
  const { store } = runtime;
  const { runId } = run;
  const { from, to } = rangeOf(window, run.turn);
  if (to < from) return { from, to, attempts: [] };
  const journal = { runId, afterTurn: from - 1, limit: to - from + 1 };
  const [rows, others] = await Promise.all([
    store.journal(scope, journal),
    othersIn(runtime, { scope, runId }, { from, to }),
  ]);
  const taken = rows.flatMap(({ turn, entriesText }) =>
    (JSON.parse(entriesText) as JournalEntry[]).flatMap((entry) => attemptIn(entry, turn) ?? []),
  );
  // The sort is stable: of one turn those that it took come first.
  const attempts = [...taken, ...others].sort((a, b) => a.turn - b.turn);
  return { from, to, attempts };
}

function rangeOf(window: TurnsWindow, newest: number): { from: number; to: number } {
  const { limit } = window;
  if ('after' in window) {
    const { after } = window;
    return { from: after + 1, to: Math.min(after + limit, Math.max(newest, after)) };
  }
  const to = Math.min(window.before - 1, newest);
  return { from: Math.max(1, to - limit + 1), to };
}

/** A run keeps few of them: `attemptsOfRunMax`. */
async function othersIn(
  { store }: Heddle['runtime'],
  { scope, runId }: ScopedRun,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<readonly Attempt[]> {
  const found: Attempt[] = [];
  for (let at = { afterTurn: from - 1, afterSeq: null as string | null }; ;) {
    const rows = await store.attempts(scope, { runId, ...at, limit: rowsOfPage });
    for (const { seq: _seq, ...attempt } of rows) if (attempt.turn <= to) found.push(attempt);
    const last = rows.at(-1);
    if (last === undefined || rows.length < rowsOfPage || last.turn > to) return found;
    at = { afterTurn: last.turn, afterSeq: last.seq };
  }
}
