/** A cancel ends a run in whatever state it is, with all that it holds: nothing of it stays behind. */
import { setup } from 'xstate';
import { describe, expect, it } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import { task, type Run } from '../../../src/index.ts';
import { startQueued } from '../../support/queued-runs.ts';
import { memoryWorld, oneReplica, type Replica, type World } from '../../support/replica.ts';
import { script, type ScriptStep } from '../../support/script-agent.ts';
import { scriptedProvider, type ScriptedProvider } from '../../support/scripted-provider.ts';
import { hasTurns, watchedCommits } from '../../support/watched-commits.ts';

type Scene = World & Replica & { readonly provider: ScriptedProvider };

async function scene(): Promise<Scene> {
  const provider = scriptedProvider({ ceiling: 1 });
  const busy = task(({ signal }) => {
    signals.push(signal);
    return new Promise(() => undefined);
  });
  const worker = setup({ actors: { busy } }).createMachine({
    id: 'worker',
    invoke: { id: 'busy', src: 'busy' },
  });
  const made = await oneReplica({ agents: [script, worker], providers: [provider] });
  return { ...made, provider };
}
const signals: AbortSignal[] = [];

const play = (at: Scene, ...steps: readonly ScriptStep[]): Promise<Run> =>
  at.heddle.start('script', { input: { steps } });
const ask: ScriptStep = { do: 'generate', with: { prompt: 'why?' } };

/** Brings a run into a status. */
const ways: Record<string, (at: Scene) => Promise<Run>> = {
  'calling-provider': (at) => play(at, ask),
  'waiting-on-channel': (at) => play(at, { do: 'receive', with: { channel: 'a', group: 'g' } }),
  'waiting-on-timer': (at) => play(at, { do: 'sleep', ms: 60_000 }),
  'waiting-on-person': (at) =>
    play(at, { do: 'ask', with: { question: 'Go on?', timeoutMs: 9_000 } }),
  'running-task': (at) => at.heddle.start('worker'),
  paused: async (at) => {
    const run = await play(at, ask);
    await at.clock.idle();
    await run.pause();
    return run;
  },
  backoff: async (at) => {
    const run = await play(at, ask);
    await at.clock.idle();
    at.provider.last().fail('outage');
    return run;
  },
  stalled: async (at) => {
    const run = await play(at, ask);
    await at.clock.idle();
    at.provider.last().fail('refused');
    return run;
  },
};

describe('cancel', () => {
  it.each(Object.keys(ways))(
    'ends a run that is %s, and frees all that it held',
    async (status) => {
      const at = await scene();
      const run = await (ways[status] as (at: Scene) => Promise<Run>)(at);
      await at.clock.idle();
      expect(await run.status()).toBe(status);
      await run.cancel('enough');
      await at.clock.idle();
      expect(await run.row()).toMatchObject({
        status: 'cancelled',
        reason: 'enough',
        error: { code: 'run-cancelled', detail: { reason: 'enough' } },
      });
      await expect(run.output()).rejects.toMatchObject({ code: 'run-cancelled' });
      expect(at.runtime.stats()).toMatchObject({
        permitsInUse: 0,
        inMemory: 0,
        pool: { inFlight: 0 },
      });
      expect(at.runtime.stats().pool).toMatchObject({ queued: 0, backoff: 0 });
      const audit = await at.store.audit(oneTenant('default'));
      expect(audit).toMatchObject({ slotsInUse: 0, orphanedSubscriptions: 0 });
      for (const { signal } of at.provider.calls) expect([status, signal.aborted]).toBeTruthy();
      await at.clock.advance(120_000);
      expect(await run.status()).toBe('cancelled');
    },
  );

  it('ends a run that has not begun at once, ahead of those that wait to begin', async () => {
    const commits = watchedCommits();
    const settings = { turnsMax: 4, batchesMax: 1 };
    const { heddle, clock, runtime } = await oneReplica({ settings, between: commits.between });
    const runs = await startQueued(heddle, 8);
    const last = runs.at(-1);
    await last?.cancel();
    await clock.idle();
    expect(await last?.row()).toMatchObject({ status: 'cancelled', turn: 1, chartText: null });
    const batches = commits.seen
      .filter(hasTurns)
      .map(({ turns }) => turns.map(({ runId }) => runId));
    expect(batches[1]?.[0]).toBe(last?.id);
    expect(batches[1]).toHaveLength(4);
    expect(runtime.stats()).toMatchObject({ permitsInUse: 0, queued: 0, inMemory: 0 });
  });

  it('aborts the request of a call and gives its slot to the next', async () => {
    const at = await scene();
    const first = await play(at, ask);
    const second = await play(at, ask);
    await at.clock.idle();
    expect(at.provider.calls).toHaveLength(1);
    await first.cancel();
    await at.clock.idle();
    expect(at.provider.calls.map(({ signal }) => signal.aborted)).toEqual([true, false]);
    at.provider.last().answer('because');
    expect(await second.output()).toMatchObject([{ done: { text: 'because' } }]);
  });

  it('fires the abort signal of a task', async () => {
    const at = await scene();
    const run = await at.heddle.start('worker');
    await at.clock.idle();
    await run.cancel();
    await at.clock.idle();
    expect(signals.at(-1)?.aborted).toBe(true);
  });

  it('comes before what arrived with it', async () => {
    const at = await scene();
    const run = await play(at, { do: 'wait' });
    await at.clock.idle();
    await Promise.all([run.send({ type: 'go' }), run.cancel('now')]);
    await at.clock.idle();
    expect(await run.status()).toBe('cancelled');
  });

  it('a second one is refused, and so is one without a run', async () => {
    const at = await scene();
    const run = await play(at, { do: 'wait' });
    await run.cancel();
    await at.clock.idle();
    await expect(run.cancel()).rejects.toMatchObject({ code: 'run-ended' });
  });

  it('is carried out by the next owner when the first one dies (promise 5)', async () => {
    const world = memoryWorld();
    const provider = scriptedProvider();
    const first = await world.replica({ providers: [provider] });
    const run = await first.heddle.start('script', { input: { steps: [ask] } });
    await world.clock.idle();
    await run.cancel('accepted');
    first.crash();
    const second = await world.replica({ providers: [provider] });
    await world.clock.advance(10_000);
    expect(await (await second.heddle.run(run.id)).status()).toBe('cancelled');
    expect((await world.store.audit(oneTenant('default'))).slotsInUse).toBe(0);
    expect(second.runtime.stats()).toMatchObject({ permitsInUse: 0, inMemory: 0 });
  });
});
