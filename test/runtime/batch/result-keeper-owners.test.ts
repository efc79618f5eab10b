/** Results whose replica dies, closes or loses their shards: bought once, and one owner's (promises 3 and 6). */
import { describe, expect, it } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import type { Store } from '../../../src/store/port.ts';
import { ask, askingRuns, keepsAll } from '../../support/asking-runs.ts';
import { memoryWorld, oneReplica } from '../../support/replica.ts';
import type { ScriptStep } from '../../support/script-agent.ts';
import { scriptedProvider } from '../../support/scripted-provider.ts';
import { hasTurns, isKeeping, watchedCommits } from '../../support/watched-commits.ts';

describe('a replica that dies with results', () => {
  it('has kept them: who follows takes them and buys nothing again', async () => {
    const { world, replica, options, commits, provider, texts } = await askingRuns(3);
    commits.hold(hasTurns);
    for (const call of provider.calls) call.answer('bought');
    await world.clock.idle();
    replica.crash();
    const next = await world.replica(options);
    await world.clock.advance(10_000);
    expect(await texts(next)).toEqual(['bought', 'bought', 'bought']);
    expect(provider.calls).toHaveLength(3);
    expect(await world.store.providerTotals()).toMatchObject([{ calls: 3, duplicates: 0 }]);
    expect((await world.store.audit(oneTenant('default'))).slotsInUse).toBe(0);
  });
});

/** Renewals that never answer, from an instant on. */
function hangs() {
  const hung = { since: false };
  const between = (store: Store): Store => ({
    ...store,
    renew: (replica) => (hung.since ? new Promise(() => undefined) : store.renew(replica)),
  });
  return { hung, between };
}

describe('a replica that has lost the shard of a result', () => {
  it('keeps nothing of it and computes no turn with it (promise 6)', async () => {
    const world = memoryWorld();
    const commits = watchedCommits();
    const { hung, between } = hangs();
    const [old, young] = [scriptedProvider(), scriptedProvider()];
    const a = await world.replica({
      providers: [old],
      keeping: keepsAll,
      between: (store) => between(commits.between(store)),
    });
    const run = await a.heddle.start('script', { input: { steps: [ask] } });
    await world.clock.idle();
    hung.since = true;
    world.store.endSession(a.runtime.replicaId);
    await world.clock.advance(1_000);
    const b = await world.replica({ providers: [young], keeping: keepsAll });
    await world.clock.advance(1_000);
    commits.seen.length = 0;
    old.last().answer('late');
    await world.clock.idle();
    expect(commits.kept()).toEqual([[run.id]]);
    expect(commits.seen.filter(hasTurns)).toEqual([]);
    expect(a.runtime.stats()).toMatchObject({ permitsInUse: 0, inMemory: 0 });
    expect(world.store.database.tables.inbox.all()).toEqual([]);
    young.last().answer('in time');
    expect(await (await b.heddle.run(run.id)).output()).toMatchObject([
      { done: { text: 'in time' } },
    ]);
  });

  it('since it was kept leaves it to who has the run now', async () => {
    const world = memoryWorld();
    const commits = watchedCommits();
    const [old, young] = [scriptedProvider({ ceiling: 100 }), scriptedProvider()];
    const a = await world.replica({
      providers: [old],
      keeping: keepsAll,
      between: commits.between,
    });
    const steps: ScriptStep[] = [ask, { do: 'wait' }];
    const pipelines = Array.from({ length: 64 }, (_, i) => `p${i}`);
    const runs = await a.heddle.startAll(
      pipelines.map((pipeline) => ({ agent: 'script', input: { steps }, pipeline })),
    );
    await world.clock.idle();
    for (const call of old.calls) call.answer('bought');
    const letGo = commits.hold(isKeeping, 'answer');
    await world.clock.idle();
    const b = await world.replica({ providers: [young], keeping: keepsAll });
    await world.clock.advance(30_000);
    const shards = world.store.database.tables.shards.all();
    const moved = shards.filter(({ owner }) => owner === b.runtime.replicaId);
    expect(moved.length).toBe(16);
    commits.seen.length = 0;
    letGo();
    await world.clock.advance(3_000);
    const turns = commits.seen.flatMap((batch) => batch.turns);
    const lost = new Set(moved.map(({ shard }) => shard));
    expect(turns.filter(({ shard }) => lost.has(shard))).toEqual([]);
    for (const run of runs) expect(await run.status()).toBe('waiting-on-person');
    expect([old.calls.length, young.calls.length]).toEqual([runs.length, 0]);
  });

  it('or may not commit, leaves it to the turn that follows the next renewal', async () => {
    const commits = watchedCommits();
    let renewed = (): void => undefined;
    let isHung = false;
    const provider = scriptedProvider();
    const { clock, heddle } = await oneReplica({
      providers: [provider],
      keeping: keepsAll,
      between: (store) => ({
        ...commits.between(store),
        renew: async (replica) => {
          if (isHung) await new Promise<void>((resolve) => (renewed = resolve));
          return store.renew(replica);
        },
      }),
    });
    const run = await heddle.start('script', { input: { steps: [ask] } });
    await clock.idle();
    isHung = true;
    await clock.advance(6_000);
    commits.seen.length = 0;
    provider.last().answer('bought');
    await clock.idle();
    expect(commits.seen).toEqual([]);
    isHung = false;
    renewed();
    await clock.advance(1_000);
    expect(await run.output()).toMatchObject([{ done: { text: 'bought' } }]);
    expect(provider.calls).toHaveLength(1);
  });
});

describe('a replica that closes', () => {
  it('keeps what is gathered, and gives its slots to nobody', async () => {
    const { world, replica, options, commits, provider, texts } = await askingRuns(6, 4);
    const letGo = commits.hold(isKeeping);
    provider.calls[0]?.answer('bought');
    await world.clock.idle();
    for (const call of provider.calls.slice(1)) call.answer('bought');
    await world.clock.idle();
    const closing = replica.heddle.close();
    await world.clock.idle();
    letGo();
    await closing;
    expect(commits.kept().map((ids) => ids.length)).toEqual([1, 3]);
    // The slot of the first was given on before anybody closed, but nothing is sent for it any more.
    const [, last] = commits.seen.filter(isKeeping);
    expect(last?.slots.map(({ call }) => call)).toEqual([null, null, null, null]);
    expect(provider.calls).toHaveLength(4);
    const next = await world.replica(options);
    await world.clock.idle();
    expect(provider.calls).toHaveLength(6);
    for (const call of provider.calls.slice(4)) call.answer('bought');
    await world.clock.idle();
    expect(await texts(next)).toEqual(Array.from({ length: 6 }, () => 'bought'));
    // Slots that were given count as calls: the one for which nothing was sent among them.
    expect(await world.store.providerTotals()).toMatchObject([{ calls: 7, duplicates: 0 }]);
  });
});
