/**
 * The last turn of a run: its chart has come to its end, or it was cancelled, or it cannot go on.
 *
 * It owns how a run ends. It leaves what ends with each invocation to `end-invocation.ts`, and what the
 * parent is told to `family.ts`.
 *
 * 1. Nothing that the run holds is left open: waits, questions, children.
 * 2. The parent is told once, in whichever way the run has ended. It is not told when it has stopped the
 *    run itself, because it does not wait for the run any more.
 */
import { errorRecord, type ErrorRecord } from '../../domain/errors.ts';
import type { ChartState } from '../../kernel/port.ts';
import type { RunStatus } from '../../../machines/run.ts';
import { newDraft, type Draft } from './draft.ts';
import { stopInvocation } from './end-invocation.ts';
import { tellParent, type ChildEnd } from './family.ts';
import type { FoldedTurn } from './folded-turn.ts';
import type { HotRun } from './hot-run.ts';
import type { Incoming } from './incoming.ts';
import { moveRun } from './lifecycle.ts';
import { dropAnswers } from './questions.ts';

/** The chart has come to its end in this turn. */
export function endedTurn(draft: Draft, state: ChartState, admitted: RunStatus): FoldedTurn {
  const error = state.status === 'error' ? state.error : null;
  endEverything(draft, state);
  tellParent(draft, { output: state.output, error });
  return {
    draft,
    state,
    status: moveRun(admitted, error === null ? 'COMPLETE' : 'FAIL'),
    reason: error?.message ?? null,
    ended: { output: state.output, error },
    changed: true,
  };
}

/**
 * The turn of a run that cannot go on: a turn threw, or Postgres refuses what the turn wants to write.
 * The run fails visibly, and everything that it holds ends.
 */
export function failTurn(
  from: HotRun,
  incoming: readonly Incoming[],
  error: ErrorRecord,
): FoldedTurn {
  const draft = newDraft(from);
  for (const item of incoming) if (item.kind === 'inbox') draft.takenInbox.push(item.row.seq);
  dropAnswers(draft, incoming);
  endEverything(draft, from.state);
  tellParent(draft, { output: undefined, error });
  const open = from.status === 'paused' ? moveRun(from.status, 'RESUME') : from.status;
  return {
    draft,
    state: from.state,
    status: moveRun(open, 'FAIL'),
    reason: error.message,
    ended: { output: undefined, error },
    changed: true,
  };
}

/** A person has cancelled the run: nothing that came with the cancel is folded. */
export function cancelledTurn(draft: Draft, reason: string): FoldedTurn {
  const { state, status } = draft.from;
  const turn = abandoned(draft, { state, status, reason }, 'cancel');
  tellParent(draft, { output: undefined, error: turn.ended.error });
  return turn;
}

/** The parent has left the run, whose chart has taken what the parent sent before. */
export function stoppedTurn(
  draft: Draft,
  at: { readonly state: ChartState | null; readonly status: RunStatus },
  reason: string,
): FoldedTurn {
  return abandoned(draft, { ...at, reason }, 'stop');
}

function abandoned(
  draft: Draft,
  at: {
    readonly state: ChartState | null;
    readonly status: RunStatus;
    readonly reason: string;
  },
  how: ChildEnd,
) {
  const { state, status, reason } = at;
  const error = errorRecord('run-cancelled', { reason });
  endEverything(draft, state, how);
  return {
    draft,
    state,
    status: moveRun(status, 'CANCEL'),
    reason,
    ended: { output: undefined, error },
    changed: true,
  } satisfies FoldedTurn;
}

/** Ends open waits, questions and children; calls and tasks are aborted after the commit. */
function endEverything(draft: Draft, state: ChartState | null, how: ChildEnd = 'stop'): void {
  for (const { id } of state?.invocations ?? []) stopInvocation(draft, id, how);
  for (const id of Object.keys(draft.held.receives)) stopInvocation(draft, id, how);
  for (const id of Object.keys(draft.held.children)) stopInvocation(draft, id, how);
  for (const id of Object.keys(draft.held.asks)) stopInvocation(draft, id, how);
}
