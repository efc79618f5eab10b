/** A paused run takes nothing, loses nothing, and buys nothing twice. */
import { assign, setup } from 'xstate';
import { describe, expect, it } from 'vitest';
import { task } from '../../../src/index.ts';
import { startQueued } from '../../support/queued-runs.ts';
import { memoryWorld, oneReplica } from '../../support/replica.ts';
import type { ScriptStep } from '../../support/script-agent.ts';
import { scriptedProvider } from '../../support/scripted-provider.ts';

const ask: ScriptStep = { do: 'generate', with: { prompt: 'why?' } };
const receive: ScriptStep = { do: 'receive', with: { channel: 'a' } };

async function playing(...steps: readonly ScriptStep[]) {
  const provider = scriptedProvider();
  const world = await oneReplica({ providers: [provider] });
  const run = await world.heddle.start('script', { input: { steps } });
  await world.clock.idle();
  return { ...world, provider, run };
}

describe('pause', () => {
  it('shows with its reason; a call that is out keeps its permit to its end', async () => {
    const { run, clock, provider, runtime } = await playing(ask);
    await run.pause('lunch');
    await clock.idle();
    expect(await run.row()).toMatchObject({ status: 'paused', reason: 'lunch' });
    expect(runtime.stats().permitsInUse).toBe(1);
    provider.last().answer('because');
    await clock.idle();
    expect(runtime.stats().permitsInUse).toBe(0);
  });

  it('keeps its reason when something comes in meanwhile', async () => {
    const { run, clock, provider } = await playing(ask);
    await run.pause('lunch');
    await clock.idle();
    provider.last().answer('because');
    await run.send({ type: 'go' });
    await clock.idle();
    expect(await run.row()).toMatchObject({ status: 'paused', reason: 'lunch' });
  });

  it('keeps events in order until resume', async () => {
    const wait: ScriptStep = { do: 'wait' };
    const { run, clock } = await playing(wait, wait, wait);
    await run.pause();
    for (const n of [1, 2, 3]) await run.send({ type: 'go', n });
    await clock.advance(20_000);
    expect(await run.status()).toBe('paused');
    await run.resume();
    expect(await run.output()).toEqual([1, 2, 3].map((n) => ({ done: { type: 'go', n } })));
  });

  it('keeps a call that comes back meanwhile, and buys it once', async () => {
    const { run, clock, provider, runtime } = await playing(ask);
    await run.pause();
    await clock.idle();
    provider.last().answer('because');
    await clock.idle();
    expect(runtime.stats().pool.inFlight).toBe(0);
    await clock.advance(10_000);
    await run.resume();
    expect(await run.output()).toMatchObject([{ done: { text: 'because' } }]);
    expect(provider.calls).toHaveLength(1);
  });

  it('keeps what comes in the order in which it came, a call’s result too', async () => {
    const { run, clock, provider } = await playing(ask, { do: 'wait' });
    await run.pause();
    await clock.idle();
    await run.send({ type: 'go', n: 1 });
    await clock.idle();
    provider.last().answer('because');
    await clock.idle();
    await run.send({ type: 'go', n: 2 });
    await run.resume();
    // The first came while the call was out, and says nothing to a chart that waits for it.
    expect(await run.output()).toMatchObject([{ done: { text: 'because' } }, { done: { n: 2 } }]);
    expect(provider.calls).toHaveLength(1);
  });

  it('buys it once also when more events wait than one turn takes', async () => {
    const { run, clock, provider } = await playing(ask);
    await run.pause();
    for (let i = 0; i < 150; i++) await run.send({ type: 'noise' });
    provider.last().answer('because');
    await clock.idle();
    await run.resume();
    expect(await run.output()).toMatchObject([{ done: { text: 'because' } }]);
    expect(provider.calls).toHaveLength(1);
  });

  it('waits for a call that is still under way at resume', async () => {
    const { run, clock, provider } = await playing(ask);
    await run.pause();
    await clock.idle();
    await run.resume();
    await clock.idle();
    expect(await run.status()).toBe('calling-provider');
    provider.last().answer('because');
    expect(await run.output()).toMatchObject([{ done: { text: 'because' } }]);
    expect(provider.calls).toHaveLength(1);
  });

  it('keeps a message, and the subscription that waits for it', async () => {
    const { run, clock, heddle } = await playing(receive);
    await run.pause();
    await clock.idle();
    await heddle.publish('a', 'hello');
    await clock.advance(10_000);
    expect(await run.status()).toBe('paused');
    await run.resume();
    expect(await run.output()).toMatchObject([{ done: { messages: [{ payload: 'hello' }] } }]);
  });

  it('lets a timer become overdue, and fires it on resume', async () => {
    const { run, clock } = await playing({ do: 'sleep', ms: 5_000 });
    await run.pause();
    await clock.advance(60_000);
    expect(await run.status()).toBe('paused');
    await run.resume();
    await clock.advance(0);
    expect(await run.status()).toBe('completed');
  });

  it('before the run has begun holds it back, ahead of those that wait to begin', async () => {
    const world = await oneReplica({ settings: { turnsMax: 4, batchesMax: 1 } });
    const runs = await startQueued(world.heddle, 8);
    const last = runs.at(-1);
    await last?.pause('not yet');
    await world.clock.advance(10_000);
    expect(await last?.row()).toMatchObject({ status: 'paused', turn: 1, chartText: null });
    await last?.resume();
    for (const run of runs) expect(await run.output()).toEqual([]);
  });

  it('is swept by no retention, however long it lasts', async () => {
    const world = memoryWorld();
    const replica = await world.replica({ settings: { retainMs: 0 } });
    const input = { steps: [{ do: 'wait' }] };
    const paused = await replica.heddle.start('script', { input });
    const ended = await replica.heddle.start('script', { input: { steps: [] } });
    await paused.pause('for long');
    await world.clock.advance(7_200_000);
    await expect(replica.heddle.run(ended.id)).rejects.toMatchObject({ code: 'run-unknown' });
    expect(await paused.row()).toMatchObject({ status: 'paused', reason: 'for long' });
    await paused.resume();
    await paused.send({ type: 'go' });
    expect(await paused.output()).toMatchObject([{ done: { type: 'go' } }]);
  });

  it('survives a restart, with what came in before it', async () => {
    const world = memoryWorld();
    const provider = scriptedProvider();
    const first = await world.replica({ providers: [provider] });
    const run = await first.heddle.start('script', { input: { steps: [ask, { do: 'wait' }] } });
    await world.clock.idle();
    await run.pause('over night');
    await world.clock.idle();
    provider.last().answer('because');
    await run.send({ type: 'go' });
    await world.clock.idle();
    first.crash();
    const second = await world.replica({ providers: [provider] });
    await world.clock.advance(20_000);
    const same = await second.heddle.run(run.id);
    expect(await same.row()).toMatchObject({ status: 'paused', reason: 'over night' });
    await same.resume();
    expect(await same.output()).toMatchObject([{ done: { text: 'because' } }, { done: {} }]);
    expect(provider.calls).toHaveLength(1);
  });
});

describe('commands that repeat themselves', () => {
  it('pause twice, resume twice: the last one counts', async () => {
    const { run, clock } = await playing({ do: 'wait' });
    await run.pause('one');
    await run.pause('two');
    await clock.idle();
    expect(await run.row()).toMatchObject({ status: 'paused', reason: 'two' });
    await run.resume();
    await run.resume();
    await clock.idle();
    expect(await run.row()).toMatchObject({ status: 'waiting-on-person', reason: null });
    await Promise.all([run.pause('a'), run.resume('b'), run.pause('c'), run.resume('d')]);
    await clock.idle();
    expect(await run.status()).toBe('waiting-on-person');
    await run.send({ type: 'go' });
    await run.output();
  });

  it('are found behind more events than one turn takes', async () => {
    const { run, clock, heddle } = await playing({ do: 'wait' });
    await run.pause();
    await clock.idle();
    for (let i = 0; i < 250; i++) await run.send({ type: 'noise' });
    await run.resume();
    await clock.advance(5_000);
    expect(await run.status()).toBe('waiting-on-person');
    const second = await heddle.start('script', { input: { steps: [{ do: 'wait' }] } });
    await second.pause();
    await clock.idle();
    for (let i = 0; i < 250; i++) await second.send({ type: 'noise' });
    await second.cancel('enough');
    await clock.advance(5_000);
    expect(await second.status()).toBe('cancelled');
  });
});

describe('a task', () => {
  it('that ends meanwhile is kept and not run again', async () => {
    let tries = 0;
    let finish: (value: string) => void = () => undefined;
    const work = task(() => {
      tries += 1;
      return new Promise<string>((resolve) => {
        finish = resolve;
      });
    });
    const agent = setup({
      types: { context: {} as { result: string } },
      actors: { work },
    }).createMachine({
      id: 'worker',
      context: { result: '' },
      initial: 'working',
      states: {
        working: {
          invoke: {
            id: 'work',
            src: 'work',
            onDone: { target: 'ended', actions: assign({ result: ({ event }) => event.output }) },
          },
        },
        ended: { type: 'final' },
      },
      output: ({ context }) => context.result,
    });
    const { heddle, clock } = await oneReplica({ agents: [agent] });
    const run = await heddle.start('worker');
    await clock.idle();
    await run.pause();
    await clock.idle();
    finish('done');
    await clock.idle();
    expect(await run.status()).toBe('paused');
    await run.resume();
    expect(await run.output()).toBe('done');
    expect(tries).toBe(1);
  });
});
