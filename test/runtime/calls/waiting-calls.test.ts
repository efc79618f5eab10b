/**
 * Calls far back in a line are only their places: their runs and prompts are read again when they have
 * a slot, and what their runs show meanwhile needs neither.
 */
import { fromPromise, setup } from 'xstate';
import { describe, expect, it } from 'vitest';
import { catalogue, task } from '../../../src/index.ts';
import type { Store } from '../../../src/store/port.ts';
import { memoryWorld, oneReplica, type Replica, type World } from '../../support/replica.ts';
import { script } from '../../support/script-agent.ts';
import { scriptedProvider } from '../../support/scripted-provider.ts';

const prompts = (count: number) => Array.from({ length: count }, (_, i) => `prompt ${i}`);
const asking = (prompt: string) => ({
  agent: 'script',
  input: { steps: [{ do: 'generate', with: { prompt } }] },
});

/** What the store was asked for: how many runs were read, in how many reads. */
function counted() {
  const seen = { reads: 0, runs: 0 };
  const between = (store: Store): Store => ({
    ...store,
    load: (runs) => {
      seen.reads += 1;
      seen.runs += runs.length;
      return store.load(runs);
    },
  });
  return { seen, between };
}

/** Answers what is out, until nothing comes any more. */
async function answerAll(
  { clock }: Pick<World, 'clock'>,
  provider: ReturnType<typeof scriptedProvider>,
): Promise<void> {
  for (let answered = 0; answered < provider.calls.length;) {
    for (; answered < provider.calls.length; answered++) {
      const call = provider.calls[answered];
      if (call?.signal.aborted === false) call.answer(`to ${call.prompt}`);
    }
    await clock.advance(10);
  }
}

async function outputs({ heddle }: Pick<Replica, 'heddle'>, ids: readonly string[]) {
  return Promise.all(ids.map(async (id) => (await heddle.run(id)).output()));
}

describe('calls far back in a line', () => {
  it('are sent what they asked, read together with the batch that gives them slots', async () => {
    const { seen, between } = counted();
    const provider = scriptedProvider({ ceiling: 4 });
    const world = await oneReplica({ providers: [provider], between });
    const runs = await world.heddle.startAll(prompts(60).map(asking));
    await world.clock.idle();
    expect(seen).toEqual({ reads: 0, runs: 0 });
    await answerAll(world, provider);
    const texts = prompts(60).map((prompt) => [{ done: { text: `to ${prompt}` } }]);
    const ids = runs.map(({ id }) => id);
    expect(await outputs(world, ids)).toMatchObject(texts);
    expect(provider.calls).toHaveLength(60);
    // All but those in slots and the first two for each: once for the slot, once for the result's turn.
    expect(seen.runs).toBeGreaterThanOrEqual(60 - 12);
    expect(seen.runs / seen.reads).toBeGreaterThan(2);
  });

  it('show what their provider does, without being read', async () => {
    const { seen, between } = counted();
    const provider = scriptedProvider({ ceiling: 5 });
    const world = await oneReplica({ providers: [provider], between });
    const runs = await world.heddle.startAll(prompts(40).map(asking));
    await world.clock.idle();
    for (const call of provider.calls) call.fail('refused');
    await world.clock.idle();
    for (const run of runs) expect(await run.status()).toBe('stalled');
    expect((await runs[39]?.row())?.reason).toMatch(/refused key or spend/);
    expect(seen.runs).toBe(0);
    await world.heddle.reopenProvider('scripted');
    await world.clock.idle();
    for (const run of runs) expect(await run.status()).toBe('calling-provider');
    await answerAll(world, provider);
    for (const run of runs) expect(await run.status()).toBe('completed');
  });

  it('go on where their owner was killed, and take events, pauses and cancels meanwhile', async () => {
    const all = memoryWorld();
    const provider = scriptedProvider({ ceiling: 3 });
    const first = await all.replica({ providers: [provider] });
    const runs = await first.heddle.startAll(prompts(40).map(asking));
    await all.clock.idle();
    first.kill();
    const made = provider.calls.length;
    const second = await all.replica({ providers: [provider] });
    await all.clock.advance(10_000);
    const [cancelled, paused] = await Promise.all(
      [30, 35].map((i) => second.heddle.run(runs[i]?.id ?? '')),
    );
    await cancelled?.cancel('not needed');
    await paused?.pause();
    await all.clock.idle();
    await paused?.resume();
    await all.clock.idle();
    await answerAll(all, provider);
    const statuses = await Promise.all(
      runs.map(async ({ id }) => (await second.heddle.run(id)).status()),
    );
    expect(statuses.filter((status) => status === 'completed')).toHaveLength(39);
    expect(statuses[30]).toBe('cancelled');
    const sent = provider.calls.slice(made).map(({ prompt }) => prompt);
    expect(new Set(sent).size).toBe(sent.length);
  });

  it('also come back after an outage and a 429, and wait for budgets', async () => {
    const provider = scriptedProvider({ ceiling: 2 });
    const world = await oneReplica({ providers: [provider], settings: { keptPerSlot: 0 } });
    const starts = prompts(10).map((prompt, i) => ({ ...asking(prompt), user: `u${i % 2}` }));
    await world.heddle.setBudget({ user: 'u1' }, { tokens: 1 });
    const runs = await world.heddle.startAll(starts);
    await world.clock.idle();
    provider.calls[0]?.fail('outage');
    provider.calls[1]?.fail('rate-limited', 2_000);
    await world.clock.advance(5_000);
    await world.heddle.setBudget({ user: 'u1' }, { tokens: 1_000_000 });
    await world.clock.advance(5_000);
    await answerAll(world, provider);
    const texts = prompts(10).map((prompt) => [{ done: { text: `to ${prompt}` } }]);
    const ids = runs.map(({ id }) => id);
    expect(await outputs(world, ids)).toMatchObject(texts);
  });
});

describe('a shard that moves', () => {
  /** Waits at each replica's own slots and permits until the test lets it go. */
  const held: (() => void)[] = [];
  const wait = fromPromise(() => new Promise<void>((resolve) => held.push(resolve)));
  const works = setup({ actors: { ...catalogue, wait } }).createMachine({
    id: 'works',
    initial: 'working',
    states: {
      working: { invoke: { id: 'wait', src: 'wait', onDone: 'done' } },
      done: { type: 'final' },
    },
  });

  it('takes along what waits far back in a line, for a slot or for a permit', async () => {
    const all = memoryWorld();
    const options = { agents: [script, works], settings: { permitsMax: 4, leaseMs: 3_000 } };
    const providers = [scriptedProvider({ ceiling: 2 }), scriptedProvider({ ceiling: 2 })] as const;
    const first = await all.replica({ ...options, providers: [providers[0]] });
    const starts = [...prompts(40).map(asking), ...prompts(40).map(() => ({ agent: 'works' }))];
    const runs = await first.heddle.startAll(starts);
    await all.clock.idle();
    const alone = first.runtime.stats();
    const second = await all.replica({ ...options, providers: [providers[1]] });
    await all.clock.advance(20_000);
    const both = [first, second].map(({ runtime }) => runtime.stats());
    const waiting = both.map(({ pool, inLine }) => pool.inFlight + pool.queued + inLine);
    expect(both.map(({ shards }) => shards)).toEqual([16, 16]);
    // Those that run, beside what waits: nothing is here and there at once.
    const running = both.map(({ permitsInUse, pool }) => permitsInUse - pool.inFlight);
    const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
    expect(sum(waiting) + sum(running)).toBe(80);
    expect(alone.pool.queued + alone.inLine).toBeGreaterThan(70);
    for (let i = 0; i < 200; i++) {
      for (const go of held.splice(0)) go();
      for (const { calls } of providers) {
        for (const call of calls) if (!call.signal.aborted) call.answer('well');
      }
      await all.clock.advance(100);
    }
    for (const { id } of runs)
      expect(await (await second.heddle.run(id)).status()).toBe('completed');
    for (const { runtime } of [first, second]) {
      const { pool, permitsInUse, inLine, inMemory } = runtime.stats();
      expect(pool.inFlight + pool.queued + permitsInUse + inLine + inMemory).toBe(0);
    }
  });
});

describe('past the calls that may wait', () => {
  it('no run begins, its reason says so, and all end in the end', async () => {
    const provider = scriptedProvider({ ceiling: 1 });
    const settings = { waitingCallsMax: 3 };
    const world = await oneReplica({ providers: [provider], settings });
    const runs: Awaited<ReturnType<typeof world.heddle.start>>[] = [];
    for (const prompt of prompts(8)) {
      runs.push(await world.heddle.start('script', asking(prompt)));
      await world.clock.idle();
    }
    const statuses = async () => Promise.all(runs.map((run) => run.status()));
    const begun = (await statuses()).filter((status) => status === 'calling-provider');
    expect(begun).toHaveLength(4);
    expect(await runs[7]?.row()).toMatchObject({
      status: 'queued',
      reason: expect.stringMatching(/waitingCallsMax/),
    });
    await answerAll(world, provider);
    expect(new Set(await statuses())).toEqual(new Set(['completed']));
    expect((await runs[7]?.row())?.reason).toBeNull();
  });

  it('no run begins, though all of them came together', async () => {
    const provider = scriptedProvider({ ceiling: 2 });
    const settings = { waitingCallsMax: 5 };
    const world = await oneReplica({ providers: [provider], settings });
    const runs = await world.heddle.startAll(prompts(40).map(asking));
    let waitingMost = 0;
    for (let answered = 0; answered < runs.length;) {
      await world.clock.advance(10);
      waitingMost = Math.max(waitingMost, world.runtime.stats().pool.queued);
      for (; answered < provider.calls.length; answered++) provider.calls[answered]?.answer('x');
    }
    await world.clock.idle();
    for (const run of runs) expect(await run.status()).toBe('completed');
    expect(waitingMost).toBeGreaterThan(2);
    expect(waitingMost).toBeLessThanOrEqual(5);
  });

  it('tasks that stand in line for a permit count as well', async () => {
    const ends: (() => void)[] = [];
    const work = task<unknown>(
      () => new Promise<null>((resolve) => ends.push(() => resolve(null))),
    );
    const worker = setup({ actors: { work } }).createMachine({
      id: 'worker',
      initial: 'working',
      states: {
        working: { invoke: { id: 'work', src: 'work', onDone: 'ended' } },
        ended: { type: 'final' },
      },
    });
    const settings = { permitsMax: 1, waitingCallsMax: 3 };
    const world = await oneReplica({ agents: [worker], settings });
    const starts = Array.from({ length: 10 }, () => ({ agent: 'worker' }));
    const runs = await world.heddle.startAll(starts);
    await world.clock.idle();
    expect(world.runtime.stats()).toMatchObject({ inLine: 3, queued: 6 });
    expect((await runs[9]?.row())?.reason).toMatch(/waitingCallsMax/);
    for (let ended = 0; ended < runs.length; ended++) {
      ends[ended]?.();
      await world.clock.advance(10);
    }
    for (const run of runs) expect(await run.status()).toBe('completed');
  });
});
