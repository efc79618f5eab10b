/** A run as the library gives it: its output or a typed error, from whatever replica is asked. */
import { setup } from 'xstate';
import { describe, expect, it } from 'vitest';
import { oneTenant } from '../../src/access/scopes.ts';
import { task } from '../../src/index.ts';
import { memoryWorld, oneReplica } from '../support/replica.ts';

const failing = (thrown: unknown) => {
  const work = task(async () => {
    // oxlint-disable-next-line typescript/only-throw-error -- authors throw what they like
    throw thrown;
  });
  return setup({ actors: { work } }).createMachine({
    id: 'failing',
    invoke: { id: 'work', src: 'work' },
  });
};

describe('output', () => {
  it('of a run that has completed is what its chart gives, also later', async () => {
    const { heddle } = await oneReplica();
    const run = await heddle.start('script', { input: { steps: [] } });
    expect([await run.output(), await run.output()]).toEqual([[], []]);
    expect(await (await heddle.run(run.id)).output({ timeoutMs: 0 })).toEqual([]);
  });

  it('of a run that has failed is the error that failed it', async () => {
    const { heddle } = await oneReplica({ agents: [failing(new Error('no luck'))] });
    const run = await heddle.start('failing');
    await expect(run.output()).rejects.toMatchObject({
      name: 'HeddleError',
      code: 'task-failed',
      status: 500,
      detail: { reason: 'no luck' },
    });
    expect(await run.row()).toMatchObject({ status: 'failed', reason: expect.any(String) });
  });

  it("keeps an author's own code, whatever it is called", async () => {
    for (const code of ['out-of-stock', 'constructor', 'closed', 'invalid-field']) {
      const { heddle } = await oneReplica({ agents: [failing({ message: 'mine', code })] });
      const run = await heddle.start('failing');
      await expect(run.output()).rejects.toMatchObject({ code, message: 'mine' });
    }
  });

  it('of a run that was cancelled says why', async () => {
    const { heddle } = await oneReplica();
    const run = await heddle.start('script', { input: { steps: [{ do: 'wait' }] } });
    const waiting = expect(run.output()).rejects.toMatchObject({
      code: 'run-cancelled',
      detail: { reason: 'enough' },
    });
    await run.cancel('enough');
    await waiting;
  });

  it('that does not come in time is run-not-finished, and can be waited for again', async () => {
    const { heddle, clock } = await oneReplica();
    const run = await heddle.start('script', { input: { steps: [{ do: 'wait' }] } });
    const late = { code: 'run-not-finished', retryable: true };
    await expect(run.output({ timeoutMs: 0 })).rejects.toMatchObject(late);
    const waiting = expect(run.output({ timeoutMs: 5_000 })).rejects.toMatchObject(late);
    await clock.advance(5_000);
    await waiting;
    const again = run.output({ timeoutMs: 5_000 });
    await run.send({ type: 'go' });
    expect(await again).toHaveLength(1);
    await expect(run.output({ timeoutMs: -1 })).rejects.toMatchObject({ code: 'invalid-field' });
  });

  it('comes when another replica runs it', async () => {
    const world = memoryWorld();
    const a = await world.replica();
    const b = await world.replica();
    await world.clock.advance(10_000);
    const runs = await a.heddle.startAll(
      Array.from({ length: 40 }, () => ({ agent: 'script', input: { steps: [{ do: 'wait' }] } })),
    );
    for (const heddle of [a.heddle, b.heddle]) {
      const outputs = runs.map(async ({ id }) => (await heddle.run(id)).output());
      const sent = runs.map((run) => run.send({ type: 'go' }).catch(() => undefined));
      await world.clock.advance(5_000);
      await Promise.all(sent);
      expect(await Promise.all(outputs)).toHaveLength(40);
    }
  });

  it('leaves no listener behind', async () => {
    const { heddle, runtime } = await oneReplica();
    const run = await heddle.start('script', { input: { steps: [{ do: 'wait' }] } });
    await expect(run.output({ timeoutMs: 0 })).rejects.toThrow();
    expect(runtime.runEvents.hears(run.id)).toBe(false);
  });
});

describe('runs', () => {
  it('are listed newest first, by status, agent, pipeline and page', async () => {
    const { heddle, clock } = await oneReplica();
    const ids: string[] = [];
    for (let i = 0; i < 6; i++) {
      const steps = i % 2 === 0 ? [] : [{ do: 'wait' }];
      const options = { input: { steps }, pipeline: i < 3 ? 'first' : 'second' };
      ids.unshift((await heddle.start('script', options)).id);
    }
    await clock.idle();
    const listed = async (query: Parameters<typeof heddle.runs>[0]) =>
      (await heddle.runs(query)).map(({ runId }) => runId);
    expect(await listed({})).toEqual(ids);
    expect(await listed({ limit: 2 })).toEqual(ids.slice(0, 2));
    expect(await listed({ beforeRunId: ids[1] ?? '' })).toEqual(ids.slice(2));
    expect(await listed({ pipeline: 'first' })).toEqual(ids.slice(3));
    expect(await listed({ statuses: ['completed'] })).toHaveLength(3);
    expect(await listed({ agent: 'nobody' })).toEqual([]);
    expect(await listed({ tenant: 'another' })).toEqual([]);
    for (const query of [{ limit: 0 }, { limit: 1_001 }, { beforeRunId: 'me' }]) {
      await expect(heddle.runs(query)).rejects.toMatchObject({ code: 'invalid-field' });
    }
  });
});

describe('consumers outside runs', () => {
  it('get each message under a lease, again when it ends, and not when it is acknowledged', async () => {
    const { heddle, clock } = await oneReplica();
    for (const n of [1, 2, 3]) await heddle.publish('jobs', n);
    const take = (max: number) => heddle.receive('jobs', { group: 'g', max, leaseMs: 10_000 });
    const [first, second] = await take(2);
    expect([first, second]).toMatchObject([
      { seq: 1, payload: 1, attempt: 1 },
      { seq: 2, payload: 2, attempt: 1 },
    ]);
    expect(await take(5)).toMatchObject([{ seq: 3 }]);
    if (first === undefined || second === undefined) throw new Error('no messages');
    await heddle.acknowledge(first, { group: 'g' });
    await clock.advance(10_001);
    expect(await take(5)).toMatchObject([
      { seq: 2, attempt: 2 },
      { seq: 3, attempt: 2 },
    ]);
    const lost = heddle.acknowledge(second, { group: 'g' });
    await expect(lost).rejects.toMatchObject({ code: 'lease-lost', status: 409 });
    const twice = heddle.acknowledge(first, { group: 'g' });
    await expect(twice).rejects.toMatchObject({ code: 'lease-lost' });
  });

  it('are refused by field', async () => {
    const { heddle } = await oneReplica();
    for (const request of [{ group: '' }, { group: 'g', max: 0 }, { group: 'g', leaseMs: 0.5 }]) {
      await expect(heddle.receive('jobs', request)).rejects.toMatchObject({
        code: 'invalid-field',
      });
    }
    await expect(heddle.receive('', { group: 'g' })).rejects.toMatchObject({
      code: 'invalid-field',
    });
    const odd = heddle.receive('jobs', { group: 'g', from: 'middle' as 'latest' });
    await expect(odd).rejects.toMatchObject({ code: 'invalid-field' });
  });
});

describe('publish', () => {
  it('is refused by field and changes nothing (promise 11)', async () => {
    const { heddle, store } = await oneReplica();
    const bad: [string, unknown, object, string][] = [
      ['', 1, {}, 'invalid-field'],
      ['a\u0000', 1, {}, 'invalid-field'],
      ['x'.repeat(257), 1, {}, 'invalid-field'],
      ['a', '\u0000', {}, 'invalid-json'],
      ['a', { deep: '\ud800' }, {}, 'invalid-json'],
      ['a', Array.from({ length: 70 }).reduce((inner) => [inner], 1), {}, 'invalid-json'],
      ['a', JSON.parse('{"a":{"__proto__":1}}'), {}, 'invalid-json'],
      ['a', 'x'.repeat(1_100_000), {}, 'payload-too-large'],
      ['a', 1, { delayMs: -1 }, 'invalid-field'],
      ['a', 1, { delay: 1 }, 'invalid-field'],
      ['a', 1, { tenant: '' }, 'invalid-field'],
    ];
    for (const [channel, payload, options, code] of bad) {
      await expect(heddle.publish(channel, payload, options)).rejects.toMatchObject({ code });
    }
    expect(await store.audit(oneTenant('default'))).toMatchObject({ channels: 0, messages: 0 });
  });
});
