/** The states of a chart, in the order of its document: the place in the list is a state's `order`. */
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

/** True when the state says what to do on events of this type: by name, or by a wildcard. */
export function takes(node: StateNode, type: string): boolean {
  return [...(node.transitions.keys() as Iterable<string>)].some((pattern) => fits(pattern, type));
}

/** As XState does: `a.*` takes `a` and all that begins with `a.`, and `*` takes everything. */
function fits(pattern: string, type: string): boolean {
  if (pattern === type || pattern === '*') return true;
  const prefix = pattern.slice(0, -1);
  return pattern.endsWith('.*') && !prefix.includes('*') && `${type}.`.startsWith(prefix);
}

/** As authors know a state: the chart's id and the keys on the way to it. */
export function placeOf(node: StateNode): string {
  return [node.machine.id, ...node.path].join('.');
}

/** An event's transitions as their author wrote them. */
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
