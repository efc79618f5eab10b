/** Timers are rows with absolute deadlines: they keep them over restarts (promise 4). */
import { assign, cancel, raise, sendTo, setup } from 'xstate';
import { describe, expect, it } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import { memoryWorld, oneReplica, type ReplicaOptions } from '../../support/replica.ts';
import type { ScriptStep } from '../../support/script-agent.ts';

const day = 86_400_000;
const sleep = (ms: number): ScriptStep => ({ do: 'sleep', ms });

/** For waits of days: fewer heartbeats and looks. */
const slow: ReplicaOptions = { settings: { pollMs: 600_000, leaseMs: 3_600_000 } };

async function sleeping(ms: number, options: ReplicaOptions = {}) {
  const world = await oneReplica(options);
  const run = await world.heddle.start('script', { input: { steps: [sleep(ms)] } });
  await world.clock.idle();
  return { ...world, run };
}

describe('after', () => {
  it('fires at its time and not before, and holds nothing until then (promise 7)', async () => {
    const { run, clock, runtime } = await sleeping(10_000);
    expect(await run.status()).toBe('waiting-on-timer');
    expect(runtime.stats()).toMatchObject({ permitsInUse: 0, inMemory: 0 });
    await clock.advance(9_999);
    expect(await run.status()).toBe('waiting-on-timer');
    await clock.advance(1);
    expect(await run.status()).toBe('completed');
  });

  it('fires in time however far beyond what is held in memory', async () => {
    for (const ms of [29_999, 30_001, 45_000, 3_600_000]) {
      const { run, clock } = await sleeping(ms);
      await clock.advance(ms - 1);
      expect([ms, await run.status()]).toEqual([ms, 'waiting-on-timer']);
      await clock.advance(2);
      expect([ms, await run.status()]).toEqual([ms, 'completed']);
    }
  });

  it('fires after days', async () => {
    const { run, clock } = await sleeping(3 * day, slow);
    await clock.advance(3 * day - 1_000);
    expect(await run.status()).toBe('waiting-on-timer');
    await clock.advance(601_000);
    expect(await run.status()).toBe('completed');
  });

  it('many at once all fire', async () => {
    const { heddle, clock, store } = await oneReplica();
    const starts = Array.from({ length: 300 }, (_, i) => ({
      agent: 'script',
      input: { steps: [sleep(1_000 + (i % 7))] },
    }));
    await heddle.startAll(starts);
    await clock.advance(2_000);
    expect((await store.audit(oneTenant('default'))).runs).toEqual({ completed: 300 });
  });
});

describe('a restart', () => {
  it('keeps the deadline', async () => {
    const world = memoryWorld();
    const first = await world.replica();
    const run = await first.heddle.start('script', { input: { steps: [sleep(60_000)] } });
    await world.clock.advance(20_000);
    first.crash();
    await world.clock.advance(20_000);
    const second = await world.replica();
    const same = await second.heddle.run(run.id);
    await world.clock.advance(19_999);
    expect(await same.status()).toBe('waiting-on-timer');
    await world.clock.advance(1);
    expect(await same.status()).toBe('completed');
  });

  it('fires at once what is overdue', async () => {
    const world = memoryWorld();
    const first = await world.replica();
    const run = await first.heddle.start('script', { input: { steps: [sleep(5_000)] } });
    await world.clock.idle();
    first.crash();
    await world.clock.advance(3_600_000);
    const second = await world.replica();
    await world.clock.advance(0);
    expect(await (await second.heddle.run(run.id)).status()).toBe('completed');
  });

  it('keeps the limits of waits too', async () => {
    const world = memoryWorld();
    const first = await world.replica();
    const steps: ScriptStep[] = [{ do: 'receive', with: { channel: 'a', timeoutMs: 60_000 } }];
    const run = await first.heddle.start('script', { input: { steps } });
    await world.clock.advance(30_000);
    first.crash();
    const second = await world.replica();
    await world.clock.advance(29_000);
    const same = await second.heddle.run(run.id);
    expect(await same.status()).toBe('waiting-on-channel');
    await world.clock.advance(2_000);
    expect(await same.output()).toMatchObject([{ failed: { code: 'invocation-timeout' } }]);
  });
});

/** Timers of every kind that a chart can make, and what became of them. */
const clockwork = setup({
  types: {
    context: {} as { readonly heard: readonly string[] },
    events: {} as
      { type: 'tick' | 'tock' | 'again' | 'stop' | 'end' } | { type: 'later'; delay: number },
  },
  actions: {
    hear: assign({ heard: ({ context, event }) => [...context.heard, event.type] }),
  },
  delays: { short: 1_000 },
}).createMachine({
  id: 'clockwork',
  context: { heard: [] },
  initial: 'running',
  on: {
    tick: { actions: 'hear' },
    tock: { actions: 'hear' },
    later: {
      actions: sendTo(
        ({ self }) => self,
        { type: 'tock' },
        {
          id: 'tock',
          delay: ({ event }) => (event as { delay: number }).delay,
        },
      ),
    },
    stop: { actions: [cancel('tock'), cancel('tick')] },
    end: '.ended',
  },
  states: {
    running: {
      entry: raise({ type: 'tick' }, { id: 'tick', delay: 'short' }),
      after: { 5_000: { target: 'rested' } },
      on: { again: { target: 'running', reenter: true } },
    },
    rested: {},
    ended: { type: 'final' },
  },
  output: ({ context }) => context.heard,
});

describe('delayed events', () => {
  async function ticking() {
    const world = await oneReplica({ agents: [clockwork] });
    const run = await world.heddle.start('clockwork');
    await world.clock.idle();
    const heard = async (): Promise<unknown> => {
      await run.send({ type: 'end' });
      return run.output();
    };
    return { ...world, run, heard };
  }

  it('raise and send come after their delays', async () => {
    const { run, clock, heard } = await ticking();
    await run.send({ type: 'later', delay: 500 });
    await clock.advance(1_000);
    expect(await heard()).toEqual(['tock', 'tick']);
  });

  it('are taken back by cancel', async () => {
    const { run, clock, heard } = await ticking();
    await run.send({ type: 'later', delay: 500 });
    await run.send({ type: 'stop' });
    await clock.advance(10_000);
    expect(await heard()).toEqual([]);
  });

  it('are replaced when they are sent again under their id', async () => {
    const { run, clock, heard } = await ticking();
    await run.send({ type: 'later', delay: 500 });
    await run.send({ type: 'later', delay: 3_000 });
    await clock.advance(2_999);
    await run.send({ type: 'stop' });
    await clock.advance(10_000);
    expect(await heard()).toEqual(['tick']);
  });

  it('are put off by no event that leaves their state as it is, and nor is after', async () => {
    const { run, clock } = await ticking();
    for (let ms = 0; ms < 4_500; ms += 500) {
      await clock.advance(500);
      await run.send({ type: 'tock' });
    }
    await clock.advance(499);
    const text = async (): Promise<string> => (await run.row()).chartText ?? '';
    expect(await text()).toContain('running');
    await clock.advance(1);
    expect(await text()).toContain('rested');
    await run.send({ type: 'end' });
    const heard = (await run.output()) as string[];
    // The raised event came at its own time, after the first two that were sent.
    expect(heard.indexOf('tick')).toBeGreaterThan(0);
    expect(heard.indexOf('tick')).toBeLessThan(3);
  });

  it('begin anew when their state is entered again', async () => {
    const { run, clock } = await ticking();
    await clock.advance(4_000);
    await run.send({ type: 'again' });
    await clock.advance(4_999);
    const value = async (): Promise<string> => (await run.row()).chartText ?? '';
    expect(await value()).toContain('running');
    await clock.advance(1);
    expect(await value()).toContain('rested');
  });

  it('leave no timer behind when the run ends', async () => {
    const { run, clock, store, runtime } = await ticking();
    await run.send({ type: 'later', delay: 20_000 });
    await run.cancel();
    await clock.idle();
    const shards = [...Array(32).keys()];
    expect(await store.timers({ shards, horizonMs: day, limit: 10 })).toEqual([]);
    await clock.advance(60_000);
    expect(runtime.stats().inMemory).toBe(0);
  });
});

describe('timers of one run', () => {
  /** It notes in which order its events come: `delays` in the order in which they are set. */
  const noting = (delays: readonly number[]) =>
    setup({
      types: { context: {} as { heard: number[] }, events: {} as { type: 'RANG'; n: number } },
    }).createMachine({
      id: 'noting',
      context: { heard: [] },
      entry: delays.map((delay, n) => raise({ type: 'RANG', n }, { delay })),
      on: {
        RANG: {
          actions: assign({ heard: ({ context, event }) => [...context.heard, event.n] }),
        },
      },
    });
  const heardBy = async (run: { row(): Promise<{ chartText: string | null }> }) =>
    (JSON.parse((await run.row()).chartText ?? '{}') as { context: { heard: number[] } }).context
      .heard;

  it.each([10, 29_000, 100_000])(
    'that are due in the same %d ms ring as they were set',
    async (ms) => {
      const { heddle, clock } = await oneReplica({
        agents: [noting(Array(12).fill(ms) as number[])],
      });
      const run = await heddle.start('noting');
      await clock.advance(ms + 1_000);
      expect(await heardBy(run)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    },
  );

  it('ring by their deadlines, and then as they were set, after a time without a replica', async () => {
    const delays = [9_000, 5_000, 7_000, 5_000, 9_000, 1_000, 7_000, 5_000, 1_000];
    const agents = [noting(delays)];
    const world = memoryWorld();
    const first = await world.replica({ agents });
    const { id } = await first.heddle.start('noting');
    await world.clock.idle();
    first.crash();
    await world.clock.advance(3_600_000);
    const second = await world.replica({ agents });
    await world.clock.advance(60_000);
    expect(await heardBy(await second.heddle.run(id))).toEqual([5, 8, 1, 3, 7, 2, 6, 0, 4]);
  });
});
