/** Random charts, edited: what runs stand on moves the default version, and nothing else does. */
import fc from 'fast-check';
import { createMachine, type AnyStateMachine } from 'xstate';
import { expect, test } from 'vitest';
import { createKernel } from '../../src/kernel/kernel.ts';
import { casesOf } from '../support/long-form.ts';
import { buildChart } from './kernel-chart-build.ts';
import { chartCase } from './kernel-chart-spec.ts';

const kernel = createKernel();
const wordings = casesOf({ short: 80, long: 300 });

const structureOf = (machine: unknown): string => kernel.register(machine).structure;

type Node = Record<string, unknown> & { states?: Record<string, Node> };

/** The chart anew, from a config that `edit` has been over. */
function edited(machine: AnyStateMachine, edit: (config: Node) => Node): AnyStateMachine {
  const config = edit(machine.config as unknown as Node);
  return createMachine(config as never, machine.implementations as never) as never;
}

/** Every function that an author wrote gets another text and another name; words are added. */
function reworded(value: unknown): unknown {
  if (typeof value === 'function') {
    const isXStates = 'resolve' in value || 'check' in value;
    return isXStates
      ? value
      : (...args: unknown[]) => (value as (...a: unknown[]) => unknown)(...args);
  }
  if (Array.isArray(value)) return value.map(reworded);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, reworded(item)]));
}

function withWords({ states, ...node }: Node): Node {
  const inner = Object.entries(states ?? {}).map(([key, child]) => [key, withWords(child)]);
  return {
    ...node,
    ...(inner.length > 0 && { states: Object.fromEntries(inner) }),
    meta: { said: 1 },
    description: 'words',
    tags: ['more'],
  };
}

type Place = { readonly node: Node; readonly path: readonly string[] };

function placesOf(node: Node, path: readonly string[] = []): Place[] {
  const inner = Object.entries(node.states ?? {});
  return [{ node, path }, ...inner.flatMap(([key, child]) => placesOf(child, [...path, key]))];
}

function at(root: Node, [key, ...rest]: readonly string[], edit: (node: Node) => Node): Node {
  if (key === undefined) return edit(root);
  const states = root.states ?? {};
  return { ...root, states: { ...states, [key]: at(states[key] as Node, rest, edit) } };
}

const list = (value: unknown): unknown[] => (value === undefined ? [] : [value].flat());
const plain = ({ type }: Node): boolean => type !== 'final' && type !== 'history';

/** One edit each of what runs stand on; null where the state has nothing of the kind. */
const edits: Readonly<Record<string, (node: Node) => Node | null>> = {
  'a state more': (node) =>
    node.states === undefined ? null : { ...node, states: { ...node.states, more: {} } },
  'states turned round': (node) => {
    const states = Object.entries(node.states ?? {});
    return states.length < 2 ? null : { ...node, states: Object.fromEntries(states.reverse()) };
  },
  'an event': (node) =>
    plain(node) ? { ...node, on: { ...(node['on'] as object), NEW: {} } } : null,
  'an entry action': (node) =>
    node['type'] === 'history' ? null : { ...node, entry: [...list(node['entry']), 'plain'] },
  'an exit action': (node) =>
    plain(node) ? { ...node, exit: [...list(node['exit']), 'plain'] } : null,
  always: (node) =>
    plain(node)
      ? { ...node, always: [...list(node['always']), { guard: 'named', actions: 'plain' }] }
      : null,
  'an after': (node) =>
    plain(node) ? { ...node, after: { ...(node['after'] as object), 987: {} } } : null,
  'an invoke': (node) =>
    plain(node) ? { ...node, invoke: [...list(node['invoke']), { id: 'new', src: 'work' }] } : null,
  'the id of an invoke': (node) => {
    const [first, ...rest] = list(node['invoke']) as object[];
    return first === undefined ? null : { ...node, invoke: [{ ...first, id: 'other' }, ...rest] };
  },
  'a candidate more': (node) => {
    const [event, candidates] = Object.entries(node['on'] ?? {})[0] ?? [];
    if (event === undefined) return null;
    const more = [...list(candidates), { actions: 'plain' }];
    return { ...node, on: { ...(node['on'] as object), [event]: more } };
  },
};

test('words, texts of functions and values leave the structure as it is', () => {
  let moved = 0;
  fc.assert(
    fc.property(chartCase, ({ root }) => {
      const { own } = buildChart(root);
      const { structure, build } = kernel.register(own);
      const words = edited(own, (config) => ({
        ...withWords(reworded(config) as Node),
        context: { n: 3, list: [], option: 1 },
        output: 7,
      }));
      const other = kernel.register(words);
      expect(other.structure).toBe(structure);
      if (other.build !== build) moved += 1;
    }),
    { numRuns: wordings },
  );
  expect(moved).toBe(wordings);
});

test('every edit of what runs stand on moves it', () => {
  const done = new Map<string, number>();
  fc.assert(
    fc.property(
      chartCase,
      fc.constantFrom(...Object.keys(edits)),
      fc.nat(),
      ({ root }, name, pick) => {
        const { own } = buildChart(root);
        const places = placesOf(own.config as unknown as Node).filter(
          ({ node }) => edits[name]?.(node) !== null,
        );
        const place = places[pick % places.length];
        fc.pre(place !== undefined);
        const other = edited(own, (config) =>
          at(config, place.path, (node) => edits[name]?.(node) as Node),
        );
        expect(structureOf(other)).not.toBe(structureOf(own));
        done.set(name, (done.get(name) ?? 0) + 1);
      },
    ),
    { numRuns: casesOf({ short: 300, long: 1_000 }) },
  );
  for (const name of Object.keys(edits)) expect(done.get(name), name).toBeGreaterThan(5);
});
