/** The past of runs that are drawn: see weave-port.ts. It owns no table. */
import { isDrawn } from '../../../domain/drawn.ts';
import type { AnswerIn, AskedIn } from '../../caller-port.ts';
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
      .map(({ turn, atMs, status }) => ({ turn, atMs, status }))
      .toReversed(),
  );
}
