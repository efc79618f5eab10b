/**
 * Makes an author's chart ready for stepping: the same chart with a limit of microsteps, a frozen
 * context of its own, stubs for actors, and each `invoke` written out as its parts: an entry action
 * that starts, an exit action that stops, two events that complete.
 *
 * XState's own invoke would build a whole actor (mailbox, observers, first state) for every start,
 * only for the kernel to throw it away: that was a third of a step.
 */
import { createMachine, type AnyActorScope, type AnyStateMachine } from 'xstate';
import type { InvocationSource } from '../domain/effect.ts';
import { limits } from '../domain/limits.ts';
import { guardFunctions, valued } from './author-functions.ts';
import { nodesOf, placeOf, type StateNode } from './chart-nodes.ts';
import { invokesOf, namedActions, nameSpawned, type Invoke } from './inline-logic.ts';
import type { Snapshot } from './compiled-agent.ts';
import { ChildRef, type MacrostepScope } from './scope.ts';
import { settle } from './settle.ts';

type Sources = ReadonlyMap<string, InvocationSource>;
type StateConfig = {
  readonly on?: Readonly<Record<string, unknown>>;
  readonly states?: Readonly<Record<string, unknown>>;
};
type Options = { readonly maxIterations?: number };

/**
 * The chart must have passed registration's checks. `spawned`: the names of the logic that it
 * spawns inline.
 */
export function prepare(
  machine: AnyStateMachine,
  sources: Sources,
  spawned: ReadonlyMap<unknown, string>,
): AnyStateMachine {
  const { guards, delays } = machine.implementations;
  const actions = namedActions(machine.implementations.actions as Actions, spawned);
  const { context, options } = machine.config as { context?: unknown; options?: Options };
  const bound = options?.maxIterations ?? limits.iterationsMax;
  const config = {
    ...withoutInvokes(machine.root),
    options: { ...options, maxIterations: Math.min(bound, limits.iterationsCeiling) },
    // All runs begin with this one frozen object.
    ...(typeof context === 'object' && { context: settle(context, 'context') }),
    ...(typeof context === 'function' && { context: valued(context, 'context', loose) }),
  };
  const actors = Object.fromEntries([...sources.keys()].map((key) => [key, stub]));
  const prepared = createMachine(
    config as never,
    // These are copies: heddle's wrappers of functions stand in its own chart only.
    { actions, guards: { ...guards }, delays: { ...delays }, actors } as never,
  );
  const authored = nodesOf(machine);
  nodesOf(prepared).forEach((node, at) => {
    const invokes = invokesOf(authored[at] as StateNode).map((invoke) => ({
      ...invoke,
      input: valued(invoke.input, `the input of invoke "${invoke.id}" in ${placeOf(node)}`),
    }));
    addInvokes(node, invokes, actions);
    nameSpawned(node, spawned);
  });
  guardFunctions(prepared);
  return prepared;
}

/** A context is settled only if the step that makes it does not fail. */
const loose = { isAtRest: false };

/** Stands for the actors of `spawnChild`, which charts may also enqueue while they run. */
const active = { status: 'active', output: undefined, error: undefined };
const stub = {
  getInitialSnapshot: () => active,
  transition: () => active,
  getPersistedSnapshot: () => active,
};

function withoutInvokes(node: StateNode): StateConfig {
  const { invoke: _, ...state } = node.config as StateConfig & { readonly invoke?: unknown };
  const on: Record<string, unknown> = { ...state.on };
  for (const { id, onDone, onError } of invokesOf(node)) {
    if (onDone !== undefined) on[`xstate.done.actor.${id}`] = onDone;
    if (onError !== undefined) on[`xstate.error.actor.${id}`] = onError;
  }
  const inner = Object.entries(node.states).map(([key, child]) => [key, withoutInvokes(child)]);
  return { ...state, on, ...(inner.length > 0 && { states: Object.fromEntries(inner) }) };
}

/**
 * Adds the invokes where XState would have them: after the state's own actions and those that
 * XState makes of `after`.
 */
function addInvokes(node: StateNode, invokes: readonly Invoke[], actions: Actions): void {
  const { entry, exit } = node as { readonly entry: unknown[]; readonly exit: unknown[] };
  if (entry.some((action) => maySend(action, actions))) entry.unshift(...invokes.map(announce));
  entry.push(...invokes.map(startOf));
  exit.push(...invokes.map(({ id }) => stopOf(id)));
}

type Actions = Readonly<Record<string, unknown>>;

/**
 * True for an entry action that can send to a child of its state, although the child starts only
 * after it.
 */
function maySend(action: unknown, actions: Actions): boolean {
  const named = typeof action === 'string' ? action : (action as { type?: unknown } | null)?.type;
  const found = typeof action === 'function' ? action : actions[String(named)];
  const { type } = (found ?? {}) as { readonly type?: unknown };
  return type === 'xstate.sendTo' || type === 'xstate.enqueueActions';
}

type Resolved = readonly [Snapshot, undefined, undefined];
type Resolve = (
  scope: AnyActorScope,
  snapshot: Snapshot,
  args: { readonly event: unknown; readonly self: unknown },
) => Resolved;

/**
 * An action in the form of XState's own: it is resolved while the macrostep is computed, and never
 * executed.
 */
function builtIn(type: string, resolve: Resolve): unknown {
  return Object.assign(() => undefined, { type, resolve });
}

function startOf({ id, src, input }: Invoke): unknown {
  return builtIn('heddle.start', (scope, snapshot, { event, self }) => {
    const { context } = snapshot;
    const given: unknown = typeof input === 'function' ? input({ context, event, self }) : input;
    (scope as MacrostepScope).macrostep.start(id, src, given);
    return [withChild(snapshot, id), undefined, undefined];
  });
}

function announce({ id }: Invoke): unknown {
  return builtIn('heddle.announce', (scope, snapshot) => {
    (scope as MacrostepScope).macrostep.announce(id);
    return [withChild(snapshot, id), undefined, undefined];
  });
}

function stopOf(id: string): unknown {
  return builtIn('heddle.stop', (scope, snapshot) => {
    // When the chart is done XState stops its children only after all exit actions, which may still
    // send to them.
    const present = snapshot.status !== 'done' && snapshot.children[id] !== undefined;
    if (!present) return [snapshot, undefined, undefined];
    (scope as MacrostepScope).macrostep.stop(id);
    const children: Record<string, unknown> = {};
    for (const key in snapshot.children) if (key !== id) children[key] = snapshot.children[key];
    return [{ ...snapshot, children } as Snapshot, undefined, undefined];
  });
}

function withChild(snapshot: Snapshot, id: string): Snapshot {
  const children = { ...snapshot.children, [id]: new ChildRef(id) };
  return { ...snapshot, children };
}
