/**
 * The order in which a turn takes what has come in. Timers, and what this replica did for the run, go
 * first: they were there before the inbox was read. But an accepted answer counts for its question
 * (promise 12). So when the inbox holds an answer, its rows up to the last answer go first: what was
 * sent before the answer stays before it, and no timer or result overtakes either.
 *
 * 1. Inbox rows keep the order in which they arrived, except those that are loaded first.
 */
import type { InboxRow, LoadedRun } from '../../store/rows.ts';
import type { Incoming } from './incoming.ts';

export function inOrder(
  local: readonly Incoming[],
  rows: readonly InboxRow[],
  laterAnswers: LoadedRun['laterAnswers'],
): Incoming[] {
  const later = laterAnswers.map((row): Incoming => ({ kind: 'inbox', row, later: true }));
  const last = rows.findLast(({ kind }) => kind === 'answer');
  if (last === undefined) return [...local, ...rows.map(incoming), ...later];
  const isBefore = (row: InboxRow): boolean => order(row) <= order(last) && !isTimer(row);
  const before = rows.filter(isBefore).sort((a, b) => order(a) - order(b));
  const after = rows.filter((row) => !isBefore(row));
  return [...before.map(incoming), ...local, ...after.map(incoming), ...later];
}

const incoming = (row: InboxRow): Incoming => ({ kind: 'inbox', row });
const order = ({ seq }: InboxRow): number => Number(seq);

/** A timer that rang while the run was paused waits in the inbox: see `held-back.ts`. */
function isTimer({ kind, payloadText }: InboxRow): boolean {
  if (kind !== 'result' || payloadText === null) return false;
  return (JSON.parse(payloadText) as Incoming).kind === 'timer';
}
