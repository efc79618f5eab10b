/** The text of a state: what is in it, and what a restore refuses. */
import { describe, expect, it } from 'vitest';
import { assign, createMachine, fromPromise, raise, sendParent, setup } from 'xstate';
import { catalogue } from '../../src/kernel/catalogue.ts';
import type { Agent } from '../../src/kernel/port.ts';
import { Driver, kernel } from './driver.ts';

const work = fromPromise(() => Promise.resolve(1));

describe('the text', () => {
  it('is compact, structural, and the same for the same state', () => {
    const run = new Driver(
      setup({ actors: catalogue }).createMachine({
        id: 'editor',
        context: { n: 1 },
        initial: 'a',
        states: {
          a: {
            invoke: { id: 'gen', src: 'generate', input: { prompt: 'Why?' }, onDone: 'b' },
            after: { 50: 'b' },
            entry: [
              raise({ type: 'X', n: 1 }, { id: 'x', delay: 5 }),
              sendParent({ type: 'UP' }, { delay: 6 }),
            ],
          },
          b: {},
        },
      }),
    );
    expect(JSON.parse(run.text)).toEqual({
      status: 'active',
      value: 'a',
      context: { n: 1 },
      seq: 4,
      children: [{ id: 'gen', incarnation: 4, src: 'generate', input: { prompt: 'Why?' } }],
      timers: [
        { id: 'send:x', generation: 1, event: { type: 'X', n: 1 } },
        { id: 'auto:2', generation: 2, event: { type: 'UP' }, to: 'parent' },
        { id: 'after:50:editor.a', generation: 3 },
      ],
    });
    expect(run.text).toBe(run.text);
    expect(run.text).not.toContain('xstate');
  });

  it('holds nothing of the live context that could be changed', () => {
    const run = new Driver(setup({}).createMachine({ id: 'alias', context: { list: [1] } }));
    const text = run.text;
    expect(() => (run.state.context as unknown as { list: number[] }).list.push(2)).toThrow();
    expect(run.text).toBe(text);
  });

  it('keeps the order in which parallel states were entered, which is that of their actions', () => {
    const append = (letter: string): never =>
      assign(({ context }) => ({ seen: String(context['seen']) + letter })) as never;
    const open = ({ context }: { context: { open: boolean } }): boolean => context.open;
    const run = new Driver(
      setup({ types: { context: {} as { open: boolean; seen: string } } }).createMachine({
        id: 'entered',
        context: { open: false, seen: '' },
        type: 'parallel',
        states: {
          one: {
            initial: 'a',
            states: {
              a: { on: { MOVE: 'b' } },
              b: { always: { guard: open, target: 'c', actions: append('1') } },
              c: {},
            },
          },
          two: {
            initial: 'a',
            states: { a: { always: { guard: open, target: 'c', actions: append('2') } }, c: {} },
          },
        },
        on: { OPEN: { actions: assign({ open: true }) } },
      }),
    );
    // `Driver` takes each event both hot and restored.
    run.send('MOVE').send('OPEN');
    expect(run.state.context).toEqual({ open: true, seen: '21' });
  });

  it('keeps how a run ended', () => {
    const done = new Driver(
      setup({}).createMachine({
        id: 'done',
        initial: 'a',
        states: { a: { type: 'final' } },
        output: { n: 1 },
      }),
    );
    const restored = kernel.restore(done.agent, done.text, 'run-1');
    expect(restored).toMatchObject({ status: 'done', output: { n: 1 }, value: 'a' });
    const failed = new Driver(
      setup({ actors: { work } }).createMachine({ id: 'failed', invoke: { id: 'w', src: 'work' } }),
    ).fail('w', { code: 'task-failed', message: 'It broke.' });
    expect(kernel.restore(failed.agent, failed.text, 'run-1')).toMatchObject({
      status: 'error',
      error: { code: 'task-failed', message: 'It broke.' },
    });
    expect(kernel.persist(failed.agent, kernel.restore(failed.agent, failed.text, 'r'))).toBe(
      failed.text,
    );
  });
});

describe('restoring', () => {
  const states = (names: object): object => ({ initial: 'a', states: names });
  const register = (config: object, actors: object = { work }) =>
    kernel.register(
      setup({ actors: actors as { work: typeof work } }).createMachine({
        id: 'm',
        ...config,
      } as never),
      { version: '1' },
    );
  const whole = (back: object) =>
    register(
      states({
        a: { invoke: { id: 'w', src: 'work' }, after: { 5: 'b' }, on: { GO: 'b' } },
        b: {
          initial: 'x',
          states: { x: { on: { NEXT: 'y' } }, y: {}, ...back },
          on: { OUT: 'c' },
        },
        c: {},
      }),
    );
  const plain = whole({});
  const recalls = whole({ back: { type: 'history' } });
  const at = (agent: Agent, ...types: string[]): string => {
    let { state } = kernel.start(agent, null, 'r');
    for (const type of types) {
      ({ state } = kernel.step(agent, state, { kind: 'event', event: { type } }, 'r'));
    }
    return kernel.persist(agent, state);
  };

  it.each([
    [
      'a state that is gone',
      at(plain, 'GO', 'OUT'),
      states({ a: {}, b: {} }),
      'it has no state "c"',
    ],
    [
      'an atomic state that has become a compound one',
      at(plain, 'GO', 'OUT'),
      states({ a: {}, c: { initial: 'x', states: { x: {} } } }),
      'it has states inside "c", where the run has none',
    ],
    [
      'a region more',
      at(plain, 'GO'),
      states({ a: {}, b: { type: 'parallel', states: { x: {}, z: {} } } }),
      'it has a region "b.z", in which the run is in no state',
    ],
    [
      'a state of a history that is gone',
      at(recalls, 'GO', 'NEXT', 'OUT'),
      states({
        a: {},
        b: { initial: 'x', states: { x: {}, back: { type: 'history' } } },
        c: {},
      }),
      'it has no state "m.b.y"',
    ],
    ['an actor that is gone', at(plain), { ...states({ a: {} }), actors: {} }, 'no actor "work"'],
    [
      'a timer that is gone',
      at(plain),
      states({ a: { invoke: { id: 'w', src: 'work' } } }),
      'no timer',
    ],
  ])('refuses %s', (_, text, config, words) => {
    const agent = register(config, 'actors' in config ? { actors: {} }.actors : { work });
    const restore = (): unknown => kernel.restore(agent, text, 'r', null);
    expect(restore).toThrow(words);
    expect(restore).toThrow('does not fit agent m version 1');
  });

  it('takes active states that no chart should have, where it was this chart that had them', () => {
    const odd = new Driver(
      createMachine({
        id: 'odd',
        initial: 'first',
        states: {
          first: { initial: 'inner', states: { inner: {} }, on: { IN: 'both' } },
          both: {
            type: 'parallel',
            states: {
              one: { initial: 'a', on: { BACK: '#back' }, states: { a: {} } },
              back: { type: 'history', history: 'deep', id: 'back' },
            },
          },
        },
      }),
    );
    // XState loses "both" and shows two states of the root: see `CompiledAgent.ordered`.
    odd.send('IN').send('BACK');
    expect(Object.keys(odd.state.value as object)).toEqual(['first', 'both']);
    odd.send('BACK').send('IN');
    expect(odd.stale).toBe(false);
  });

  it('refuses what is no JSON', () => {
    expect(() => kernel.restore(plain, '{', 'r')).toThrow('it is not JSON');
  });

  it('does not run eventless transitions before the next event', () => {
    const chart = setup({ types: { context: {} as { open: boolean } } }).createMachine({
      id: 'm',
      context: { open: false },
      initial: 'a',
      states: { a: { always: { guard: ({ context }) => context.open, target: 'b' } }, b: {} },
      on: { OPEN: { actions: assign({ open: true }) } },
    });
    const agent = kernel.register(chart);
    const { state } = kernel.start(agent, null, 'r');
    const text = kernel.persist(agent, state).replace('"open":false', '"open":true');
    const restored = kernel.restore(agent, text, 'r');
    expect(restored.value).toBe('a');
    const event = { kind: 'event', event: { type: 'ANY' } } as const;
    expect(kernel.step(agent, restored, event, 'r').state.value).toBe('b');
  });

  it('takes only states and agents of the kernel', () => {
    const { state } = kernel.start(plain, null, 'r');
    expect(() => kernel.persist({ ...plain }, state)).toThrow('was not registered');
    expect(() => kernel.persist(plain, { ...state })).toThrow('not of the kernel');
  });
});
