/**
 * Which of the transitions that XState reports of a microstep were taken. It reports what an event has selected
 * in all regions of a parallel state; where two would leave the same state, it takes one of them.
 */
import { createMachine, initialTransition, type AnyMachineSnapshot } from 'xstate';
import { nodesOf, type StateNode } from '../chart-nodes.ts';
import type { Transition } from './edges.ts';

/** `before`: the state that the microstep began with; null for the first one that XState reports of a chart. */
export type Microstep = {
  readonly before: AnyMachineSnapshot | null;
  readonly selected: readonly Transition[];
};

type Before = Pick<AnyMachineSnapshot, '_nodes' | 'historyValue'>;

export function takenIn({ before, selected }: Microstep): readonly Transition[] {
  const [first] = selected;
  if (first === undefined || selected.length < 2) return selected;
  const from = before ?? begun(first.source);
  const left = new Map(selected.map((one) => [one, leavesOf(one, from)]));
  let taken: Transition[] = [];
  for (const one of selected) {
    const rivals = taken.filter((other) => meet(left.get(one), left.get(other)));
    if (!rivals.every((other) => isWithin(one.source, other.source))) continue;
    taken = [...taken.filter((other) => !rivals.includes(other)), one];
  }
  return taken;
}

type Frame = {
  readonly id?: string;
  readonly type?: string;
  readonly initial?: unknown;
  readonly history?: unknown;
  readonly target?: unknown;
  readonly states?: Readonly<Record<string, Frame>>;
};

/**
 * The states that a chart enters before any event or eventless transition, which XState does not report: those
 * in which the same chart rests when it has nothing but states.
 */
function begun({ machine }: StateNode): Before {
  const bare = createMachine(statesAlone(machine.config as Frame) as never);
  const [{ _nodes: rest }] = initialTransition(bare);
  const nodes = nodesOf(machine);
  return { _nodes: rest.flatMap(({ order }) => nodes[order] ?? []), historyValue: {} };
}

function statesAlone({ id, type, initial, history, target, states }: Frame): Frame {
  const within = Object.entries(states ?? {}).map(([key, one]) => [key, statesAlone(one)] as const);
  const first = (initial as { readonly target?: unknown } | undefined)?.target ?? initial;
  return {
    ...(id !== undefined && { id }),
    ...(type !== undefined && { type }),
    ...(first !== undefined && { initial: first }),
    ...(history !== undefined && { history }),
    ...(type === 'history' && target !== undefined && { target }),
    ...(states !== undefined && { states: Object.fromEntries(within) }),
  };
}

type Nodes = ReadonlySet<StateNode>;

function meet(some: Nodes = new Set(), others: Nodes = new Set()): boolean {
  return [...some].some((node) => others.has(node));
}

/** The active states that the transition leaves. */
function leavesOf(one: Transition, before: Before): Nodes {
  if (one.target === undefined || one.target.length === 0) return new Set();
  const domain = domainOf(one, before);
  const leaves = before._nodes.filter((node) => domain === null || isWithin(node, domain));
  const isReentered = one.reenter === true && domain === one.source;
  return new Set(isReentered ? [...leaves, one.source] : leaves);
}

/** The state within which everything happens; null: not even the root is kept. */
function domainOf(one: Transition, before: Before): StateNode | null {
  const targets = (one.target ?? []).flatMap((target) => effective(target, before));
  const { source } = one;
  const inside = targets.every((target) => target === source || isWithin(target, source));
  if (one.reenter !== true && inside) return source;
  const common = ancestors(source).find((above) =>
    targets.every((target) => isWithin(target, above)),
  );
  return common ?? (one.reenter === true ? null : source.machine.root);
}

/** The states that a history state stands for: those that were kept, else its default, as XState resolves them. */
function effective(target: StateNode, before: Before): readonly StateNode[] {
  if (target.type !== 'history') return [target];
  const history = before.historyValue as Readonly<Record<string, readonly StateNode[]>>;
  return history[target.id] ?? defaultsOf(target).flatMap((one) => effective(one, before));
}

function defaultsOf(history: StateNode): readonly StateNode[] {
  const { parent, config } = history;
  if (parent === undefined) return [];
  const { target } = config as { readonly target?: string | readonly (string | StateNode)[] };
  if (target === undefined) return parent.type === 'parallel' ? [parent] : parent.initial.target;
  return [target].flat().map((one) => {
    if (typeof one !== 'string') return one;
    const of = `#${parent.id.replaceAll(/[\\.]/g, '\\$&')}.${one}`;
    return parent.machine.getStateNodeById(one.startsWith('#') ? one : of);
  });
}

function ancestors(node: StateNode): StateNode[] {
  const above: StateNode[] = [];
  for (let at = node.parent; at !== undefined; at = at.parent) above.push(at);
  return above;
}

/** True for a state below the other. */
function isWithin(node: StateNode, other: StateNode): boolean {
  return ancestors(node).includes(other);
}
