/** A chart that throws ends its run with a record, drops its step and closes what was open. */
import { describe, expect, it } from 'vitest';
import {
  assign,
  emit,
  enqueueActions,
  fromPromise,
  raise,
  sendTo,
  setup,
  spawnChild,
} from 'xstate';
import { heddleError } from '../../src/domain/errors.ts';
import { toJson } from '../../src/domain/json.ts';
import { limits } from '../../src/domain/limits.ts';
import { catalogue } from '../../src/kernel/catalogue.ts';
import { Driver } from './driver.ts';

const work = fromPromise(() => Promise.resolve(1));
const base = setup({
  types: { context: {} as { n: number; list: number[] } },
  actors: { ...catalogue, work },
});

describe('what throws', () => {
  const chart = base.createMachine({
    id: 'throws',
    context: { n: 0, list: [1] },
    initial: 'a',
    invoke: { id: 'w', src: 'work' },
    states: { a: { after: { 99: 'b' } }, b: {} },
    on: {
      GUARD: {
        guard: () => {
          throw new Error('guard broke');
        },
      },
      ASSIGN: {
        actions: [
          emit({ type: 'lost' }),
          assign({ n: 7 }),
          assign(() => {
            throw new Error('assign broke');
          }),
        ],
      },
      TYPED: {
        actions: assign(() => {
          throw heddleError('memory-conflict', { key: 'k', actual: 2, expected: 1 });
        }),
      },
    },
  });

  it.each([
    ['GUARD', 'guard broke'],
    ['ASSIGN', 'assign broke'],
  ])('%s ends the run, with nothing of the step done', (type, words) => {
    const run = new Driver(chart).send(type);
    expect(run.state).toMatchObject({
      status: 'error',
      value: 'a',
      context: { n: 0, list: [1] },
      error: { code: 'run-failed', detail: { runId: 'run-1' } },
      invocations: [],
      timers: [],
    });
    expect(run.state.error?.message).toContain(words);
    expect(run.effects).toEqual([
      { kind: 'stop', id: 'w', incarnation: 1 },
      { kind: 'unschedule', id: 'after:99:throws.a', generation: 2 },
    ]);
    expect(run.send('ASSIGN').stale).toBe(true);
  });

  it('a typed error keeps its code', () => {
    expect(new Driver(chart).send('TYPED').state.error).toMatchObject({ code: 'memory-conflict' });
  });

  it('what has no text still ends the run', () => {
    const machine = base.createMachine({
      id: 'mute',
      context: { n: 0, list: [] },
      on: {
        GO: {
          guard: () => {
            const nothing: unknown = Object.create(null);
            throw nothing;
          },
        },
        ASSIGN: {
          actions: assign(() => {
            const nothing: unknown = Object.create(null);
            throw nothing;
          }),
        },
      },
    });
    for (const type of ['GO', 'ASSIGN']) {
      expect(new Driver(machine).send(type).state.error).toMatchObject({ code: 'run-failed' });
    }
  });

  it('with words that no database takes, leaves words that it does', () => {
    const machine = base.createMachine({
      id: 'rude',
      context: { n: 0, list: [] },
      on: {
        WORDS: {
          actions: assign(() => {
            throw new Error('a\u0000b\ud800'.repeat(3_000));
          }),
        },
        NAMES: { actions: assign(() => ({ 'a\u0000': { list: Array(1) } }) as never) },
      },
    });
    for (const type of ['WORDS', 'NAMES']) {
      const { error } = new Driver(machine).send(type).state;
      expect(toJson(error)).toEqual(error);
      expect(error?.message.length).toBeLessThan(4_500);
    }
  });

  it('in the context, at the start, is an error of the run too', () => {
    const broken = base.createMachine({
      id: 'broken',
      initial: 'a',
      states: { a: { tags: 'busy' } },
      context: () => {
        throw new Error('no context');
      },
    });
    const run = new Driver(broken);
    expect(run.state).toMatchObject({ status: 'error', value: 'a', context: {}, tags: ['busy'] });
    expect(run.state.error?.message).toContain('no context');
    expect(run.effects).toEqual([]);
    expect(run.text).toContain('"status":"error"');
  });
});

describe('a failure that the chart does not handle', () => {
  it('ends the run with that failure', () => {
    const chart = base.createMachine({
      id: 'bare',
      context: { n: 0, list: [] },
      invoke: [
        { id: 'w', src: 'work' },
        { id: 'v', src: 'work' },
      ],
    });
    const error = { code: 'task-failed', message: 'It broke.', detail: { src: 'work' } };
    const run = new Driver(chart).fail('w', error);
    expect(run.state).toMatchObject({ status: 'error', error });
    expect(run.state.error).toEqual(error);
    expect(run.effects).toEqual([{ kind: 'stop', id: 'v', incarnation: 2 }]);
  });
});

describe('a chart that never rests', () => {
  const context = { n: 0, list: [] };

  it('with eventless transitions, at the start or later', () => {
    const states = { a: { on: { GO: 'b' } }, b: { always: 'c' }, c: { always: 'b' } } as const;
    const run = new Driver(base.createMachine({ id: 'round', context, initial: 'a', states }));
    const error = { code: 'always-cycle', detail: { max: limits.iterationsMax } };
    expect(run.send('GO').state).toMatchObject({ status: 'error', value: 'a', error });
    const atOnce = new Driver(base.createMachine({ id: 'round', context, initial: 'b', states }));
    expect(atOnce.state).toMatchObject({ status: 'error', error });
  });

  it('with raised events, or events sent to itself', () => {
    const chart = base.createMachine({
      id: 'echo',
      context,
      on: {
        RAISE: { actions: raise({ type: 'RAISE' }) },
        SEND: { actions: sendTo(({ self }) => self, { type: 'SEND' }) },
      },
    });
    expect(new Driver(chart).send('RAISE').state.error).toMatchObject({ code: 'always-cycle' });
    expect(new Driver(chart).send('SEND').state.error).toMatchObject({ code: 'always-cycle' });
  });

  it('may set itself a lower bound', () => {
    const chart = base.createMachine({
      id: 'low',
      context,
      options: { maxIterations: 5 },
      on: { RAISE: { actions: raise({ type: 'RAISE' }) } },
    });
    expect(new Driver(chart).send('RAISE').state.error?.detail).toEqual({ max: 5 });
  });
});

describe('what has no durable form and shows only at run time', () => {
  const one = (actions: unknown): Driver =>
    new Driver(
      base.createMachine({
        id: 'late',
        context: { n: 0, list: [] },
        on: { GO: { actions: actions as never } },
      }),
    ).send('GO');

  it.each([
    [
      'spawn, hidden from registration',
      assign((args) => {
        const { spawn: start } = args as unknown as { spawn: (src: string) => unknown };
        start('work');
        return {};
      }),
      'spawn inside assign or context',
    ],
    [
      'spawn, with its error swallowed',
      assign((args) => {
        const key = 'spawn' as const;
        try {
          (args as unknown as Record<typeof key, (src: string, o: object) => void>)[key]('work', {
            id: 'x',
          });
        } catch {
          return {};
        }
        return {};
      }),
      '"x" was spawned inside assign or context',
    ],
    [
      'an inline actor',
      enqueueActions(({ enqueue }) => enqueue.spawnChild(work as never, { id: 'x' })),
      'An inline actor cannot be started',
    ],
    [
      'an actor that is not there',
      enqueueActions(({ enqueue }) => enqueue.spawnChild('nobody' as never, { id: 'x' })),
      'No actor is registered as "nobody"',
    ],
    [
      'an actor without an id',
      enqueueActions(({ enqueue }) => enqueue.spawnChild('work')),
      'spawnChild("work") has no id',
    ],
    [
      'an actor with a systemId',
      enqueueActions(({ enqueue }) => enqueue.spawnChild('work', { id: 'x', systemId: 's' })),
      'spawnChild("work") has a systemId',
    ],
    ['an actor whose computed id is no name', spawnChild('work', { id: () => '' }), 'has no id'],
    [
      'an action that is not there',
      enqueueActions(({ enqueue }) => enqueue('nothing')),
      'the action "nothing" was enqueued',
    ],
    ['self.send', assign(({ self }) => ({ n: Number(self.send({ type: 'X' })) })), 'self.send'],
    [
      'system.get',
      sendTo(({ system }) => system.get('x') as never, { type: 'X' } as never),
      "system.get('x')",
    ],
    [
      'a send to a stranger',
      sendTo(() => ({ id: 'stranger', send: () => undefined }) as never, { type: 'X' } as never),
      'to a child by its id, to the parent or to self',
    ],
    [
      'a send of XState’s own event',
      sendTo(({ self }) => self, { type: 'xstate.stop' }),
      'sent event.type',
    ],
    ['an emit without a type', emit({} as never), 'emitted event.type'],
  ])('%s', (_, action, words) => {
    const { state, effects } = one(action);
    expect(state.status).toBe('error');
    expect(state.error?.message).toContain(words);
    expect(effects).toEqual([]);
  });

  it('a change of context or event in place is refused, with a hint', () => {
    const run = one(
      assign(({ context }) => {
        (context as { list: number[] }).list.push(1);
        return {};
      }),
    );
    expect(run.state.error?.message).toContain(
      'return new values instead of changing them in place',
    );
    const sorts = one(assign(({ event }) => ({ list: (event['list'] as number[]).reverse() })));
    expect(sorts.state.status).toBe('error');
  });

  it('one run cannot change the context that the next begins with', () => {
    const own = { n: 0, list: [1] };
    const chart = base.createMachine({ id: 'shared', context: own });
    expect(new Driver(chart).state.context).toEqual(own);
    own.list.push(2);
    expect(new Driver(chart).state.context).toEqual({ n: 0, list: [1, 2] });
    expect(Object.isFrozen(own)).toBe(false);
  });
});
