/** The states of a chart, in document order: a state's place in the list is its `order`. */
import type { AnyStateMachine } from 'xstate';

export type StateNode = AnyStateMachine['root'];

/** All states of the chart, its root first. */
export function nodesOf(machine: AnyStateMachine): readonly StateNode[] {
  const nodes: StateNode[] = [];
  const walk = (node: StateNode): void => {
    nodes.push(node);
    for (const child of Object.values(node.states)) walk(child);
  };
  walk(machine.root);
  return nodes;
}

/** True when the state has a transition for events of this type, by name or by a wildcard. */
export function takes(node: StateNode, type: string): boolean {
  return [...(node.transitions.keys() as Iterable<string>)].some((pattern) => fits(pattern, type));
}

/**
 * Matches as XState does: `a.*` takes `a` and everything that begins with `a.`; `*` takes
 * everything.
 */
function fits(pattern: string, type: string): boolean {
  if (pattern === type || pattern === '*') return true;
  const prefix = pattern.slice(0, -1);
  return pattern.endsWith('.*') && !prefix.includes('*') && `${type}.`.startsWith(prefix);
}

/** The name by which authors know a state: the chart's id and the keys on the way to it. */
export function placeOf(node: StateNode): string {
  return [node.machine.id, ...node.path].join('.');
}

/** The label of an event's transitions, as their author wrote it. */
export function labelOf(event: string): string {
  const [, kind, id] =
    /^xstate\.(done\.actor|error\.actor|done\.state|after)\.(.*)/.exec(event) ?? [];
  switch (kind) {
    case 'done.actor':
      return `onDone of "${id}"`;
    case 'error.actor':
      return `onError of "${id}"`;
    case 'done.state':
      return 'onDone';
    case 'after':
      return 'after';
    default:
      return `on ${event}`;
  }
}
