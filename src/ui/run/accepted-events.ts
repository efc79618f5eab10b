/** The events that the states in which a run is have a transition for. Whether its guard lets it through, nobody knows before. */
import { activePlaces } from '../chart/active.ts';

type Agent = {
  readonly definition: unknown;
  readonly events: { readonly [type: string]: unknown };
};

export function acceptedEvents({ definition, events }: Agent, state: unknown): readonly string[] {
  const types = new Set<string>();
  const root = (definition as { readonly id?: string } | null)?.id ?? '';
  const active = activePlaces(root, state);
  const walk = (node: unknown, place: string): void => {
    if (typeof node !== 'object' || node === null || !active.has(place)) return;
    const { on, states } = node as { readonly on?: object; readonly states?: object };
    for (const descriptor of Object.keys(on ?? {})) {
      for (const type of typesOf(descriptor, Object.keys(events))) types.add(type);
    }
    for (const [key, child] of Object.entries(states ?? {})) walk(child, `${place}.${key}`);
  };
  walk(definition, root);
  return [...types].toSorted();
}

/** `*` and `order.*` stand for many types: those are named that the agent says it takes. */
function typesOf(descriptor: string, known: readonly string[]): readonly string[] {
  if (!descriptor.includes('*')) return [descriptor];
  const stem = descriptor.slice(0, descriptor.indexOf('*')).replace(/\.$/, '');
  if (stem === '') return known;
  return known.filter((type) => type === stem || type.startsWith(`${stem}.`));
}
