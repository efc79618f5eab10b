/** Checks an event that a run gets against what is open, and turns it into XState's event. */
import type { AnyEventObject } from 'xstate';
import type { Effect } from '../domain/effect.ts';
import type { RunEvent } from '../domain/event.ts';
import type { Failure } from '../domain/failure.ts';
import { takes } from './chart-nodes.ts';
import type { CompiledAgent, Snapshot } from './compiled-agent.ts';
import { drop, put, type Child, type Frame } from './frame.ts';
import { isReservedType } from './chart-event.ts';
import { settle } from './settle.ts';

export type Received = {
  readonly frame: Frame;
  /** The event for the chart; null when there is none. */
  readonly deliver: AnyEventObject | null;
  /** An event for another run: a delayed one to the parent or a child, whose time has come. */
  readonly send: (Effect & { readonly kind: 'send' }) | null;
};

/** Returns null when the event belongs to an invocation or timer that is no longer open. */
export function receive(
  agent: CompiledAgent,
  { frame, snapshot }: { readonly frame: Frame; readonly snapshot: Snapshot },
  event: RunEvent,
  self: string,
): Received | null {
  switch (event.kind) {
    case 'start':
      return null;
    case 'done': {
      const type = `xstate.done.actor.${event.id}`;
      const ended = end(frame, snapshot, event, type);
      if (ended === null) return null;
      const output = settle(event.output, 'output');
      return toChart(ended, { type, output, actorId: event.id });
    }
    case 'failed': {
      const type = `xstate.error.actor.${event.id}`;
      const ended = end(frame, snapshot, event, type);
      if (ended === null) return null;
      const src = frame.children.find(({ id }) => id === event.id)?.src ?? event.id;
      const { error, failure } = heardOf(event, { src, self });
      return toChart(ended, { type, error, actorId: event.id, failure });
    }
    case 'timer':
      return fire(agent, frame, event);
    case 'event': {
      const settled = settle(event.event, 'event') as AnyEventObject;
      const heard = !isReservedType(settled.type) && agent.mayHear(settled.type);
      if (!heard) return { frame, deliver: null, send: null };
      return toChart(frame, settled);
    }
  }
}

/** Charts keep errors in their context, so an error event has plain JSON and no Error. */
function heardOf(
  event: RunEvent & { readonly kind: 'failed' },
  { src, self }: { readonly src: string; readonly self: string },
): { readonly error: unknown; readonly failure: unknown } {
  const { thrown, ...record } = event.error;
  const failure: Failure = {
    ...record,
    ...(event.attempts === undefined ? {} : { attempts: event.attempts }),
    source: src,
    run: event.run ?? self,
  };
  return {
    error: settle(thrown ?? { name: 'HeddleError', ...record }, 'error'),
    failure: settle(failure, 'failure'),
  };
}

function toChart(frame: Frame, deliver: AnyEventObject): Received {
  return { frame, deliver, send: null };
}

function open(frame: Frame, id: string, incarnation: number): Child | null {
  const child = frame.children.find((other) => other.id === id);
  return child !== undefined && !child.ended && child.incarnation === incarnation ? child : null;
}

type Completion = { readonly id: string; readonly incarnation: number; readonly left?: true };

/**
 * Returns the frame after a completion; null when no open invocation waits for it. `type`: the
 * event's type in the chart.
 */
function end(frame: Frame, snapshot: Snapshot, event: Completion, type: string): Frame | null {
  if (event.left === true) return isHeardLate(frame, snapshot, event.id, type) ? frame : null;
  const child = open(frame, event.id, event.incarnation);
  if (child === null) return null;
  return { ...frame, children: put(frame.children, { ...child, input: null, ended: true }) };
}

/**
 * The chart may leave a child because of an event that the child sent just before it ended. In a
 * live system the child has ended by then, and its completion comes after. A chart that waits for
 * the completion, and no longer has the child, gets it. A chart that has started another child
 * under the same id does not, because it could not tell whose completion it is.
 */
function isHeardLate(frame: Frame, snapshot: Snapshot, id: string, type: string): boolean {
  const isUsed = frame.children.some((child) => child.id === id);
  return !isUsed && snapshot._nodes.some((node) => takes(node, type));
}

function fire(
  agent: CompiledAgent,
  frame: Frame,
  { id, generation }: RunEvent & { readonly kind: 'timer' },
): Received | null {
  const timer = frame.timers.find((other) => other.id === id);
  if (timer === undefined || timer.generation !== generation) return null;
  const rest: Frame = { ...frame, timers: drop(frame.timers, id) };
  if (timer.event === null) {
    return toChart(rest, { type: agent.afterTypes.get(id) as string });
  }
  if (timer.to === 'self') return toChart(rest, timer.event);
  if (timer.to === 'parent') {
    return { frame: rest, deliver: null, send: { kind: 'send', to: 'parent', event: timer.event } };
  }
  // The event goes to the child for which it was meant: a later child of the same id is another.
  const child = open(frame, timer.to.child, timer.to.incarnation);
  const heard = child?.source.kind === 'child';
  const to = { child: timer.to.child };
  const send = heard ? ({ kind: 'send', to, event: timer.event } as const) : null;
  return { frame: rest, deliver: null, send };
}
