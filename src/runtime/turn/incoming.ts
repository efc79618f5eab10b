/** The things that wake a run: rows of its inbox, and results of this replica's work for it. */
import type { RunEvent } from '../../domain/event.ts';
import type { InboxRow, LoadedRun } from '../../store/rows.ts';

export type Incoming =
  /**
   * `later`: rows that were not loaded come before this answer, so it is taken only if it is to be
   * dropped.
   */
  | { readonly kind: 'inbox'; readonly row: InboxRow; readonly later?: true }
  /** The outcome of a provider call or task that this replica performed. */
  | {
      readonly kind: 'result';
      readonly event: Extract<RunEvent, { kind: 'done' | 'failed' }>;
      /** Set when the result is in the inbox too, under this key: see `result-keeper.ts`. */
      readonly keptAs?: string;
    }
  | { readonly kind: 'timer'; readonly timerId: string; readonly generation: number }
  /**
   * The run's last owner was lost with tasks of the run under way. `epoch` is the next owner's, so that
   * the loss counts once; `spread` is a random number from 0 to 1.
   */
  | { readonly kind: 'lost'; readonly epoch: number; readonly spread: number };

/**
 * The order in which a turn takes what has come in. Timers, and what this replica did for the run, go
 * first: they were there before the inbox was read. But an accepted answer counts for its question
 * (promise 12). So when the inbox holds an answer, its rows up to the last answer go first: what was
 * sent before the answer stays before it, and no timer or result overtakes either.
 *
 * 1. Inbox rows keep the order in which they arrived, except those that are loaded first.
 */
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
