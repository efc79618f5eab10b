/** Snapshots of one chart under another: what fits goes on, what does not says what is missing. */
import { describe, expect, it } from 'vitest';
import { enqueueActions, fromPromise, setup, spawnChild } from 'xstate';
import type { Agent } from '../../src/kernel/port.ts';
import { kernel } from './driver.ts';

const work = fromPromise(() => new Promise(() => undefined));

/** A run that waits: in two regions, with a call, a timer, and a child of an action's. */
const waits = {
  invoke: { id: 'call', src: 'work', onDone: 'b' },
  after: { 1000: 'b', soon: 'c' },
  entry: spawnChild('work', { id: 'side' }),
  initial: 'x',
  states: { x: { on: { IN: 'y' } }, y: {} },
};

function chart(states: object, more: object = {}, actors: object = { work, other: work }): Agent {
  const implementations = { actors, delays: { soon: 50, late: 60 } } as never;
  const config = { id: 'm', initial: 'a', states, ...more };
  return kernel.register(setup(implementations).createMachine(config as never), { version: '1' });
}

const base = chart({ a: waits, b: {}, c: {} });

function snapshotOf(agent: Agent, ...types: string[]): string {
  let { state } = kernel.start(agent, null, 'r');
  for (const type of types) {
    ({ state } = kernel.step(agent, state, { kind: 'event', event: { type } }, 'r'));
  }
  return kernel.persist(agent, state);
}

const missing = (from: Agent, to: Agent, ...types: string[]): string | null => {
  try {
    kernel.restore(to, snapshotOf(from, ...types), 'r', from.build);
    return null;
  } catch (error) {
    expect(error).toMatchObject({ code: 'chart-unfit', detail: { agent: 'm', version: '1' } });
    return (error as { readonly detail: { readonly what: string } }).detail.what;
  }
};

describe('a run of another structure', () => {
  it.each<readonly [string, object]>([
    ['a state more', { a: waits, b: {}, c: {}, d: {} }],
    ['states in another order', { c: {}, b: {}, a: waits }],
    ['an event more', { a: { ...waits, on: { GO: 'b' } }, b: {}, c: {} }],
    ['other targets', { a: { ...waits, invoke: { ...waits.invoke, onDone: 'c' } }, b: {}, c: {} }],
    ['a state that it is not in gone', { a: { ...waits, after: { 1000: 'b', soon: 'b' } }, b: {} }],
    ['an after more', { a: { ...waits, after: { ...waits.after, 5: 'b' } }, b: {}, c: {} }],
    ['always', { a: { ...waits, always: { guard: () => true, target: 'b' } }, b: {}, c: {} }],
  ])('fits with %s', (_, states) => {
    expect(missing(base, chart(states))).toBe(null);
  });

  it.each<readonly [string, object, string]>([
    ['a renamed state', { first: waits, b: {}, c: {} }, 'it has no state "a"'],
    ['an inner state gone', { ...inner({ z: {} }) }, 'it has no state "a.x"'],
    [
      'states in a state',
      inner({ x: { initial: 'i', states: { i: {} } }, y: {} }),
      'it has states',
    ],
    ['a region more', regions({ x: { initial: 'p', states: { p: {} } } }), 'it has '],
    [
      'a final state',
      inner({ x: { type: 'final' }, y: {} }, { onDone: 'b' }),
      'it has a final state',
    ],
    ['a renamed invoke', first({ invoke: { ...waits.invoke, id: 'q' } }), 'no invocation "call"'],
    [
      'another source',
      first({ invoke: { ...waits.invoke, src: 'other' } }),
      '"other" as invocation',
    ],
    ['no invoke', first({ invoke: [] }), 'no invocation "call"'],
    [
      'another literal delay',
      first({ after: { 2000: 'b', soon: 'c' } }),
      'no timer "after:1000:m.a"',
    ],
    [
      'another named delay',
      first({ after: { 1000: 'b', late: 'c' } }),
      'no timer "after:soon:m.a"',
    ],
    ['a spawned child gone', first({ entry: [] }), 'no invocation "side"'],
    ["a state's id", first({ id: 'z' }), 'no timer'],
  ])('does not fit with %s', (_, states, words) => {
    const to = chart(states, 'first' in states ? { initial: 'first' } : {});
    expect(missing(base, to)).toContain(words);
  });

  it('does not fit where its actor is gone', () => {
    const idle = chart({ a: { initial: 'x', states: { x: {}, y: {} } }, b: {}, c: {} }, {}, {});
    expect(missing(base, idle)).toMatch(/no actor "work", which is open as "(call|side)"/);
  });

  it('does not fit where the chart would be over', () => {
    const open = chart({ a: { on: { GO: 'b' } }, b: {} });
    const over = chart({ a: { on: { GO: 'b' } }, b: { type: 'final' } });
    expect(missing(open, over, 'GO')).toContain('it has a final state');
    expect(missing(open, over)).toBe(null);
  });

  it('is asked nothing of what has ended', () => {
    const one = setup({ actors: { work, quick: work } }).createMachine({
      id: 'm',
      initial: 'a',
      states: {
        a: {
          invoke: [
            { id: 'q', src: 'quick' },
            { id: 'call', src: 'work' },
          ],
        },
      },
    });
    const agent = kernel.register(one, { version: '1' });
    const started = kernel.start(agent, null, 'r').state;
    const { incarnation } = started.invocations[0]!;
    const done = { kind: 'done', id: 'q', incarnation, output: null } as const;
    const { state } = kernel.step(agent, started, done, 'r');
    const to = chart({ a: { invoke: { id: 'call', src: 'work' } } });
    const restored = kernel.restore(to, kernel.persist(agent, state), 'r', agent.build);
    expect(restored.invocations.map(({ id }) => id)).toEqual(['call']);
  });

  it('keeps parallel states in the order of the document when their numbers are of another', () => {
    const parallel = (more: object) =>
      chart({ ...more, a: { type: 'parallel', states: { p: two, q: two } } });
    const two = { initial: 'i', states: { i: { on: { GO: 'j' } }, j: {} } };
    const from = parallel({});
    const to = parallel({ before: {} });
    const text = snapshotOf(from, 'GO');
    const restored = kernel.restore(to, text, 'r', from.build);
    expect(restored.value).toEqual({ a: { p: 'j', q: 'j' } });
    const event = { kind: 'event', event: { type: 'GO' } } as const;
    expect(kernel.step(to, restored, event, 'r').state.status).toBe('active');
  });

  it('may have spawned what no state names, where a function decides', () => {
    const spawns = {
      entry: enqueueActions(({ enqueue }) => enqueue.spawnChild('work', { id: 'x' })),
    };
    const from = chart({ a: spawns, b: {} });
    const to = chart({ a: spawns, b: {}, c: {} });
    const text = snapshotOf(from);
    expect(kernel.restore(from, text, 'r', from.build).invocations).toHaveLength(1);
    // Nobody can tell, so a run of 0.1.0 goes on and one that is known to be another's waits.
    expect(kernel.restore(to, text, 'r', null).invocations).toHaveLength(1);
    expect(missing(from, to)).toContain('no invocation "x"');
  });
});

function first(parts: object): object {
  return { a: { ...waits, ...parts }, b: {}, c: {} };
}

function inner(states: object, parts: object = {}): object {
  return first({ states, initial: Object.keys(states)[0], ...parts });
}

function regions(states: object): object {
  return first({ type: 'parallel', initial: undefined, states: { ...states, y: {} } });
}
