/** Delays: structural ids, generations, and the event that is kept until its time. */
import { describe, expect, it } from 'vitest';
import {
  assign,
  cancel,
  createActor,
  createMachine,
  raise,
  sendParent,
  sendTo,
  setup,
  SimulatedClock,
} from 'xstate';
import { limits } from '../../src/domain/limits.ts';
import { Driver, kernel } from './driver.ts';

const kid = setup({}).createMachine({ id: 'kid' });

describe('after', () => {
  const chart = setup({
    types: { context: {} as { n: number } },
    delays: { long: ({ context }) => context.n * 100, 'odd:name': 7 },
  }).createMachine({
    id: 'waits',
    context: { n: 3 },
    initial: 'a',
    states: {
      a: {
        after: { long: 'b', 20: { actions: assign({ n: 9 }) }, 'odd:name': 'b' },
        on: { GO: 'b' },
      },
      b: { on: { BACK: 'a' } },
    },
  });

  it('is scheduled under a structural id, with a number or a name', () => {
    const run = new Driver(chart);
    expect(run.effects).toEqual([
      { kind: 'schedule', id: 'after:20:waits.a', generation: 1, delayMs: 20 },
      { kind: 'schedule', id: 'after:long:waits.a', generation: 2, delayMs: 300 },
      { kind: 'schedule', id: 'after:odd%3Aname:waits.a', generation: 3, delayMs: 7 },
    ]);
    expect(run.text).not.toContain('xstate');
  });

  it('fires once and takes its transition', () => {
    const run = new Driver(chart).fire('after:20:waits.a');
    expect(run.state).toMatchObject({ value: 'a', context: { n: 9 } });
    expect(run.take({ kind: 'timer', id: 'after:20:waits.a', generation: 1 }).stale).toBe(true);
    expect(run.fire('after:long:waits.a').state.value).toBe('b');
  });

  it('is unscheduled when its state is left, and never fires late', () => {
    const run = new Driver(chart).send('GO');
    expect(run.shown).toMatchObject(
      [1, 2, 3].map((generation) => ({ kind: 'unschedule', generation })),
    );
    run.send('BACK');
    expect(run.take({ kind: 'timer', id: 'after:long:waits.a', generation: 2 }).stale).toBe(true);
    expect(run.state.timers.map(({ generation }) => generation)).toEqual([4, 5, 6]);
  });
});

describe('a delayed event', () => {
  const chart = setup({
    types: { context: {} as { got: readonly unknown[] } },
    actors: { kid },
  }).createMachine({
    id: 'delayed',
    context: { got: [] },
    invoke: { id: 'k', src: 'kid' },
    on: {
      RAISE: { actions: raise({ type: 'GOT', n: 1 }, { id: 'r', delay: 10 }) },
      SELF: { actions: sendTo(({ self }) => self, { type: 'GOT', n: 2 }, { id: 's', delay: 10 }) },
      PARENT: { actions: sendParent({ type: 'UP' }, { id: 'p', delay: 10 }) },
      CHILD: { actions: sendTo('k', { type: 'DOWN' }, { id: 'c', delay: 10 }) },
      NAMELESS: { actions: raise({ type: 'GOT', n: 3 }, { delay: 10 }) },
      CANCEL: { actions: [cancel('r'), cancel('never')] },
      BOTH: { actions: [raise({ type: 'GOT' }, { id: 'r', delay: 10 }), cancel('r')] },
      GOT: { actions: assign({ got: ({ context, event }) => [...context.got, event['n']] }) },
    },
  });

  it('of raise and of sendTo self comes to the chart', () => {
    const run = new Driver(chart).send('RAISE');
    expect(run.effects).toEqual([{ kind: 'schedule', id: 'send:r', generation: 2, delayMs: 10 }]);
    run.fire('send:r').send('SELF').fire('send:s');
    expect(run.state.context).toEqual({ got: [1, 2] });
    expect(run.state.timers).toEqual([]);
  });

  it('without an id has one of its own, the same after a restore', () => {
    const run = new Driver(chart).send('NAMELESS').send('NAMELESS');
    expect(run.state.timers.map(({ id }) => id)).toEqual(['auto:2', 'auto:3']);
    expect(run.fire('auto:2').state.context).toEqual({ got: [3] });
  });

  it('to the parent or a child is sent when it is due; the chart is not stepped', () => {
    const run = new Driver(chart).send('PARENT').send('CHILD');
    expect(run.fire('send:p')).toMatchObject({
      stale: false,
      effects: [{ kind: 'send', to: 'parent', event: { type: 'UP' } }],
    });
    expect(run.fire('send:c').effects).toEqual([
      { kind: 'send', to: { child: 'k' }, event: { type: 'DOWN' } },
    ]);
  });

  it('to a child that has ended since is dropped', () => {
    const run = new Driver(chart).send('CHILD').finish('k').fire('send:c');
    expect(run).toMatchObject({ stale: false, effects: [] });
    expect(run.state.timers).toEqual([]);
  });

  it('is cancelled by its id', () => {
    const run = new Driver(chart).send('RAISE').send('CANCEL');
    expect(run.effects).toEqual([{ kind: 'unschedule', id: 'send:r', generation: 2 }]);
    expect(run.take({ kind: 'timer', id: 'send:r', generation: 2 }).stale).toBe(true);
  });

  it('that is scheduled again replaces the one before', () => {
    const run = new Driver(chart).send('RAISE').send('RAISE');
    expect(run.effects).toEqual([
      { kind: 'unschedule', id: 'send:r', generation: 2 },
      { kind: 'schedule', id: 'send:r', generation: 3, delayMs: 10 },
    ]);
    expect(run.take({ kind: 'timer', id: 'send:r', generation: 2 }).stale).toBe(true);
    expect(run.fire('send:r').state.context).toEqual({ got: [1] });
  });

  it('that is cancelled in its own step leaves no trace, but for the one before', () => {
    const run = new Driver(chart).send('BOTH');
    expect(run).toMatchObject({ effects: [], stale: false });
    expect(run.state.timers).toEqual([]);
    run.send('RAISE').send('BOTH');
    expect(run.effects).toEqual([{ kind: 'unschedule', id: 'send:r', generation: 3 }]);
    expect(run.state.timers).toEqual([]);
  });
});

describe('a delay', () => {
  const chart = setup({}).createMachine({
    id: 'delay',
    on: {
      GO: {
        actions: raise({ type: 'X' }, { id: 'x', delay: ({ event }) => event['ms'] as number }),
      },
    },
  });

  it.each([
    [-5, 0],
    [1.2, 2],
    [limits.delayMsMax, limits.delayMsMax],
  ])('of %d ms is scheduled as %d', (ms, delayMs) => {
    expect(new Driver(chart).send('GO', { ms }).effects).toMatchObject([{ delayMs }]);
  });

  it.each(['5s', '5', '', {}, true, 5n, Symbol('soon')])(
    'that is computed as %o ends the run',
    (ms) => {
      const delay = () => ms as number;
      const charts = {
        raise: createMachine({
          id: 'delay',
          on: { GO: { actions: raise({ type: 'X' }, { delay }) } },
        }),
        send: createMachine({
          id: 'delay',
          on: { GO: { actions: sendTo(({ self }) => self, { type: 'X' }, { delay }) } },
        }),
        after: setup({ delays: { soon: delay } }).createMachine({
          id: 'delay',
          initial: 'a',
          states: { a: { on: { GO: 'b' } }, b: { after: { soon: 'c' } }, c: {} },
        }),
      };
      for (const chart of Object.values(charts)) {
        const { status, error } = new Driver(chart).send('GO').state;
        expect({ status, code: error?.code }).toEqual({ status: 'error', code: 'invalid-field' });
        expect(error?.message).toContain('is no number of milliseconds');
      }
    },
  );

  it.each([NaN, Infinity, limits.delayMsMax + 1])('of %d ms ends the run', (ms) => {
    const machine = setup({}).createMachine({
      id: 'delay',
      on: { GO: { actions: raise({ type: 'X' }, { id: 'x', delay: () => ms }) } },
    });
    const { error } = new Driver(machine).send('GO').state;
    expect(error).toMatchObject({ code: 'invalid-field' });
    expect(error?.message).toContain('the delay of x must be at most');
  });
});

describe('the clock of a live actor', () => {
  it('and the timers of the kernel come to the same end', () => {
    const machine = setup({ types: { context: {} as { n: number } } }).createMachine({
      id: 'clock',
      context: { n: 0 },
      initial: 'a',
      states: {
        a: { after: { 30: 'b' }, entry: raise({ type: 'TICK' }, { id: 't', delay: 10 }) },
        b: { after: { 25: 'c' } },
        c: { type: 'final' },
      },
      on: {
        TICK: {
          actions: [
            assign({ n: ({ context }) => context.n + 1 }),
            raise({ type: 'TICK' }, { id: 't', delay: 10 }),
          ],
        },
      },
    });
    const clock = new SimulatedClock();
    const live = createActor(machine, { clock }).start();
    // XState's clock jumps to the end of an increment first, so that timers of timers start late.
    for (let ms = 0; ms < 100; ms++) clock.increment(1);
    const agent = kernel.register(machine);
    let { state, effects } = kernel.start(agent, null, 'r');
    const due = new Map<string, { at: number; generation: number }>();
    for (let now = 0; now <= 100; now++) {
      for (let fired = true; fired;) {
        for (const effect of effects) {
          if (effect.kind === 'schedule') {
            due.set(effect.id, { at: now + effect.delayMs, generation: effect.generation });
          }
          if (effect.kind === 'unschedule') due.delete(effect.id);
        }
        const next = [...due].find(([, { at }]) => at <= now);
        fired = next !== undefined;
        if (next === undefined) continue;
        due.delete(next[0]);
        const { generation } = next[1];
        ({ state, effects } = kernel.step(
          agent,
          state,
          { kind: 'timer', id: next[0], generation },
          'r',
        ));
      }
      effects = [];
    }
    expect(live.getSnapshot()).toMatchObject({ status: 'done', context: { n: 5 } });
    expect(state).toMatchObject({ status: 'done', context: { n: 5 }, timers: [] });
  });
});
