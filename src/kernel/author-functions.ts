/**
 * The functions of an author's from which a chart needs a value: guards, assigns, delays, mappers.
 * A chart does not wait, so a promise in the place of a value is an error of the chart's, reported
 * with the agent, the state and the place. Otherwise an async guard would always pass, an async
 * assign would assign nothing, and an async delay would be no delay. The rejections of these
 * promises are handled, because a rejection without a listener ends the process (promise 13).
 *
 * Custom actions may return promises: they run after the commit and may take their time. A promise
 * further inside a value is refused where the value is settled; see `Macrostep.hush`.
 */
import type { AnyStateMachine } from 'xstate';
import { propertyOf, whenRejected } from '../domain/thrown.ts';
import { labelOf, nodesOf, placeOf, type StateNode } from './chart-nodes.ts';
import { hushPromises } from '../domain/plain/loss.ts';
import { noteGiven } from './scope.ts';

/** Reported as `promise-given`; see `failure.ts`. */
export class PromiseGiven extends Error {
  readonly place: string;
  readonly mend: string;
  constructor(place: string, mend: string) {
    super();
    this.place = place;
    this.mend = mend;
    // XState makes a new error from the message of what a guard throws. Reading this message throws
    // the error itself, so it reaches heddle unchanged.
    const get = (): never => {
      throw this;
    };
    Object.defineProperty(this, 'message', { get });
  }
}

const inTask = 'wait in a task, and use its result';
const asGuard = 'a promise is always true: wait in a task, and let the guard look at its result';
const asEnqueuer = 'what is enqueued after an await is lost: wait in a task, and enqueue after it';

type Anything = (...args: never[]) => unknown;

/** True for a promise, and for any other value that can be awaited. */
function isPromise(value: unknown): boolean {
  const isThing = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return isThing && typeof propertyOf(value, 'then') === 'function';
}

function refusePromise(value: unknown, place: string, mend: string): void {
  if (!isPromise(value)) return;
  whenRejected(value, () => undefined);
  throw new PromiseGiven(place, mend);
}

/**
 * Wraps a function so that its result is checked. `isAtRest`: the result itself is settled later,
 * if the macrostep does not fail.
 */
export function valued(
  given: unknown,
  place: string,
  { mend = inTask, isAtRest = true }: { readonly mend?: string; readonly isAtRest?: boolean } = {},
): unknown {
  if (typeof given !== 'function') return given;
  const author = given as Anything;
  return (...args: never[]): unknown => {
    const value = author(...args);
    refusePromise(value, place, mend);
    noteGiven(args[0], value, isAtRest);
    return value;
  };
}

/**
 * Wraps every function of a chart that must give a value, in place: the chart is heddle's own copy.
 */
export function guardFunctions(machine: AnyStateMachine): void {
  const { guards, delays, actions } = machine.implementations as unknown as Record<
    'guards' | 'delays' | 'actions',
    Record<string, unknown>
  >;
  for (const name of Object.keys(guards)) {
    guards[name] = guardedGuard(guards[name], `the guard "${name}"`);
  }
  for (const name of Object.keys(delays)) {
    delays[name] = valued(delays[name], `the delay "${name}"`);
  }
  for (const name of Object.keys(actions)) {
    actions[name] = guardedAction(actions[name], `the action "${name}"`);
  }
  for (const node of nodesOf(machine)) guardNode(node);
}

type Transition = { guard?: unknown; actions: readonly unknown[] };

function guardNode(node: StateNode): void {
  const place = placeOf(node);
  const own = node as unknown as { entry: unknown[]; exit: unknown[]; output?: unknown };
  for (const role of ['entry', 'exit'] as const) {
    own[role] = own[role].map((action) => guardedAction(action, `${role} of ${place}`));
  }
  // The output of a state that is not the root goes to its parent's `onDone` unsettled.
  own.output = valued(own.output, `the output of ${place}`, {
    isAtRest: node.parent === undefined,
  });
  const guard = (one: Transition, of: string): void => {
    if (one.guard !== undefined) one.guard = guardedGuard(one.guard, `the guard of ${of}`);
    one.actions = one.actions.map((action) => guardedAction(action, of));
  };
  for (const [event, candidates] of node.transitions as Map<string, readonly Transition[]>) {
    for (const one of candidates) guard(one, `${place} ${labelOf(event)}`);
  }
  for (const one of (node.always ?? []) as Transition[]) guard(one, `${place} always`);
  if (node.type === 'compound') guard(node.initial as Transition, `initial of ${place}`);
}

/**
 * A guard is a name, an object with params, a function, or guards that `and`, `or` and `not`
 * combine.
 */
function guardedGuard(guard: unknown, place: string): unknown {
  if (typeof guard === 'object' && guard !== null) return withParams(guard, place, asGuard);
  if (typeof guard !== 'function') return guard;
  if (!('check' in guard)) return valued(guard, place, { mend: asGuard });
  const { guards } = guard as { readonly guards?: unknown };
  const parts = Array.isArray(guards)
    ? { guards: guards.map((part) => guardedGuard(part, place)) }
    : {};
  return Object.assign(() => undefined, guard, parts);
}

/** The params of a custom action may be a promise, because the action can wait for it. */
function withParams(reference: object, place: string, mend: string | null): unknown {
  const { params } = reference as { readonly params?: unknown };
  if (typeof params !== 'function') return reference;
  const of = `the params of ${place}`;
  return { ...reference, params: mend === null ? heard(params) : valued(params, of, { mend }) };
}

/**
 * The result may be a promise or hold some. The caller may wait for them; their rejections are
 * handled here.
 */
function heard(given: unknown): unknown {
  if (typeof given !== 'function') return given;
  const author = given as Anything;
  return (...args: never[]): unknown => {
    const value = author(...args);
    hushPromises(value, args[0]);
    return value;
  };
}

/**
 * XState's action creators return functions with a `type` and with the arguments of the creator.
 */
type BuiltIn = Readonly<Record<string, unknown>> & { readonly type: string };

function guardedAction(action: unknown, place: string): unknown {
  if (typeof action === 'object' && action !== null) return withParams(action, place, null);
  if (typeof action !== 'function' || !('resolve' in action)) return action;
  const made = action as unknown as BuiltIn;
  const one = (key: string, what: string, isAtRest = true): object => ({
    [key]: valued(made[key], `${what} in ${place}`, { isAtRest }),
  });
  const again = (parts: object): unknown => Object.assign(() => undefined, made, parts);
  switch (made.type) {
    case 'xstate.assign':
      return again({ assignment: guardedAssignment(made['assignment'], place) });
    case 'xstate.raise':
      return again({ ...one('event', 'the event of raise', false), ...one('delay', 'the delay') });
    case 'xstate.sendTo':
      return again({
        ...one('to', 'the target of sendTo'),
        ...one('event', 'the event of sendTo'),
        ...one('delay', 'the delay'),
      });
    case 'xstate.emit':
      return again(one('event', 'the event of emit'));
    case 'xstate.log':
      return again({ value: heard(made['value']) });
    case 'xstate.cancel':
      return again(one('sendId', 'the id of cancel'));
    case 'xstate.stopChild':
      return again(one('actorRef', 'the child of stopChild'));
    case 'xstate.spawnChild':
      return again({
        ...one('id', 'the id of spawnChild'),
        ...one('input', 'the input of spawnChild'),
      });
    case 'xstate.enqueueActions':
      return again(guardedEnqueuer(made, place));
    default:
      return action;
  }
}

/**
 * An assignment is one function, or one for each key. A promise under a key is refused when the
 * context is settled, which names its path.
 */
function guardedAssignment(assignment: unknown, place: string): unknown {
  if (typeof assignment === 'function') {
    return valued(assignment, `assign in ${place}`, { isAtRest: false });
  }
  const parts = Object.entries(assignment as Readonly<Record<string, unknown>>);
  return Object.fromEntries(
    parts.map(([key, part]) => {
      if (typeof part !== 'function') return [key, part];
      const author = part as Anything;
      const noted = (...args: never[]): unknown => {
        const value = author(...args);
        if (typeof value === 'object') noteGiven(args[0], { [key]: value }, false);
        return value;
      };
      return [key, noted];
    }),
  );
}

type Enqueuing = { readonly check: (guard: unknown) => boolean };

/**
 * The actions that `enqueueActions` enqueues exist only while it runs, and so do the guards that it
 * checks, so they are wrapped then.
 */
function guardedEnqueuer(made: BuiltIn, place: string): object {
  const resolve = made['resolve'] as (...args: unknown[]) => [unknown, unknown, unknown[]];
  const collect = made['collect'] as Anything;
  const of = `enqueueActions in ${place}`;
  return {
    collect: (args: Enqueuing, params: unknown) => {
      const check = (guard: unknown): boolean =>
        args.check(guardedGuard(guard, `a guard of ${of}`));
      const given = collect({ ...args, check } as never, params as never);
      refusePromise(given, of, asEnqueuer);
    },
    resolve: (...args: unknown[]) => {
      const [next, params, actions] = resolve(...args);
      return [next, params, actions.map((action) => guardedAction(action, of))];
    },
  };
}
