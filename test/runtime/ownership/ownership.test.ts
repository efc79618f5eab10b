/** Several replicas on one store: who owns what, what moves, and that one owner's word counts (promise 6). */
import { setup } from 'xstate';
import { describe, expect, it } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import { task } from '../../../src/index.ts';
import { shardCount, shardOf } from '../../../src/domain/ids.ts';
import { heddleError } from '../../../src/domain/errors.ts';
import type { Store } from '../../../src/store/port.ts';
import { memoryWorld, oneReplica, type World } from '../../support/replica.ts';
import type { ScriptStep } from '../../support/script-agent.ts';
import { scriptedProvider } from '../../support/scripted-provider.ts';

const ask: ScriptStep = { do: 'generate', with: { prompt: 'why?' } };
const pipelines = Array.from({ length: 64 }, (_, i) => `p${i}`);

/** By replica, how many shards it holds. */
function sharesOf({ store }: World): number[] {
  const shares = new Map<string, number>();
  for (const { owner } of store.database.tables.shards.all()) {
    if (owner !== null) shares.set(owner, (shares.get(owner) ?? 0) + 1);
  }
  return [...shares.values()].sort((a, b) => a - b);
}

describe('two replicas', () => {
  it('share the shards, and one alone has them all again when the other closes', async () => {
    const world = memoryWorld();
    const a = await world.replica();
    expect(sharesOf(world)).toEqual([shardCount]);
    const b = await world.replica();
    await world.clock.advance(10_000);
    expect(sharesOf(world)).toEqual([16, 16]);
    await b.heddle.close();
    await world.clock.advance(2_000);
    expect(sharesOf(world)).toEqual([shardCount]);
    await a.heddle.close();
    expect(sharesOf(world)).toEqual([]);
  });

  it('each says with its heartbeats where the others reach it', async () => {
    const world = memoryWorld();
    const a = await world.replica();
    const b = await world.replica();
    a.heddle.runtime.reachedAt('http://10.0.0.1:7400');
    await world.clock.advance(10_000);
    const { peers } = await world.store.peers(b.heddle.runtime.replicaId);
    const told = new Map(peers.map((peer) => [peer.replicaId, peer]));
    expect(told.get(a.heddle.runtime.replicaId)?.address).toBe('http://10.0.0.1:7400');
    expect(told.get(a.heddle.runtime.replicaId)?.shards).toHaveLength(16);
    expect(told.get(b.heddle.runtime.replicaId)?.address).toBe(null);
  });

  it('three share as evenly as it goes', async () => {
    const world = memoryWorld();
    for (let i = 0; i < 3; i++) await world.replica();
    await world.clock.advance(20_000);
    expect(sharesOf(world).reduce((sum, share) => sum + share)).toBe(shardCount);
    expect(Math.max(...sharesOf(world))).toBeLessThanOrEqual(11);
  });

  it('both work on what is started, sent and published at one of them', async () => {
    const world = memoryWorld();
    const providers = [0, 1].map(() => scriptedProvider({ onCall: (call) => call.answer('x') }));
    const [first, second] = providers;
    const a = await world.replica({ providers: first === undefined ? [] : [first] });
    await world.replica({ providers: second === undefined ? [] : [second] });
    await world.clock.advance(10_000);
    const steps: ScriptStep[] = [
      ask,
      { do: 'receive', with: { channel: 'go' } },
      { do: 'wait' },
      { do: 'publish', with: { channel: 'done', payload: 1 } },
    ];
    const runs = await Promise.all(
      pipelines.map((pipeline) => a.heddle.start('script', { input: { steps }, pipeline })),
    );
    await world.clock.advance(500);
    await a.heddle.publish('go', 1);
    await world.clock.advance(500);
    await Promise.all(runs.map((run) => run.send({ type: 'go' })));
    const outputs = Promise.all(runs.map((run) => run.output()));
    await world.clock.advance(3_000);
    expect(await outputs).toHaveLength(pipelines.length);
    for (const { calls } of providers) expect(calls.length).toBeGreaterThan(10);
    expect(await world.store.audit(oneTenant('default'))).toMatchObject({
      runs: { completed: pipelines.length },
      messages: pipelines.length + 1,
      doubledMessages: 0,
    });
  });

  it('wake each other by hints, long before anybody looks', async () => {
    const world = memoryWorld();
    const settings = { pollMs: 60_000, leaseMs: 6_000 };
    const a = await world.replica({ settings });
    await world.replica({ settings });
    await world.clock.advance(10_000);
    const steps: ScriptStep[] = [{ do: 'wait' }];
    const runs = await Promise.all(
      pipelines.map((pipeline) => a.heddle.start('script', { input: { steps }, pipeline })),
    );
    await world.clock.advance(100);
    await Promise.all(runs.map((run) => run.send({ type: 'go' })));
    await world.clock.advance(100);
    for (const run of runs) expect(await run.status()).toBe('completed');
  });

  it('finish a family whose members live apart', async () => {
    const world = memoryWorld();
    const a = await world.replica();
    await world.replica();
    await world.clock.advance(10_000);
    expect(new Set(pipelines.map(shardOf)).size).toBeGreaterThan(20);
    const chain = pipelines.map((pipeline, i) => ({
      agent: 'script',
      pipeline,
      input: {
        steps: [
          { do: 'receive', with: { channel: `c${i}` } },
          { do: 'publish', with: { channel: `c${i + 1}`, payload: i } },
        ],
      },
    }));
    const runs = await a.heddle.startAll(chain);
    await a.heddle.publish('c0', 'go');
    await world.clock.advance(20_000);
    for (const run of runs) expect(await run.status()).toBe('completed');
  });
});

describe('a shard that moves', () => {
  it('because a replica has come loses no call and buys none twice that comes back in time', async () => {
    const world = memoryWorld();
    const provider = scriptedProvider({ ceiling: 100 });
    const a = await world.replica({ providers: [provider] });
    const runs = await Promise.all(
      pipelines.map((pipeline) => a.heddle.start('script', { input: { steps: [ask] }, pipeline })),
    );
    await world.clock.idle();
    const b = await world.replica({ providers: [provider] });
    await world.clock.advance(3_000);
    for (const call of provider.calls) call.answer('x');
    await world.clock.advance(10_000);
    expect(sharesOf(world)).toEqual([16, 16]);
    for (const run of runs) expect(await run.status()).toBe('completed');
    expect(provider.calls).toHaveLength(pipelines.length);
    expect(b.warnings).toEqual([]);
  });

  it('with a call that never ends moves after a grace, and its call is made again', async () => {
    const world = memoryWorld();
    const provider = scriptedProvider({ ceiling: 100 });
    const a = await world.replica({ providers: [provider] });
    await Promise.all(
      pipelines.map((pipeline) => a.heddle.start('script', { input: { steps: [ask] }, pipeline })),
    );
    await world.clock.idle();
    await world.replica({ providers: [provider] });
    await world.clock.advance(30_000);
    expect(sharesOf(world)).toEqual([16, 16]);
    const open = provider.calls.filter(({ signal }) => !signal.aborted);
    expect(new Set(open.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(pipelines.length);
    expect(open).toHaveLength(pipelines.length);
    for (const call of open) call.answer('x');
    await world.clock.advance(3_000);
    expect(await world.store.audit(oneTenant('default'))).toMatchObject({
      runs: { completed: pipelines.length },
      slotsInUse: 0,
    });
  });
});

describe('a replica that dies', () => {
  it('is followed by another after its lease; its open work is done again, and counted', async () => {
    const world = memoryWorld();
    const provider = scriptedProvider({ ceiling: 100 });
    const a = await world.replica({ providers: [provider] });
    const b = await world.replica({ providers: [provider] });
    await world.clock.advance(10_000);
    await Promise.all(
      pipelines.map((pipeline) => b.heddle.start('script', { input: { steps: [ask] }, pipeline })),
    );
    await world.clock.advance(200);
    a.crash();
    await world.clock.advance(10_000);
    expect(sharesOf(world)).toEqual([shardCount]);
    for (const call of provider.calls) call.answer('x');
    await world.clock.advance(3_000);
    const audit = await world.store.audit(oneTenant('default'));
    expect(audit).toMatchObject({ runs: { completed: pipelines.length }, slotsInUse: 0 });
    const [totals] = await world.store.providerTotals();
    expect(totals?.calls).toBe(provider.calls.length);
    expect(totals?.duplicates).toBe(provider.calls.length - pipelines.length);
    expect(totals?.duplicates).toBeGreaterThan(0);
  });
});

describe('a replica that is killed', () => {
  it('is followed after a third of its lease, by one that lives and by one that is started', async () => {
    for (const isThere of [true, false]) {
      const world = memoryWorld();
      const a = await world.replica();
      if (isThere) await world.replica();
      await world.clock.advance(10_000);
      a.kill();
      if (!isThere) await world.replica();
      await world.clock.advance(1_400);
      expect(sharesOf(world)).toEqual([shardCount]);
    }
  });
});

describe('a replica that closes', () => {
  it('says so: another has its shards long before its next heartbeat', async () => {
    const world = memoryWorld();
    const a = await world.replica();
    await world.replica();
    await world.clock.advance(10_000);
    await a.heddle.close();
    await world.clock.idle();
    expect(sharesOf(world)).toEqual([shardCount]);
  });
});

/** Renewals that never answer, from an instant on. */
function hangs() {
  const hung: { since: boolean } = { since: false };
  const between = (store: Store): Store => ({
    ...store,
    renew: (replica) => (hung.since ? new Promise(() => undefined) : store.renew(replica)),
  });
  return { hung, between };
}

describe('a replica whose heartbeat hangs', () => {
  it('begins nothing new when its lease is in doubt', async () => {
    const { hung, between } = hangs();
    const provider = scriptedProvider({ onCall: (call) => call.answer('x') });
    const { heddle, clock } = await oneReplica({ providers: [provider], between });
    const asks = [{ do: 'wait' } satisfies ScriptStep, ask];
    const early = await heddle.start('script', { input: { steps: asks } });
    const late = await heddle.start('script', { input: { steps: asks } });
    await clock.advance(1_000);
    hung.since = true;
    await clock.advance(1_000);
    await early.send({ type: 'go' });
    await clock.idle();
    expect(provider.calls).toHaveLength(1);
    await clock.advance(1_700);
    void late.send({ type: 'go' }).catch(() => undefined);
    await clock.advance(60_000);
    expect(provider.calls).toHaveLength(1);
  });

  it('makes no further attempt of a task, and goes on when it is renewed', async () => {
    let renewed = (): void => undefined;
    let isHung = false;
    const between = (store: Store): Store => ({
      ...store,
      renew: async (replica) => {
        if (isHung) await new Promise<void>((resolve) => (renewed = resolve));
        return store.renew(replica);
      },
    });
    let tries = 0;
    const work = task<unknown>(
      async () => {
        tries += 1;
        if (tries === 1) throw new Error('not yet');
      },
      { attempts: 3, backoffMs: 3_000 },
    );
    const machine = setup({ actors: { work } }).createMachine({
      id: 'trier',
      initial: 'trying',
      states: {
        trying: { invoke: { id: 'try', src: 'work', onDone: 'done' } },
        done: { type: 'final' },
      },
    });
    const { heddle, clock } = await oneReplica({ agents: [machine], between });
    const run = await heddle.start('trier');
    await clock.idle();
    expect(tries).toBe(1);
    isHung = true;
    await clock.advance(6_000);
    expect(tries).toBe(1);
    isHung = false;
    renewed();
    await clock.advance(1_000);
    expect(tries).toBe(2);
    expect(await run.status()).toBe('completed');
  });
});

describe('a replica that does not know yet that it has lost its shards', () => {
  it('accepts all that is started there or nothing, and the new owner runs it', async () => {
    const world = memoryWorld();
    let isHung = false;
    const hung = (store: Store): Store => ({
      ...store,
      renew: (replica) => (isHung ? new Promise(() => undefined) : store.renew(replica)),
    });
    const a = await world.replica({ between: hung });
    isHung = true;
    world.store.endSession(a.runtime.replicaId);
    await world.clock.advance(1_000);
    const b = await world.replica();
    await world.clock.advance(1_000);
    expect(sharesOf(world)).toEqual([shardCount]);
    expect(a.runtime.stats().shards).toBe(shardCount);
    const starts = pipelines.map((pipeline) => ({
      agent: 'script',
      pipeline,
      input: { steps: [] },
    }));
    const runs = await a.heddle.startAll(starts);
    await world.clock.advance(5_000);
    for (const run of runs) expect(await run.status()).toBe('completed');
    expect((await b.heddle.runs({ limit: 1_000 })).length).toBe(pipelines.length);
    expect(a.runtime.stats()).toMatchObject({ permitsInUse: 0, inMemory: 0 });
  });
});

describe('a replica that has lost its shards and does not know it', () => {
  it('sends no call that another makes now, though it has a free slot (promise 6)', async () => {
    const { hung, between } = hangs();
    const world = memoryWorld();
    const old = scriptedProvider({ name: 'p', ceiling: 1 });
    const young = scriptedProvider({ name: 'p', ceiling: 100 });
    const a = await world.replica({ providers: [old], between });
    const starts = ['p1', 'p2'].map((pipeline) => {
      return { agent: 'script', pipeline, input: { steps: [ask] } };
    });
    const runs = await a.heddle.startAll(starts);
    await world.clock.idle();
    expect(old.calls).toHaveLength(1);
    hung.since = true;
    world.store.endSession(a.runtime.replicaId);
    await world.clock.advance(1_000);
    const b = await world.replica({ providers: [young] });
    await world.clock.advance(1_000);
    expect(young.calls).toHaveLength(2);
    old.last().answer('late');
    await world.clock.idle();
    expect(old.calls).toHaveLength(1);
    for (const call of young.calls) call.answer('x');
    await world.clock.advance(1_000);
    for (const { id } of runs) {
      expect(await (await b.heddle.run(id)).output()).toMatchObject([{ done: { text: 'x' } }]);
    }
    expect((await world.store.audit(oneTenant('default'))).slotsInUse).toBe(0);
    expect(await world.store.providerTotals()).toMatchObject([{ calls: 3, duplicates: 1 }]);
  });
});

describe('a replica that is cut off and comes back', () => {
  it('commits nothing of what another owns now (promise 6)', async () => {
    const world = memoryWorld();
    let isCutOff = false;
    const cut = (store: Store): Store => ({
      ...store,
      renew: async (replica) => {
        if (isCutOff) throw heddleError('store-unavailable', { reason: 'cut off' });
        return store.renew(replica);
      },
    });
    const old = scriptedProvider({ name: 'p' });
    const young = scriptedProvider({ name: 'p' });
    const a = await world.replica({ providers: [old], between: cut });
    const run = await a.heddle.start('script', { input: { steps: [ask, { do: 'wait' }] } });
    await world.clock.idle();
    isCutOff = true;
    await world.clock.advance(1_000);
    const b = await world.replica({ providers: [young] });
    await world.clock.advance(10_000);
    expect(young.calls).toHaveLength(1);
    old.last().answer('of the old owner');
    await world.clock.advance(5_000);
    young.last().answer('of the new owner');
    await world.clock.advance(5_000);
    isCutOff = false;
    await world.clock.advance(30_000);
    const same = await b.heddle.run(run.id);
    await same.send({ type: 'go' });
    await world.clock.advance(3_000);
    expect(await same.output()).toMatchObject([
      { done: { text: 'of the new owner' } },
      { done: {} },
    ]);
    expect(sharesOf(world)).toEqual([16, 16]);
    expect((await world.store.audit(oneTenant('default'))).slotsInUse).toBe(0);
    expect(a.runtime.stats()).toMatchObject({ permitsInUse: 0 });
  });
});

it('is not failed for what an earlier ownership found, when its shard has come back', async () => {
  let letCommitEnd: (() => void) | null = null;
  let letRenewalEnd: (() => void) | null = null;
  let isHeld = false;
  const between = (store: Store): Store => ({
    ...store,
    commit: async (batch) => {
      if (!isHeld || batch.turns.length === 0) return store.commit(batch);
      await new Promise<void>((resolve) => (letCommitEnd = resolve));
      const fate = { kind: 'poison', reason: 'on order' } as const;
      return { fates: [{ kind: 'turns', index: 0, fate }], wakes: [] };
    },
    renew: async (by) => {
      if (!isHeld) return store.renew(by);
      await new Promise<void>((resolve) => (letRenewalEnd = resolve));
      return { ...(await store.renew(by)), shards: [] };
    },
  });
  const { clock, heddle } = await oneReplica({ between });
  const run = await heddle.start('script', { input: { steps: [{ do: 'wait' }] } });
  await clock.advance(100);
  isHeld = true;
  await run.send({ type: 'go' });
  // By now the lease is in doubt, so the turn that would fail the run cannot begin.
  await clock.advance(4_000);
  expect([letCommitEnd, letRenewalEnd]).not.toContain(null);
  (letCommitEnd as unknown as () => void)();
  await clock.idle();
  isHeld = false;
  (letRenewalEnd as unknown as () => void)();
  await clock.advance(5_000);
  expect(await run.status()).toBe('completed');
});
