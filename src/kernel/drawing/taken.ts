/**
 * Which of the transitions that XState reports of a microstep were taken. It reports what an event has selected
 * in all regions of a parallel state; where two would leave the same state, it takes one of them.
 */
import type { AnyMachineSnapshot } from 'xstate';
import type { StateNode } from '../chart-nodes.ts';
import type { Transition } from './edges.ts';

/** `before`: the state that the microstep began with; null when it is not known, at a chart's first step. */
export type Microstep = {
  readonly before: AnyMachineSnapshot | null;
  readonly selected: readonly Transition[];
};

export function takenIn({ before, selected }: Microstep): readonly Transition[] {
  if (selected.length < 2 || before === null) return selected;
  const left = new Map(selected.map((one) => [one, leavesOf(one, before)]));
  let taken: Transition[] = [];
  for (const one of selected) {
    const rivals = taken.filter((other) => meet(left.get(one), left.get(other)));
    if (!rivals.every((other) => isWithin(one.source, other.source))) continue;
    taken = [...taken.filter((other) => !rivals.includes(other)), one];
  }
  return taken;
}

type Nodes = ReadonlySet<StateNode>;

function meet(some: Nodes = new Set(), others: Nodes = new Set()): boolean {
  return [...some].some((node) => others.has(node));
}

/** The active states that the transition leaves. */
function leavesOf(one: Transition, before: AnyMachineSnapshot): Nodes {
  if (one.target === undefined || one.target.length === 0) return new Set();
  const domain = domainOf(one, before);
  const leaves = before._nodes.filter((node) => domain === null || isWithin(node, domain));
  const isReentered = one.reenter === true && domain === one.source;
  return new Set(isReentered ? [...leaves, one.source] : leaves);
}

/** The state within which everything happens; null: not even the root is kept. */
function domainOf(one: Transition, before: AnyMachineSnapshot): StateNode | null {
  const targets = (one.target ?? []).flatMap((target) => effective(target, before));
  const { source } = one;
  const inside = targets.every((target) => target === source || isWithin(target, source));
  if (one.reenter !== true && inside) return source;
  const common = ancestors(source).find((above) =>
    targets.every((target) => isWithin(target, above)),
  );
  return common ?? (one.reenter === true ? null : source.machine.root);
}

/** The states that a history state stands for; one that is not kept yet stands for what is beside it. */
function effective(target: StateNode, before: AnyMachineSnapshot): readonly StateNode[] {
  if (target.type !== 'history') return [target];
  const history = before.historyValue as Readonly<Record<string, readonly StateNode[]>>;
  return history[target.id] ?? [target];
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
