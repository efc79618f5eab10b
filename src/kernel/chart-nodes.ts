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
