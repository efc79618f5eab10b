/**
 * Names for logic that stands inline in a chart and not under a key of `setup({ actors })`. A
 * parked run stores the names of its open actors, so each inline place needs one: an invoke has the
 * name that XState gives it, a spawned child is named after the place of its action.
 */
import { spawnChild, type AnyStateMachine } from 'xstate';
import { nodesOf, type StateNode } from './chart-nodes.ts';

/**
 * An invoke as XState resolves it. Its `id` and the name of its logic are the author's, or made
 * from its place.
 */
export type Invoke = {
  readonly id: string;
  readonly src: string;
  readonly input?: unknown;
  readonly onDone?: unknown;
  readonly onError?: unknown;
};

export function invokesOf(node: StateNode): readonly Invoke[] {
  return node.invoke as unknown as readonly Invoke[];
}

/** The invokes of a state as their author wrote them, in the order of `invokesOf`. */
export function writtenInvokesOf(
  node: StateNode,
): readonly { readonly id?: unknown; readonly src?: unknown }[] {
  const { invoke } = node.config as { readonly invoke?: object | readonly object[] };
  return invoke === undefined ? [] : [invoke].flat();
}

export type Logics = Readonly<Record<string, unknown>>;

/** All logic of a chart by name: the logic that its author named, and the inline logic. */
export function logicsOf(machine: AnyStateMachine, spawned: ReadonlyMap<unknown, string>): Logics {
  const logics: Record<string, unknown> = { ...(machine.implementations.actors as Logics) };
  for (const node of nodesOf(machine)) {
    const written = writtenInvokesOf(node);
    invokesOf(node).forEach(({ src }, i) => {
      const logic = written[i]?.src;
      if (typeof logic !== 'string') logics[src] = logic;
    });
  }
  for (const [logic, name] of spawned) logics[name] = logic;
  return logics;
}

/** The result of XState's `spawnChild`, with the arguments of the call. */
type Spawn = {
  readonly type: 'xstate.spawnChild';
  readonly src: unknown;
  readonly id?: unknown;
  readonly input?: unknown;
};

function isInlineSpawn(action: unknown): action is Spawn {
  if (typeof action !== 'function' || !('type' in action)) return false;
  const { type, src } = action as unknown as Spawn;
  return type === 'xstate.spawnChild' && typeof src === 'object' && src !== null;
}

/**
 * The names of logic that a chart spawns inline. Logic that is spawned in two places has one name.
 */
export function inlineSpawned(machine: AnyStateMachine): ReadonlyMap<unknown, string> {
  const names = new Map<unknown, string>();
  const name = (actions: Actions, place: string): void => {
    for (const [key, action] of Object.entries(actions)) {
      if (!isInlineSpawn(action) || names.has(action.src)) continue;
      names.set(action.src, `heddle.spawn.${place}.${key}`);
    }
  };
  for (const node of nodesOf(machine)) {
    for (const [role, actions] of actionListsOf(node)) name(actions, `${node.id}.${role}`);
  }
  name(machine.implementations.actions as Actions, 'actions');
  return names;
}

/**
 * Replaces inline logic by its names, in a state of heddle's own copy of a chart. The state's lists
 * belong to the copy; the lists of its transitions may still be the author's, so they are made
 * anew.
 */
export function nameSpawned(node: StateNode, names: ReadonlyMap<unknown, string>): void {
  if (names.size === 0) return;
  const { entry, exit } = node as { readonly entry: unknown[]; readonly exit: unknown[] };
  for (const own of [entry, exit]) own.splice(0, own.length, ...named(own, names));
  const transitions = [...(node.transitions as Map<string, readonly Acting[]>).values()].flat();
  const initial = node.type === 'compound' ? [node.initial as Acting] : [];
  for (const one of [...transitions, ...((node.always ?? []) as readonly Acting[]), ...initial]) {
    one.actions = named(one.actions, names);
  }
}

type Actions = Readonly<Record<string, unknown>>;

export function namedActions(actions: Actions, names: ReadonlyMap<unknown, string>): Actions {
  const list = Object.entries(actions);
  return Object.fromEntries(list.map(([key, action]) => [key, nameOne(action, names)]));
}

function named(actions: readonly unknown[], names: ReadonlyMap<unknown, string>): unknown[] {
  return actions.map((action) => nameOne(action, names));
}

function nameOne(action: unknown, names: ReadonlyMap<unknown, string>): unknown {
  if (!isInlineSpawn(action)) return action;
  const { id, input, src } = action;
  return spawnChild(names.get(src) as never, { id, input } as never);
}

/** All lists of actions of a state, each with its place in the state. */
function actionListsOf(node: StateNode): readonly (readonly [string, Actions])[] {
  const asActions = (list: unknown): Actions => list as Actions;
  const transitions = [...(node.transitions as Map<string, readonly Acting[]>)].flatMap(
    ([event, candidates]) =>
      candidates.map(({ actions }, i) => [`on.${event}.${i}`, asActions(actions)] as const),
  );
  const always = ((node.always ?? []) as readonly Acting[]).map(
    ({ actions }, i) => [`always.${i}`, asActions(actions)] as const,
  );
  const initial = node.type === 'compound' ? node.initial.actions : [];
  return [
    ['entry', asActions(node.entry)],
    ['exit', asActions(node.exit)],
    ['initial', asActions(initial)],
    ...transitions,
    ...always,
  ];
}

type Acting = { actions: readonly unknown[] };
