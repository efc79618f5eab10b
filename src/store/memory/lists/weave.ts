/** The past of runs that are drawn: see weave-port.ts. It owns no table. */
import { isDrawn } from '../../../domain/drawn.ts';
import type { JournalEntry } from '../../../domain/event.ts';
import type { AnswerIn, AskedIn } from '../../caller-port.ts';
import { readLinesBytesMax, takenOfTurnMax, type TakenAttempt } from '../../ports/weave-port.ts';
import { readAttempts } from '../attempts.ts';
import type { Database } from '../database.ts';
import { readJournal } from '../runs.ts';
import { brief } from '../watch-reads.ts';

export function weaveOpen(
  db: Database,
  { tenant, every, limit }: AskedIn<'weaveOpen'>,
): AnswerIn<'weaveOpen'> {
  const open = db.tables.runs
    .all()
    .filter((run) => run.tenant === tenant && run.endedAtMs === null && isDrawn(run.runId, every));
  return { atMs: db.now(), runs: open.slice(0, limit).map(brief) };
}

export function weaveEnded(
  db: Database,
  { tenant, fromMs, toMs, every, limit }: AskedIn<'weaveEnded'>,
): AnswerIn<'weaveEnded'> {
  const endOf = ({ endedAtMs }: { readonly endedAtMs: number | null }): number => endedAtMs ?? -1;
  return db.tables.runs
    .all()
    .filter((run) => run.tenant === tenant && endOf(run) >= fromMs && endOf(run) < toMs)
    .filter((run) => isDrawn(run.runId, every))
    .sort((a, b) => endOf(b) - endOf(a) || (a.runId < b.runId ? 1 : -1))
    .slice(0, limit)
    .map(brief);
}

export function statusTurns(
  db: Database,
  { tenant, runs, limit }: AskedIn<'statusTurns'>,
): AnswerIn<'statusTurns'> {
  return runs.map(({ runId, beforeTurn }) =>
    readJournal(db, { tenant, runId, beforeTurn, limit })
      .map(({ turn, atMs, status, entriesText }) => {
        return { turn, atMs, status, taken: takenIn(entriesText) };
      })
      .toReversed(),
  );
}

/** What Postgres would not take apart tells of no attempt. */
function takenIn(text: string): readonly TakenAttempt[] {
  if (Buffer.byteLength(text) > readLinesBytesMax || /\\u0000|\\ud/.test(text)) return [];
  const taken = (JSON.parse(text) as JournalEntry[]).flatMap((entry) => {
    if ((entry.kind !== 'done' && entry.kind !== 'failed') || entry.attempt === undefined)
      return [];
    const { sentAtMs, endedAtMs } = entry.attempt;
    return [{ invocationId: entry.id, incarnation: entry.incarnation, sentAtMs, endedAtMs }];
  });
  return taken.slice(0, takenOfTurnMax);
}

export function otherAttempts(
  db: Database,
  { tenant, runs, limit }: AskedIn<'otherAttempts'>,
): AnswerIn<'otherAttempts'> {
  return runs.map(({ runId, fromTurn }) =>
    readAttempts(db, { tenant, runId, afterTurn: fromTurn - 1, afterSeq: null, limit: Infinity })
      .toReversed()
      .slice(0, limit)
      .map(({ invocationId, incarnation, sentAtMs, endedAtMs, turn, how }) => {
        return { invocationId, incarnation, sentAtMs, endedAtMs, turn, how };
      }),
  );
}
