/**
 * The edges of a chart: its transitions as a drawing has them, each with an id that is the same wherever the
 * chart is read.
 */
import type { AnyStateMachine } from 'xstate';
import { nodesOf, placeOf, type StateNode } from '../chart-nodes.ts';
import type { Edge } from '../port.ts';

/** The parts of XState's transitions that edges are made of. `eventType` is null for its own first step. */
export type Transition = {
  readonly source: StateNode;
  readonly target?: readonly StateNode[] | undefined;
  readonly eventType: string | null;
  readonly reenter?: boolean;
};

/** All edges of a chart by their transitions, in document order. */
export function edgesOf(machine: AnyStateMachine): ReadonlyMap<unknown, Edge> {
  const edges = new Map<unknown, Edge>();
  for (const node of nodesOf(machine)) {
    const add = (event: string, candidates: readonly Transition[]): void => {
      candidates.forEach((one, branch) => edges.set(one, edgeOf(node, event, branch, one)));
    };
    for (const [type, candidates] of node.transitions as ReadonlyMap<string, Transition[]>) {
      add(eventOf(type, node), candidates);
    }
    add('@always', (node.always ?? []) as readonly Transition[]);
  }
  return edges;
}

function edgeOf(node: StateNode, event: string, branch: number, { target = [] }: Transition): Edge {
  const source = placeOf(node);
  const targets = target.map(placeOf);
  const id = [source, event, branch, targets.join(' ')].join(':');
  return { id, source, event, branch, targets };
}

/**
 * The event as a chart's author knows it. What is no event of the author's begins with `@`: `@done` (of the
 * state), `@done.<invoke>`, `@error.<invoke>`, `@after.<delay>`, `@always`.
 */
function eventOf(type: string, { id, after }: StateNode): string {
  const delayed = after.find((one) => one.eventType === type);
  if (delayed !== undefined) return `@after.${String(delayed.delay)}`;
  if (type === `xstate.done.state.${id}`) return '@done';
  const [, kind, invoke] = /^xstate\.(done|error)\.actor\.(.*)/s.exec(type) ?? [];
  if (kind !== undefined) return `@${kind}.${invoke}`;
  return type.startsWith('@') ? `@${type}` : type;
}
