/**
 * Ends an invocation that the chart has left, or that has its result: removes its timer and what was
 * noted for it beside the chart's state.
 *
 * It leaves the subscription of a receive to `receive-effects.ts`, and the row that a child is sent to
 * `family.ts`. Calls and tasks are aborted after the commit, by `calls.ts` and `run-tasks.ts`.
 *
 * 1. Ending an invocation that has ended changes nothing.
 */
import { dropAsked } from './conversation-effects.ts';
import { clearTimer, limitTimer, type Draft } from './draft.ts';
import { endChild, type ChildEnd } from './family.ts';
import { noted, without } from './held.ts';
import { endLimit } from './invocation-limit.ts';
import { forgetLost } from './lost-tasks.ts';
import { closeQuestion } from './questions.ts';
import { endReceive } from './receive-effects.ts';

/** The chart has left an invocation: its receive, question or child ends with this turn. */
export function stopInvocation(draft: Draft, id: string, how: ChildEnd = 'stop'): void {
  endReceive(draft, id, 'CANCEL');
  const child = noted(draft.held.children, id);
  settleInvocation(draft, id);
  if (child !== undefined) endChild(draft, child, how);
}

/** An invocation has its result: what was noted for it is no longer needed. */
export function settleInvocation(draft: Draft, id: string): void {
  endLimit(draft, id);
  forgetLost(draft, id);
  dropAsked(draft, id);
  if (closeQuestion(draft, id)) clearTimer(draft, limitTimer(id));
  if (noted(draft.held.children, id) === undefined) return;
  draft.held = { ...draft.held, children: without(draft.held.children, id) };
}
