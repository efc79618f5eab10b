/** What a chart can still publish is read off its definition, from where it stands. */
import { fromPromise, setup, type AnyStateMachine } from 'xstate';
import { expect, it } from 'vitest';
import { catalogue } from '../../../src/index.ts';
import { definitionOf } from '../../../src/kernel/version.ts';
import { canPublish } from '../../../src/library/why/can-publish.ts';
import type { Json } from '../../../src/domain/json.ts';
import { editor } from '../../../machines/agents/editor.ts';
import { evaluator } from '../../../machines/agents/evaluator.ts';

const work = fromPromise(() => Promise.resolve());
const charts = setup({ actors: { ...catalogue, work } });

const publishing = { invoke: { src: 'publish', input: { channel: 'a', payload: 1 } } } as const;

const nested = charts.createMachine({
  id: 'nested',
  initial: 'outer',
  on: { away: '#far.deep' },
  states: {
    outer: { initial: 'one', states: { one: { on: { go: 'two' } }, two: {} } },
    far: { id: 'far', initial: 'still', states: { still: {}, deep: { ...publishing } } },
  },
});
const both = charts.createMachine({
  id: 'both',
  type: 'parallel',
  states: {
    left: { initial: 'a', states: { a: {}, b: {} } },
    right: { initial: 'a', states: { a: { after: { 10: 'b' } }, b: { ...publishing } } },
  },
});
const remembering = charts.createMachine({
  id: 'remembering',
  initial: 'rest',
  states: {
    rest: { on: { back: 'body.past' } },
    body: {
      initial: 'x',
      states: { x: {}, y: { always: '#end' }, past: { type: 'history' } },
    },
    end: { id: 'end', ...publishing },
  },
});
const coding = charts.createMachine({
  id: 'coding',
  initial: 'a',
  states: {
    a: { invoke: { src: 'work', onDone: 'b' } },
    b: { initial: 'c', on: { x: '.c' }, states: { c: {} } },
  },
});
const closing = charts.createMachine({
  id: 'closing',
  initial: 'a',
  states: {
    a: { invoke: { src: 'generate', input: { prompt: 'x' }, onError: [{ target: 'b' }] } },
    b: { ...publishing, always: undefined },
  },
});

const inside = charts.createMachine({
  id: 'inside',
  initial: 'rest',
  states: {
    rest: { on: { go: '#left.b' } },
    body: {
      type: 'parallel',
      states: {
        left: { id: 'left', initial: 'a', states: { a: { on: { go: 'b' } }, b: {} } },
        right: {
          initial: 'a',
          states: { a: { ...publishing, invoke: { ...publishing.invoke, onDone: 'b' } }, b: {} },
        },
      },
    },
  },
});
const spawn = charts.spawnChild('publish', { id: 'told', input: { channel: 'a', payload: 1 } });
const spawning = charts.createMachine({
  id: 'spawning',
  initial: 'a',
  states: { a: { on: { go: { target: 'b', actions: [spawn] } } }, b: {} },
});
const enqueueing = charts.createMachine({
  id: 'enqueueing',
  initial: 'a',
  states: {
    a: { on: { go: 'b' } },
    b: { entry: charts.enqueueActions(({ enqueue }) => enqueue(spawn)), on: { go: 'c' } },
    c: {},
  },
});

const cases: readonly [string, AnyStateMachine, Json, string][] = [
  ['before it begins', editor, null, 'by-chart'],
  ['while it waits', editor, 'waiting', 'by-chart'],
  ['in the very state', editor, 'publishing', 'by-chart'],
  ['past it', editor, 'done', 'no'],
  ['never', evaluator, 'waiting', 'no'],
  ['by a transition of the root, to an id with a path', nested, { outer: 'two' }, 'by-chart'],
  ['in another region', both, { left: 'b', right: 'a' }, 'by-chart'],
  ['through a history state', remembering, 'rest', 'by-chart'],
  ['by a task', coding, 'a', 'by-code'],
  ['past its task', coding, 'b', 'no'],
  ['by an error of an invoke, in a list', closing, 'a', 'by-chart'],
  ['in a region that is entered with its neighbour', inside, 'rest', 'by-chart'],
  [
    'past the region, which no move within the other begins',
    inside,
    { body: { left: 'a', right: 'b' } },
    'no',
  ],
  ['by an actor that a transition spawns', spawning, 'a', 'by-code'],
  ['past that transition', spawning, 'b', 'no'],
  ['by what an entry may enqueue', enqueueing, 'a', 'by-code'],
  ['past that entry', enqueueing, 'c', 'no'],
  ['with a state that the definition lacks', nested, 'gone', 'by-chart'],
];

it.each(cases)('%s', (_, chart, value, says) => {
  expect(canPublish(definitionOf(chart), value)).toBe(says);
});

const odd: readonly Json[] = [
  null,
  1,
  'x',
  [],
  {},
  { states: null },
  { states: { a: 3 }, initial: 'b' },
];

it.each(odd)('takes the odd definition %j', (definition) => {
  expect(['no', 'unknown']).toContain(canPublish(definition, 'a'));
});
