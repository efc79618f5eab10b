/**
 * The places of a chart in which something can be open: the invokes of its states and the spawns of
 * its actions.
 */
import type { AnyStateMachine } from 'xstate';
import { nodesOf, type StateNode } from './chart-nodes.ts';

export type OpenPlaces = {
  /** By `order`, XState's number of a state in its document. */
  readonly invokes: readonly (readonly { readonly id: string; readonly src: string }[])[];
  /** The ids that a `spawnChild` names. */
  readonly spawns: ReadonlySet<string>;
  /** True when a function decides which children are spawned: they may have any id. */
  readonly spawnsFreely: boolean;
};

type Action = { readonly type?: unknown; readonly id?: unknown };

/** Takes the author's own chart, which still has its invokes. */
export function openPlacesOf(machine: AnyStateMachine): OpenPlaces {
  const nodes = nodesOf(machine);
  const named = Object.values(machine.implementations.actions as Record<string, unknown>);
  const spawns = new Set<string>();
  let spawnsFreely = false;
  for (const action of [...named, ...nodes.flatMap(actionsOf)]) {
    if (typeof action !== 'function') continue;
    const { type, id } = action as Action;
    if (type === 'xstate.enqueueActions') spawnsFreely = true;
    if (type !== 'xstate.spawnChild') continue;
    if (typeof id === 'string') spawns.add(id);
    else spawnsFreely = true;
  }
  const invokes = nodes.map((node) =>
    node.invoke.map(({ id, src }) => ({ id, src: typeof src === 'string' ? src : '' })),
  );
  return { invokes, spawns, spawnsFreely };
}

function actionsOf(node: StateNode): unknown[] {
  const transitions = [...node.transitions.values()].flat();
  const initial = node.type === 'compound' ? node.initial.actions : [];
  return [
    ...node.entry,
    ...node.exit,
    ...initial,
    ...[...transitions, ...(node.always ?? [])].flatMap(({ actions }) => actions),
  ];
}
