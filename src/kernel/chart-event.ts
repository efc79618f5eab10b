/** The events that charts get and send. */
import { heddleError } from '../domain/errors.ts';
import type { ChartEvent } from '../domain/event.ts';
import { settle } from './settle.ts';

/**
 * True for XState's own event types: completions, timers, its stop. From outside such an event
 * would bypass every fence (`xstate.done.actor.x` completes an invocation), so no sender may use
 * them. `xstate.route` is the exception: a chart opts in to it, and it is meant for the outside.
 */
export function isReservedType(type: string): boolean {
  return type === '*' || (type.startsWith('xstate.') && !/^xstate\.route(\.|$)/.test(type));
}

export const reservedReason =
  'must be a text that is not "*" and does not begin with "xstate.", "xstate.route" excepted';

/**
 * Settles an event that leaves the chart or waits for its time: it must be plain JSON, and not one
 * of XState's own.
 */
export function settleEvent(event: unknown, what: string): ChartEvent {
  const settled = settle(event, what);
  const { type } = (settled ?? {}) as { readonly type?: unknown };
  if (typeof type !== 'string' || isReservedType(type)) {
    throw heddleError('invalid-field', {
      field: `${what}.type`,
      reason: reservedReason,
    });
  }
  return settled as ChartEvent;
}
