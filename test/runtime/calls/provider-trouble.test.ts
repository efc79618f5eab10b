/** Our quota, their outage, a refused key: what runs show of it, and that none is lost (promise 8). */
import { describe, expect, it } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import { askingRuns } from '../../support/asking-runs.ts';
import { memoryWorld, oneReplica } from '../../support/replica.ts';
import { scriptedProvider } from '../../support/scripted-provider.ts';
import type { ScriptStep } from '../../support/script-agent.ts';

const ask: ScriptStep = { do: 'generate', with: { prompt: 'why?' } };

async function callsOpen(count: number, ceiling = 10) {
  const provider = scriptedProvider({ ceiling });
  const world = await oneReplica({ providers: [provider] });
  const starts = Array.from({ length: count }, () => ({
    agent: 'script',
    input: { steps: [ask] },
  }));
  const runs = await world.heddle.startAll(starts);
  await world.clock.idle();
  const statuses = async (): Promise<string[]> =>
    [...new Set(await Promise.all(runs.map((run) => run.status())))].sort();
  return { ...world, provider, runs, statuses };
}

describe('a 429', () => {
  it('takes no attempt, honours what the provider asks, and shows as calling', async () => {
    const { provider, clock, runs, statuses } = await callsOpen(1);
    provider.last().fail('rate-limited', 30_000);
    await clock.advance(29_999);
    expect(provider.calls).toHaveLength(1);
    expect(await statuses()).toEqual(['calling-provider']);
    await clock.advance(1);
    expect(provider.calls.map(({ attempt }) => attempt)).toEqual([1, 1]);
    provider.last().answer('because');
    expect(await runs[0]?.output()).toMatchObject([{ done: { text: 'because' } }]);
  });

  it('a hundred in a row stall nothing and fail nothing', async () => {
    let refusals = 0;
    const provider = scriptedProvider({
      onCall: (call) => {
        if (refusals++ < 100) call.fail('rate-limited');
        else call.answer('at last');
      },
    });
    const { heddle, clock, runtime } = await oneReplica({ providers: [provider] });
    const run = await heddle.start('script', { input: { steps: [ask] } });
    const seen = new Set<string>();
    for (let i = 0; i < 200 && refusals <= 100; i++) {
      await clock.advance(60_000);
      seen.add(runtime.stats().pool.providers[0]?.status ?? '');
      seen.add(await run.status());
    }
    expect(await run.output()).toMatchObject([{ done: { text: 'at last' } }]);
    expect(seen).not.toContain('stalled');
    expect(provider.calls.every(({ attempt }) => attempt === 1)).toBe(true);
  });
});

describe('a call that was given a slot before a 429', () => {
  it('and whose commit answers after it is not sent before its time (promise 8)', async () => {
    const { commits, provider, replica, texts, world } = await askingRuns(2, 2);
    const { clock } = world;
    const [first, second] = provider.calls;
    const letGo = commits.hold(({ slots }) => slots.some(({ call }) => call !== null), 'answer');
    await replica.heddle.start('script', { input: { steps: [ask] } });
    await clock.idle();
    first?.answer('x');
    await clock.idle();
    second?.fail('rate-limited', 30_000);
    await clock.idle();
    letGo();
    await clock.advance(29_000);
    expect(provider.calls).toHaveLength(2);
    await clock.advance(2_000);
    for (const call of provider.calls.slice(2)) call.answer('x');
    await clock.advance(2_000);
    for (const call of provider.calls.slice(3)) call.answer('x');
    await clock.idle();
    expect(provider.calls).toHaveLength(4);
    expect(await texts()).toEqual(['x', 'x']);
    expect((await world.store.audit(oneTenant('default'))).slotsInUse).toBe(0);
    expect(await world.store.providerTotals()).toMatchObject([{ calls: 4, duplicates: 0 }]);
  });
});

describe('an outage', () => {
  it('backs off, stalls past the threshold, probes, and opens again', async () => {
    const { provider, clock, runs, statuses, runtime, heddle, warnings } = await callsOpen(5);
    const status = () => runtime.stats().pool.providers[0]?.status;
    for (const call of provider.calls.slice(0, 4)) call.fail('outage');
    await clock.idle();
    expect(await statuses()).toEqual(['backoff', 'calling-provider']);
    expect((await runs[0]?.row())?.reason).toMatch(
      /provider scripted failed \(outage on order\); .* tried again/,
    );
    expect(warnings).toEqual([]);
    provider.calls[4]?.fail('outage');
    await clock.idle();
    expect(status()).toBe('stalled');
    await clock.advance(700);
    // Their backoffs are over, and the provider is not: they wait for it.
    expect(await statuses()).toContain('stalled');
    const reasons = await Promise.all(runs.map(async (run) => (await run.row()).reason));
    expect(reasons.join()).toMatch(/does not answer \(outage on order\), and is asked again/);
    await clock.advance(2_000);
    expect(status()).toBe('probing');
    expect(provider.calls).toHaveLength(6);
    provider.last().fail('outage');
    await clock.advance(10_000);
    expect(provider.calls).toHaveLength(7);
    expect(await heddle.providers()).toMatchObject([
      {
        gate: 'scripted',
        lastFault: { text: 'outage on order', agoMs: expect.any(Number) as number },
      },
    ]);
    provider.last().answer('back');
    await clock.idle();
    expect(status()).toBe('open');
    // Once for the stall, whatever its probes met.
    const reason = JSON.stringify({ provider: 'scripted', reason: 'outage on order' });
    expect(warnings).toEqual([`a provider does not answer and is stalled ${reason}`]);
    expect(provider.calls).toHaveLength(11);
    expect(await statuses()).toEqual(['calling-provider', 'completed']);
    for (const call of provider.calls.slice(7)) call.answer('fine');
    for (const run of runs) expect(await run.output()).toMatchObject([{ done: {} }]);
  });

  it('of an hour loses no run', async () => {
    const { provider, clock, runs, statuses, runtime } = await callsOpen(5);
    for (let minutes = 0; minutes < 60; minutes++) {
      for (let i = 0; i < 2; i++) {
        for (const call of provider.calls) if (!call.signal.aborted) call.fail('outage');
        await clock.advance(30_000);
      }
    }
    expect(await statuses()).toContain('stalled');
    expect(runtime.stats().permitsInUse).toBeLessThanOrEqual(1);
    let at = provider.calls.length - 1;
    for (let i = 0; i < 20; i++) {
      for (; at < provider.calls.length; at++) provider.calls[at]?.answer('back');
      await clock.advance(15_000);
    }
    for (const run of runs) expect(await run.output()).toMatchObject([{ done: { text: 'back' } }]);
  });

  it('gives permits back: a stalled run holds none (promise 7)', async () => {
    const { provider, clock, runtime } = await callsOpen(5);
    for (const call of provider.calls) call.fail('outage');
    await clock.advance(600);
    expect(runtime.stats()).toMatchObject({ permitsInUse: 0 });
  });
});

describe('a refused key', () => {
  it('parks calls until a person has mended it', async () => {
    const { provider, clock, runs, statuses, heddle, warnings } = await callsOpen(2);
    for (const call of provider.calls) call.fail('refused');
    await clock.idle();
    expect(await statuses()).toEqual(['stalled']);
    expect((await runs[0]?.row())?.reason).toMatch(
      /refused key or spend \(refused on order\): mend it/,
    );
    // Whoever is to mend it has been told what and where, and once.
    const reason = 'refused on order';
    expect(warnings).toEqual([
      `a provider refuses key or spend and is parked ${JSON.stringify({ provider: 'scripted', reason })}`,
    ]);
    await clock.advance(600_000);
    expect(provider.calls).toHaveLength(2);
    await heddle.reopenProvider('scripted');
    await clock.idle();
    expect(provider.calls.map(({ attempt }) => attempt)).toEqual([1, 1, 1, 1]);
    expect(await statuses()).toEqual(['calling-provider']);
    for (const call of provider.calls.slice(2)) call.answer('fine');
    for (const run of runs) expect(await run.output()).toMatchObject([{ done: { text: 'fine' } }]);
  });

  it('is told in the row soon, also where it came just after the gate was told of', async () => {
    const { provider, clock, store, heddle } = await callsOpen(1, 1);
    const status = async () => (await store.providers())[0]?.status;
    provider.last().fail('refused');
    await clock.advance(2_000);
    expect(await status()).toBe('parked');
    await heddle.reopenProvider('scripted');
    await clock.idle();
    expect(await status()).toBe('open');
    // No run has anything to write from here on.
    provider.last().fail('refused');
    await clock.idle();
    await clock.advance(2_000);
    expect(await status()).toBe('parked');
  });

  it('says which provider nobody has', async () => {
    const { heddle } = await oneReplica();
    await expect(heddle.reopenProvider('no')).rejects.toMatchObject({ code: 'provider-unknown' });
  });
});

describe('what was found out about a provider', () => {
  const restarted = async (trouble: (provider: ReturnType<typeof scriptedProvider>) => void) => {
    const world = memoryWorld();
    const provider = scriptedProvider();
    const first = await world.replica({ providers: [provider] });
    const starts = Array.from({ length: 5 }, () => ({ agent: 'script', input: { steps: [ask] } }));
    const runs = await first.heddle.startAll(starts);
    await world.clock.idle();
    trouble(provider);
    await world.clock.idle();
    // What is told of a gate is bounded in time: the next commit tells it.
    await world.clock.advance(600);
    await first.heddle.start('script', { input: { steps: [ask] } });
    await world.clock.idle();
    first.kill();
    const before = provider.calls.length;
    const second = await world.replica({ providers: [provider] });
    return { ...world, provider, second, runs, before };
  };

  it('is known after a restart: nobody calls before the time that a 429 has asked for', async () => {
    const { provider, clock, second, before, runs } = await restarted((out) => {
      for (const call of out.calls) call.fail('rate-limited', 120_000);
    });
    for (let i = 0; i < 11; i++) await clock.advance(10_000);
    expect(second.runtime.stats().pool.providers[0]?.status).toBe('cooling');
    expect(provider.calls).toHaveLength(before);
    await clock.advance(10_000);
    const calls = provider.calls.slice(before);
    expect(calls.length).toBeGreaterThanOrEqual(4);
    for (const call of calls) call.answer('fine');
    const run = await second.heddle.run(runs[0]?.id ?? '');
    expect(await run.output()).toMatchObject([{ done: { text: 'fine' } }]);
  });

  it('is known after a restart: one call alone probes a provider that was stalled', async () => {
    const { provider, clock, before } = await restarted((out) => {
      for (const call of out.calls) call.fail('outage');
    });
    for (let i = 0; i < 10; i++) await clock.advance(1_000);
    expect(provider.calls).toHaveLength(before + 1);
    provider.last().answer('back');
    await clock.advance(1_000);
    expect(provider.calls.length).toBeGreaterThan(before + 3);
  });
});
