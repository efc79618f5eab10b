/**
 * A chart's structure: the parts on which an open run depends. Charts with the same structure take
 * each other's runs, so the default version is a hash of it.
 *
 * It holds: the tree with its keys, initial states and history; for each event the candidates in
 * order, with target, reenter and the names of guard and actions; the names of invokes, timers and
 * children; literal delays. It does not hold the text of functions, nor prompts, params, meta,
 * descriptions, tags, context, input and output: an edit of these strands no open run.
 *
 * 1. It contains no function's text or name, so it is the same before and after a compiler or a
 *    minifier.
 * 2. It contains only parts that the chart uses: further actors in setup do not change it.
 */
import type { AnyStateMachine } from 'xstate';
import { formerBrand, type FormerCharts } from './catalogue.ts';
import type { StateNode } from './chart-nodes.ts';
import { hash64 } from './hash.ts';
import { sourceOf } from './sources.ts';

/** A structure as plain arrays, texts and numbers; absent parts are `null`. */
type Part = string | number | boolean | null | readonly Part[];

type Transition = {
  readonly target?: readonly StateNode[] | undefined;
  readonly reenter?: boolean;
  readonly guard?: unknown;
  readonly actions: readonly unknown[];
  readonly delay?: unknown;
};
type Implementations = {
  readonly actors: Readonly<Record<string, unknown>>;
  readonly actions: Readonly<Record<string, unknown>>;
};

/** 64 bits over the chart's structure. The chart must have passed registration's checks. */
export function structureOf(machine: AnyStateMachine): string {
  const { actors, actions } = machine.implementations as Implementations;
  return hash64(JSON.stringify(stateOf(machine.root, { actors, actions })));
}

function stateOf(node: StateNode, own: Implementations): Part {
  const { target } = node.config as { readonly target?: unknown };
  return [
    node.key,
    // Timers and history are stored under the state's id, so an id that the author gave counts like
    // a key.
    node.id === [node.machine.id, ...node.path].join('.') ? null : node.id,
    node.type,
    node.type === 'compound' ? transitionOf(node.initial as Transition, own) : null,
    node.type === 'history' ? [String(node.history), [target].flat().map(nameOf)] : null,
    actionsOf(node.entry.filter(isAuthors), own),
    actionsOf(node.exit.filter(isAuthors), own),
    eventsOf(node, own),
    ((node.always ?? []) as readonly Transition[]).map((one) => transitionOf(one, own)),
    afterOf(node, own),
    node.invoke.map(({ id, src }) => [nameOf(id), actorOf(src, own)]),
    Object.values(node.states).map((child) => stateOf(child, own)),
  ];
}

/** False for the actions that XState makes of an `after`, which stands in the structure itself. */
function isAuthors(action: unknown): boolean {
  const { id, sendId } = action as { readonly id?: unknown; readonly sendId?: unknown };
  return !isAfter(id) && !isAfter(sendId);
}

function isAfter(id: unknown): boolean {
  return typeof id === 'string' && id.startsWith('xstate.after.');
}

/**
 * Sorted by event: the order of a state's events decides nothing. The order of an event's
 * candidates does, and stays.
 */
function eventsOf(node: StateNode, own: Implementations): Part {
  const events = [...(node.transitions as Map<string, readonly Transition[]>)];
  return events
    .filter(([event]) => !isAfter(event))
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([event, candidates]) => [event, candidates.map((one) => transitionOf(one, own))]);
}

function afterOf(node: StateNode, own: Implementations): Part {
  return (node.after as readonly Transition[]).map((one) => [
    delayOf(one.delay),
    transitionOf(one, own),
  ]);
}

function transitionOf({ target, reenter, guard, actions }: Transition, own: Implementations): Part {
  return [
    target?.map(({ path }) => path) ?? null,
    reenter === true,
    guard === undefined ? null : guardOf(guard),
    actionsOf(actions, own),
  ];
}

const inline = '(fn)';

function guardOf(guard: unknown): Part {
  if (typeof guard !== 'function') return nameOf(guard);
  const { guards, check } = guard as Combined;
  if (!Array.isArray(guards) || typeof check !== 'function') return inline;
  return [combinationOf(check), guards.map(guardOf)];
}

type Combined = { readonly guards?: unknown; readonly check?: unknown };

/**
 * Recognises `and`, `or` and `not` by their results for two guards, because a minifier takes the
 * name away, and another copy of XState has other functions.
 */
function combinationOf(check: Function): string {
  const snapshot = { machine: { implementations: { guards: {} } } };
  const [yes, no] = [(): boolean => true, (): boolean => false];
  const about = (guards: readonly unknown[]): string => {
    try {
      return String(check(snapshot, { context: {}, event: {} }, { guards }, evaluate));
    } catch {
      return '?';
    }
  };
  return `${about([yes, no])} ${about([no, no])}`;
}

/** Some copies of XState expect the evaluation as an argument. */
const evaluate = (guard: () => boolean): boolean => guard();

function actionsOf(actions: readonly unknown[], own: Implementations): Part {
  return actions.map((action) => actionOf(action, own));
}

/**
 * XState's action creators return functions with a `type` and with the arguments of the creator.
 */
type BuiltIn = {
  readonly type?: unknown;
  readonly resolve?: unknown;
  readonly id?: unknown;
  readonly sendId?: unknown;
  readonly delay?: unknown;
  readonly to?: unknown;
  readonly src?: unknown;
};

function actionOf(action: unknown, own: Implementations): Part {
  if (typeof action === 'function') return builtInOf(action as BuiltIn, own) ?? inline;
  const name = nameOf(action);
  const named = Object.hasOwn(own.actions, name) ? own.actions[name] : undefined;
  // The function behind a name counts only by what it leaves open in a run.
  const leaves = typeof named === 'function' ? leftOf(named as BuiltIn, own) : null;
  return leaves === null ? name : [name, leaves];
}

function builtInOf(action: BuiltIn, own: Implementations): Part {
  if (action.resolve === undefined || typeof action.type !== 'string') return null;
  return leftOf(action, own) ?? action.type;
}

/** The ids, sources and literal delays of the actions that leave something open. */
function leftOf(action: BuiltIn, own: Implementations): Part {
  const { type, id, delay } = action;
  switch (type) {
    case 'xstate.raise':
      return [type, nameOf(id), delayOf(delay)];
    case 'xstate.sendTo':
      return [type, nameOf(action.to), nameOf(id), delayOf(delay)];
    case 'xstate.cancel':
      return [type, nameOf(action.sendId)];
    case 'xstate.spawnChild':
      return [type, nameOf(id), actorOf(action.src, own)];
    default:
      return null;
  }
}

/** An actor by its key and by its kind: an actor of the catalogue, a task, a chart. */
function actorOf(src: unknown, { actors }: Implementations): Part {
  const key = nameOf(src);
  const source = Object.hasOwn(actors, key) ? sourceOf(key, actors[key]) : null;
  return [key, source?.kind ?? null, source?.kind === 'child' ? source.agent : null];
}

/** A number is part of the structure; a named delay's value may change, so only the name is. */
function delayOf(delay: unknown): Part {
  return typeof delay === 'number' ? String(delay) : [nameOf(delay)];
}

/** A name, or the `type` of an object that has one; never a function's own name. */
function nameOf(reference: unknown): string {
  if (typeof reference === 'function') return inline;
  if (typeof reference === 'string') return reference;
  const { type } = (reference ?? {}) as { readonly type?: unknown };
  return typeof type === 'string' ? type : '';
}

/*
 * Charts whose runs another chart takes up. heddle makes charts itself (`toolLoop`), so an upgrade may
 * change a chart of which its author has changed nothing. Such a chart carries those that heddle made in
 * its place before, and open runs of these go on as if their versions were adopted.
 */

/** The charts that heddle made in the place of this one before. */
export function chartsBefore(chart: AnyStateMachine): readonly AnyStateMachine[] {
  const { config } = chart as { readonly config: { readonly [formerBrand]?: FormerCharts } };
  return config[formerBrand]?.() ?? [];
}

/** Their default versions. */
export function formerStructures(chart: AnyStateMachine): readonly string[] {
  return chartsBefore(chart).map((former) => structureOf(former));
}
