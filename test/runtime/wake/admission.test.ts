/** Who may begin, how often, and what a tenant may use: all or nothing, never a deadlock (promise 7). */
import { describe, expect, it } from 'vitest';
import { createMachine } from 'xstate';
import { oneTenant } from '../../../src/access/scopes.ts';
import type { Json } from '../../../src/index.ts';
import { startQueued } from '../../support/queued-runs.ts';
import { oneReplica, type ReplicaOptions } from '../../support/replica.ts';
import { script, type ScriptStep } from '../../support/script-agent.ts';
import { hasTurns, watchedCommits } from '../../support/watched-commits.ts';

const other = createMachine({ id: 'other', initial: 'over', states: { over: { type: 'final' } } });
const start = (...steps: readonly ScriptStep[]) => ({
  agent: 'script',
  input: { steps } as unknown as Json,
});

describe('starts that wait for one another', () => {
  it('take turns, users and then each its oldest: a flood does not have the first commit', async () => {
    const commits = watchedCommits();
    const settings = { turnsMax: 4, batchesMax: 1 };
    const { heddle, clock } = await oneReplica({ settings, between: commits.between });
    const letGo = commits.hold(hasTurns);
    const first = heddle.start('script', start({ do: 'wait' }));
    await clock.idle();
    const by = async (user: string) => heddle.start('script', { ...start({ do: 'wait' }), user });
    const flood = Array.from({ length: 10 }, () => by('heavy'));
    const light = [by('light'), by('lighter')];
    await clock.idle();
    letGo();
    await first;
    const ids = (await Promise.all([...light, ...flood])).map(({ id }) => id);
    const second = commits.seen.filter(hasTurns)[1]?.turns.map(({ runId }) => runId);
    expect(second).toHaveLength(4);
    expect(second?.toSorted()).toEqual(ids.slice(0, 4).toSorted());
  });
});

describe('idempotency keys', () => {
  it('give the first run again, for every later start and for all at once', async () => {
    const { heddle, store } = await oneReplica();
    const options = { input: { steps: [] }, idempotencyKey: 'order-1' };
    const atOnce = await Promise.all([1, 2, 3].map(() => heddle.start('script', options)));
    const later = await heddle.start('script', options);
    expect(new Set([...atOnce, later].map(({ id }) => id)).size).toBe(1);
    expect(await later.output()).toEqual([]);
    expect((await store.audit(oneTenant('default'))).runs).toEqual({ completed: 1 });
  });

  it('of another input or agent are refused, whether its run is open or has ended', async () => {
    const { heddle, store } = await oneReplica({ agents: [script, other] });
    const input = { steps: [], note: { a: 1, b: [2] } };
    const run = await heddle.start('script', { input, idempotencyKey: 'k' });
    const misuse = {
      code: 'start-key-used',
      status: 409,
      detail: { field: 'start.idempotencyKey', key: 'k', runId: run.id },
    };
    const refused = async (agent: string, input: object): Promise<void> => {
      const starting = heddle.start(agent, { input, idempotencyKey: 'k' });
      await expect(starting).rejects.toMatchObject(misuse);
    };
    const check = async (): Promise<void> => {
      await refused('script', { steps: [] });
      await refused('script', { ...input, note: { a: 1, b: [2, 3] } });
      await refused('other', input);
      const turned = { note: { b: [2], a: 1 }, steps: [] };
      const again = await heddle.start('script', { input: turned, idempotencyKey: 'k', user: 'u' });
      expect(again.id).toBe(run.id);
    };
    await check();
    await run.output();
    await check();
    expect((await store.audit(oneTenant('default'))).runs).toEqual({ completed: 1 });
  });

  it('say which of several starts has one that was used, and none is started', async () => {
    const { heddle, store } = await oneReplica();
    await heddle.start('script', { input: { steps: [] }, idempotencyKey: 'k' });
    const free = { ...start(), idempotencyKey: 'free' };
    const starting = heddle.startAll([
      free,
      start(),
      { ...start(), input: 1, idempotencyKey: 'k' },
    ]);
    const detail = { field: 'starts[2].idempotencyKey', key: 'k' };
    await expect(starting).rejects.toMatchObject({ code: 'start-key-used', detail });
    const twice = heddle.startAll([free, { ...free, input: 2 }]);
    const second = { field: 'starts[1].idempotencyKey', key: 'free' };
    await expect(twice).rejects.toMatchObject({ code: 'start-key-used', detail: second });
    expect((await store.audit(oneTenant('default'))).runs).toEqual({ completed: 1 });
  });

  it('belong to a tenant', async () => {
    const { heddle } = await oneReplica();
    const options = { input: { steps: [] }, idempotencyKey: 'order-1' };
    const a = await heddle.start('script', { ...options, tenant: 'a' });
    const b = await heddle.start('script', { ...options, tenant: 'b' });
    expect(a.id).not.toBe(b.id);
  });

  it('twice in one call are one run', async () => {
    const { heddle } = await oneReplica();
    const one = { ...start(), idempotencyKey: 'k' };
    const [first, second, third] = await heddle.startAll([one, one, start()]);
    expect(first?.id).toBe(second?.id);
    expect(third?.id).not.toBe(first?.id);
  });
});

describe('startAll', () => {
  it('starts none when one of them is refused (promise 11)', async () => {
    const { heddle, store } = await oneReplica();
    const bad: [object, string][] = [
      [{ agent: 'nobody' }, 'agent-unknown'],
      [{ agent: 'script', input: { a: '\u0000' } }, 'invalid-json'],
      [{ agent: 'script', input: { a: 1n } }, 'invalid-json'],
      [{ agent: 'script', input: new Map() }, 'invalid-json'],
      [{ agent: 'script', input: 'x'.repeat(1_100_000) }, 'payload-too-large'],
      [{ agent: 'script', tenant: '' }, 'invalid-field'],
      [{ agent: 'script', user: '\ud800' }, 'invalid-field'],
      [{ agent: 'script', pipeline: 'x'.repeat(257) }, 'invalid-field'],
      [{ agent: 'script', idempotencyKey: '' }, 'invalid-field'],
      [{ agent: 'script', piepline: 'p' }, 'invalid-field'],
      [{ agent: '' }, 'invalid-field'],
    ];
    for (const [one, code] of bad) {
      const starting = heddle.startAll([start(), one as { agent: string }, start()]);
      await expect(starting).rejects.toMatchObject({ code });
    }
    expect(await store.audit(oneTenant('default'))).toMatchObject({ runs: {} });
    expect(await heddle.startAll([])).toEqual([]);
  });

  it('takes as many at once as one commit may hold, and says so', async () => {
    const { heddle } = await oneReplica({ settings: { turnsMax: 10 } });
    expect(await heddle.startAll(Array.from({ length: 10 }, () => start()))).toHaveLength(10);
    const many = heddle.startAll(Array.from({ length: 11 }, () => start()));
    await expect(many).rejects.toMatchObject({
      code: 'invalid-field',
      detail: { field: 'starts' },
    });
  });
});

describe('quotas', () => {
  const limited = (settings: NonNullable<ReplicaOptions['settings']>) => oneReplica({ settings });

  it('of queued runs refuse with 429 and Retry-After, and keep what was accepted', async () => {
    const commits = watchedCommits();
    const settings = { queuedRunsMax: 3, turnsMax: 2, batchesMax: 2 };
    const { heddle, clock } = await oneReplica({ settings, between: commits.between });
    const letGo = commits.hold(hasTurns);
    const begun = heddle.start('script', start());
    await clock.idle();
    const queued = await startQueued(heddle, 3);
    await clock.advance(1_500);
    const more = { ...start(), idempotencyKey: 'more' };
    await expect(heddle.start('script', more)).rejects.toMatchObject({
      code: 'queue-full',
      status: 429,
      retryable: true,
      detail: { max: 3, retryAfterMs: 1_000 },
    });
    const another = heddle.start('script', { ...more, tenant: 'another' });
    letGo();
    for (const run of [await begun, await another, ...queued]) {
      expect(await run.output()).toEqual([]);
    }
    await clock.advance(1_500);
    expect(await (await heddle.start('script', start())).output()).toEqual([]);
  });

  it('of channels bind publishers outside and inside of runs, and receivers that wait', async () => {
    const { heddle, clock, store } = await limited({ channelsMax: 2 });
    const publish = (channel: string): ScriptStep => ({
      do: 'publish',
      with: { channel, payload: 1 },
    });
    await heddle.publish('a', 1);
    const waiting = await heddle.start('script', start({ do: 'receive', with: { channel: 'b' } }));
    await clock.idle();
    await clock.advance(1_500);
    const refused = { code: 'quota-exceeded', status: 429 };
    await expect(heddle.publish('c', 1)).rejects.toMatchObject(refused);
    const steps = [publish('c'), { do: 'receive', with: { channel: 'c' } } as const, publish('a')];
    const run = await heddle.start('script', start(...steps));
    expect(await run.output()).toMatchObject([
      { failed: { code: 'quota-exceeded', detail: { resource: 'channels', max: 2 } } },
      { failed: { code: 'quota-exceeded' } },
      { done: { channel: 'a' } },
    ]);
    await heddle.publish('b', 1);
    expect(await waiting.output()).toMatchObject([{ done: { messages: [{ payload: 1 }] } }]);
    expect((await store.audit(oneTenant('default'))).channels).toBe(2);
  });

  it('of channels are counted within one turn too', async () => {
    const { heddle } = await limited({ channelsMax: 2 });
    const publish = (channel: string): ScriptStep => ({
      do: 'publish',
      with: { channel, payload: 1 },
    });
    const run = await heddle.start('script', start(...['a', 'a', 'b', 'c', 'a'].map(publish)));
    const results = (await run.output()) as unknown as object[];
    expect(results.map((result) => 'done' in result)).toEqual([true, true, true, false, true]);
  });

  it('of memory entries bind new keys and no new versions', async () => {
    const { heddle, store } = await limited({ memoryEntriesMax: 2 });
    const remember = (key: string): ScriptStep => ({
      do: 'remember',
      with: { scope: 'user', key, value: 1 },
    });
    const run = await heddle.start('script', start(...['a', 'a', 'b', 'c', 'b'].map(remember)));
    expect(await run.output()).toMatchObject([
      { done: { version: 1 } },
      { done: { version: 2 } },
      { done: { version: 1 } },
      { failed: { code: 'quota-exceeded', detail: { setting: 'memoryEntriesMax' } } },
      { done: { version: 2 } },
    ]);
    await expect(heddle.remember({ scope: 'user' }, 'c', 1)).rejects.toMatchObject({
      code: 'quota-exceeded',
    });
    expect(await heddle.remember({ scope: 'user' }, 'a', 3)).toMatchObject({ version: 3 });
    expect((await store.audit(oneTenant('default'))).memoryEntries).toBe(2);
  });
});

describe('settings', () => {
  it('are refused by name (promise 11)', async () => {
    for (const settings of [
      { permitsMax: 0 },
      { leaseMs: 1.5 },
      { nonsense: 1 },
      { pollMs: null },
    ]) {
      await expect(oneReplica({ settings: settings as object })).rejects.toMatchObject({
        code: 'invalid-field',
        detail: { field: `settings.${Object.keys(settings)[0]}` },
      });
    }
  });
});
