/**
 * Checks whether a chart has everything that a run's snapshot refers to, and names the first part
 * that it lacks. It guards runs whose last turn was taken by another chart. XState would invent a
 * missing part (a state that has become a compound one is entered without its entry actions and
 * timers) or silently leave it out (a child whose actor is gone, a timer that no state knows), and
 * the run would wait for ever.
 *
 * Each function returns null, or words for people that begin with "it has".
 */
import type { Json } from '../domain/json.ts';
import type { StateNode } from './chart-nodes.ts';
import type { OpenPlaces } from './open-places.ts';

/** Compares the chart's states with a state value: they must be the same, and of the same type. */
export function missingState(node: StateNode, value: Json | undefined): string | null {
  const inner = typeof value === 'string' ? { [value]: {} } : (value ?? {});
  const given = Object.entries(inner as Readonly<Record<string, Json>>);
  const own = Object.values(node.states).filter(({ type }) => type !== 'history');
  for (const [key] of given) {
    if (!own.some((child) => child.key === key)) return `it has no state "${named(node, key)}"`;
  }
  if (node.type === 'parallel') {
    const added = own.find(({ key }) => !given.some(([other]) => other === key));
    if (added !== undefined) {
      return `it has a region "${named(added)}", in which the run is in no state`;
    }
  } else if (own.length > 0 && given.length !== 1) {
    const what = given.length === 0 ? 'states inside' : 'no parallel states in';
    return `it has ${what} "${named(node)}", where the run has ${given.length === 0 ? 'none' : 'some'}`;
  }
  for (const [key, below] of given) {
    const missing = missingState(node.states[key] as StateNode, below);
    if (missing !== null) return missing;
  }
  return null;
}

/** The name by which authors know a state: the keys on the way to it. */
function named(node: StateNode, key?: string): string {
  return [...node.path, ...(key === undefined ? [] : [key])].join('.');
}

/**
 * An open run must not be in a final state of its chart, nor in one for whose end another state
 * waits.
 */
export function endedState(active: ReadonlySet<StateNode>): string | null {
  for (const node of active) {
    if (!isOver(node, active)) continue;
    const [first] = node.transitions.get(`xstate.done.state.${node.id}`) ?? [];
    const goesOn = first !== undefined && first.guard === undefined && first.target !== undefined;
    if (node.parent === undefined || goesOn) {
      return `it has a final state where the run is open in "${named(node) || node.id}"`;
    }
  }
  return null;
}

function isOver(node: StateNode, active: ReadonlySet<StateNode>): boolean {
  const inner = Object.values(node.states).filter(({ type }) => type !== 'history');
  if (node.type === 'parallel') return inner.every((child) => isOver(child, active));
  return inner.some((child) => child.type === 'final' && active.has(child));
}

/**
 * Checks an open invocation against the active states. `free` also accepts a child that an
 * `enqueueActions` may have spawned, because the snapshot does not show where a child was spawned.
 */
export function missingInvocation(
  child: { readonly id: string; readonly src: string },
  active: Iterable<StateNode>,
  places: OpenPlaces,
  free: boolean,
): string | null {
  for (const node of active) {
    const invoke = places.invokes[node.order]?.find(({ id }) => id === child.id);
    if (invoke === undefined) continue;
    if (invoke.src === child.src) return null;
    return `it has "${invoke.src}" as invocation "${child.id}", which is open with "${child.src}"`;
  }
  if (places.spawns.has(child.id) || (free && places.spawnsFreely)) return null;
  return `it has no invocation "${child.id}" in the states that are active, where it is open`;
}

/** Checks an open `after` timer: only a state that is active takes its event. */
export function missingTimer(eventType: string, active: Iterable<StateNode>): string | null {
  for (const node of active) if (node.transitions.has(eventType)) return null;
  return `it has no timer "${eventType}" in the states that are active, where it is open`;
}
