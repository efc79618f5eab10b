/** What a chart invokes and spawns: numbered, fenced, and stopped when it is left. */
import { describe, expect, it } from 'vitest';
import { assign, enqueueActions, fromPromise, sendTo, setup, spawnChild, stopChild } from 'xstate';
import type { RecallInput, RecallOutput } from '../../src/domain/catalogue.ts';
import { limits } from '../../src/domain/limits.ts';
import { catalogue, task } from '../../src/kernel/catalogue.ts';
import { Driver } from './driver.ts';

const work = task<number>(() => Promise.resolve(1));
const kid = setup({}).createMachine({ id: 'kid' });
const actors = { ...catalogue, work, plain: fromPromise(() => Promise.resolve(1)), kid };

describe('an invocation', () => {
  const chart = setup({ types: { context: {} }, actors }).createMachine({
    id: 'asks',
    context: {},
    initial: 'asking',
    states: {
      asking: {
        invoke: {
          id: 'gen',
          src: 'generate',
          input: { prompt: 'Why?' },
          onDone: { target: 'told', actions: assign({ answer: ({ event }) => event.output.text }) },
          onError: 'sorry',
        },
        on: { AGAIN: { target: 'asking', reenter: true }, LEAVE: 'told' },
      },
      told: {},
      sorry: {},
    },
  });
  const output = { text: 'Because.', toolCalls: [], stopReason: 'end' };

  it('says what stands behind it, with its input', () => {
    const run = new Driver(chart);
    expect(run.effects).toEqual([
      {
        kind: 'invoke',
        id: 'gen',
        incarnation: 1,
        source: { kind: 'generate' },
        input: { prompt: 'Why?' },
      },
    ]);
    expect(run.state.invocations).toMatchObject([{ id: 'gen', incarnation: 1 }]);
  });

  it('takes its completion once', () => {
    const run = new Driver(chart);
    const done = { kind: 'done', id: 'gen', incarnation: 1, output } as const;
    expect(run.take(done).state).toMatchObject({ value: 'told', context: { answer: 'Because.' } });
    expect(run.effects).toEqual([]);
    const before = run.text;
    expect(run.take(done)).toMatchObject({ stale: true, effects: [], text: before });
  });

  it('takes no completion of an earlier start, nor of one that was left', () => {
    const run = new Driver(chart);
    const late = { kind: 'done', id: 'gen', incarnation: 1, output } as const;
    run.send('AGAIN');
    expect(run.shown).toMatchObject([
      { kind: 'stop', id: 'gen', incarnation: 1 },
      { kind: 'invoke', id: 'gen', incarnation: 2 },
    ]);
    expect(run.take(late)).toMatchObject({ stale: true, state: { value: 'asking' } });
    run.send('LEAVE');
    expect(run.effects).toEqual([{ kind: 'stop', id: 'gen', incarnation: 2 }]);
    expect(run.take({ ...late, incarnation: 2 }).stale).toBe(true);
    expect(run.take({ ...late, id: 'never' }).stale).toBe(true);
  });

  it('fails with a plain error that the chart can keep', () => {
    const keeps = setup({ types: { context: {} }, actors }).createMachine({
      id: 'keeps',
      context: {},
      invoke: {
        id: 'w',
        src: 'work',
        onError: { actions: assign({ error: ({ event }) => event.error }) },
      },
    });
    const run = new Driver(keeps).fail('w', {
      code: 'task-failed',
      message: 'It broke.',
      detail: { attempts: 3 },
    });
    const error = {
      name: 'HeddleError',
      code: 'task-failed',
      message: 'It broke.',
      detail: { attempts: 3 },
    };
    expect(run.state).toMatchObject({ status: 'active', context: { error } });
  });

  it('leaves no trace when it starts and ends in one step', () => {
    const passes = setup({ actors }).createMachine({
      id: 'passes',
      initial: 'a',
      states: { a: { invoke: { id: 'w', src: 'work' }, always: 'b' }, b: {} },
    });
    const run = new Driver(passes);
    expect(run.effects).toEqual([]);
    expect(run.state.invocations).toEqual([]);
  });

  it('is one of at most so many', () => {
    const many = setup({ actors }).createMachine({
      id: 'many',
      on: {
        GO: {
          actions: enqueueActions(({ enqueue, event }) => {
            const { count } = event as unknown as { count: number };
            for (let i = 0; i < count; i++) enqueue.spawnChild('work', { id: `w${i}` });
          }),
        },
      },
    });
    const full = new Driver(many).send('GO', { count: limits.invocationsMax });
    expect(full.state).toMatchObject({ status: 'active' });
    const over = new Driver(many).send('GO', { count: limits.invocationsMax + 1 });
    expect(over.state).toMatchObject({ status: 'error', error: { code: 'invocation-limit' } });
    expect(over.effects).toEqual([]);
  });
});

describe('sources', () => {
  it('are told by brand and kind, under any key', () => {
    const run = new Driver(
      setup({ actors: { ...actors, think: catalogue.generate } }).createMachine({
        id: 'sources',
        invoke: [
          { id: 'a', src: 'think', input: { prompt: 'Why?' } },
          { id: 'b', src: 'work' },
          { id: 'c', src: 'plain' },
          { id: 'd', src: 'kid' },
        ],
      }),
    );
    expect(run.state.invocations.map(({ source }) => source)).toEqual([
      { kind: 'generate' },
      { kind: 'task', src: 'work' },
      { kind: 'task', src: 'plain' },
      { kind: 'child', agent: 'kid' },
    ]);
    expect(run.agent.taskLogic('work')).toBe(work);
    expect(run.agent.taskLogic('think')).toBeUndefined();
    expect(run.agent.taskLogic('nothing')).toBeUndefined();
  });

  it('that are faked with promise logic are tasks', () => {
    const chart = setup({ actors }).createMachine({
      id: 'fake',
      invoke: { id: 'g', src: 'recall', input: { scope: 'run', key: 'k' } },
    });
    const faked = chart.provide({
      actors: {
        recall: fromPromise<RecallOutput, RecallInput>(() => Promise.reject(new Error('none'))),
      },
    });
    expect(new Driver(faked).state.invocations[0]?.source).toEqual({ kind: 'task', src: 'recall' });
  });
});

describe('children', () => {
  const chart = setup({ actors }).createMachine({
    id: 'parent',
    on: {
      START: { actions: spawnChild('kid', { id: 'k', input: { n: 1 } }) },
      TELL: { actions: sendTo('k', { type: 'HELLO' }) },
      STOP: { actions: stopChild('k') },
    },
  });

  it('are started, sent to and stopped', () => {
    const run = new Driver(chart).send('START');
    const source = { kind: 'child', agent: 'kid' };
    expect(run.effects).toEqual([
      { kind: 'invoke', id: 'k', incarnation: 1, source, input: { n: 1 } },
    ]);
    expect(run.send('TELL').effects).toEqual([
      { kind: 'send', to: { child: 'k' }, event: { type: 'HELLO' } },
    ]);
    expect(run.send('STOP').effects).toEqual([{ kind: 'stop', id: 'k', incarnation: 1 }]);
    expect(run.send('TELL').state.error?.message).toContain("Unable to send event to actor 'k'");
  });

  it('that have ended hear nothing, until they are stopped', () => {
    const run = new Driver(chart).send('START').finish('k');
    expect(run.send('TELL')).toMatchObject({ effects: [], state: { status: 'active' } });
    expect(run.send('STOP').effects).toEqual([]);
    expect(run.state.invocations).toEqual([]);
  });

  it('are replaced when one of the same id is started', () => {
    const run = new Driver(chart).send('START').send('START');
    expect(run.shown).toMatchObject([
      { kind: 'stop', id: 'k', incarnation: 1 },
      { kind: 'invoke', id: 'k', incarnation: 2 },
    ]);
    expect(run.state.invocations).toHaveLength(1);
  });

  it('hear what an entry action sends them before they start, after they have', () => {
    const run = new Driver(
      setup({ actors }).createMachine({
        id: 'early',
        initial: 'a',
        states: {
          a: {
            entry: [sendTo('k', { type: 'FIRST' }), sendTo('k', { type: 'LATER' }, { delay: 5 })],
            invoke: [
              { id: 'w', src: 'work' },
              { id: 'k', src: 'kid' },
            ],
          },
        },
      }),
    );
    expect(run.shown).toMatchObject([
      { kind: 'schedule', id: 'auto:1' },
      { kind: 'invoke', id: 'w' },
      { kind: 'invoke', id: 'k' },
      { kind: 'send', to: { child: 'k' }, event: { type: 'FIRST' } },
    ]);
    expect(run.fire('auto:1').effects).toEqual([
      { kind: 'send', to: { child: 'k' }, event: { type: 'LATER' } },
    ]);
  });

  it('that are tasks ignore what is sent to them, as promises do', () => {
    const run = new Driver(
      setup({ actors }).createMachine({
        id: 'deaf',
        invoke: { id: 'w', src: 'work' },
        on: { TELL: { actions: sendTo('w', { type: 'HELLO' }) } },
      }),
    );
    expect(run.send('TELL')).toMatchObject({ effects: [], state: { status: 'active' } });
  });
});

describe('the end of a run', () => {
  it('lets exit actions send to what an inner state has invoked', () => {
    const run = new Driver(
      setup({ actors }).createMachine({
        id: 'farewell',
        initial: 'a',
        states: {
          a: {
            initial: 'x',
            exit: sendTo('k', { type: 'BYE' }),
            states: { x: { invoke: { id: 'k', src: 'kid' } } },
          },
          end: { type: 'final' },
        },
        invoke: { id: 'r', src: 'kid' },
        exit: sendTo('r', { type: 'BYE' }),
        on: { END: '.end', LEAVE: { target: '.end' } },
      }),
    );
    // Leaving `a` has stopped its child before its own exit action: so a live actor has it.
    expect(run.send('END').state.error?.message).toContain("Unable to send event to actor 'k'");
    const bare = new Driver(
      setup({ actors }).createMachine({
        id: 'farewell',
        initial: 'a',
        states: { a: { on: { END: 'end' } }, end: { type: 'final' } },
        invoke: { id: 'r', src: 'kid' },
        exit: sendTo('r', { type: 'BYE' }),
      }),
    ).send('END');
    expect(bare.effects).toEqual([
      { kind: 'send', to: { child: 'r' }, event: { type: 'BYE' } },
      { kind: 'stop', id: 'r', incarnation: 1 },
    ]);
  });

  it('reaches, from the exit of the whole chart, what a final state has invoked', () => {
    const run = new Driver(
      setup({ actors }).createMachine({
        id: 'last',
        type: 'parallel',
        exit: sendTo('k', { type: 'BYE' }),
        states: {
          one: {
            initial: 'off',
            states: { off: { type: 'final', invoke: { id: 'k', src: 'kid' } } },
          },
          two: { initial: 'on', states: { on: { on: { END: 'off' } }, off: { type: 'final' } } },
        },
      }),
    ).send('END');
    expect(run.state.status).toBe('done');
    expect(run.effects).toEqual([
      { kind: 'send', to: { child: 'k' }, event: { type: 'BYE' } },
      { kind: 'stop', id: 'k', incarnation: 1 },
    ]);
  });

  it('stops in the order in which the chart has its children, restarted or not', () => {
    const run = new Driver(
      setup({ actors }).createMachine({
        id: 'order',
        initial: 'a',
        states: { a: {}, end: { type: 'final' } },
        on: {
          ONE: { actions: spawnChild('kid', { id: 'one' }) },
          TWO: { actions: spawnChild('kid', { id: 'two' }) },
          END: '.end',
        },
      }),
    );
    run.send('ONE').send('TWO').send('ONE').send('END');
    expect(run.effects).toMatchObject([
      { kind: 'stop', id: 'one', incarnation: 3 },
      { kind: 'stop', id: 'two', incarnation: 2 },
    ]);
  });

  it('stops what is open', () => {
    const run = new Driver(
      setup({ actors }).createMachine({
        id: 'leaves',
        initial: 'a',
        invoke: { id: 'w', src: 'work' },
        states: { a: { after: { 50: 'b' }, on: { END: 'b' } }, b: { type: 'final' } },
      }),
    ).send('END');
    expect(run.effects).toEqual([
      { kind: 'unschedule', id: 'after:50:leaves.a', generation: 2 },
      { kind: 'stop', id: 'w', incarnation: 1 },
    ]);
    expect(run.state).toMatchObject({ status: 'done', invocations: [], timers: [] });
  });
});
