/** Messages between runs: consumed exactly once per group, in order, none skipped (promise 2). */
import { describe, expect, it } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import type { Json } from '../../../src/index.ts';
import { oneReplica } from '../../support/replica.ts';
import type { ScriptStep, StepResult } from '../../support/script-agent.ts';

const receive = (input: { readonly [key: string]: Json }): ScriptStep => ({
  do: 'receive',
  with: input,
});
const publish = (channel: string, payload: Json, more: object = {}): ScriptStep => ({
  do: 'publish',
  with: { channel, payload, ...more },
});

type Received = { readonly channel: string; readonly seq: number; readonly payload: Json };

/** The messages of each receive, in the order of the steps. */
function messagesOf(output: Json): Received[][] {
  return (output as unknown as StepResult[]).flatMap((result) => {
    const done = 'done' in result ? (result.done as { messages?: Received[] }) : {};
    return done?.messages === undefined ? [] : [done.messages];
  });
}
const payloadsOf = (output: Json): Json[][] =>
  messagesOf(output).map((messages) => messages.map(({ payload }) => payload));

async function world() {
  const made = await oneReplica();
  const start = (...steps: ScriptStep[]) => made.heddle.start('script', { input: { steps } });
  return { ...made, start };
}

describe('publish and receive', () => {
  it('keeps what was published before anybody received', async () => {
    const { heddle, start } = await world();
    await heddle.publish('news', 'first');
    const run = await start(receive({ channel: 'news' }));
    expect(messagesOf(await run.output())).toMatchObject([
      [{ channel: 'news', seq: 1, payload: 'first' }],
    ]);
  });

  it('wakes a run that waits, which holds nothing meanwhile (promise 7)', async () => {
    const { heddle, start, clock, runtime } = await world();
    const run = await start(receive({ channel: 'news' }));
    await clock.idle();
    expect(await run.status()).toBe('waiting-on-channel');
    expect(runtime.stats()).toMatchObject({ permitsInUse: 0, inMemory: 0 });
    await heddle.publish('news', { hot: true });
    expect(payloadsOf(await run.output())).toEqual([[{ hot: true }]]);
  });

  it('gives every run outside groups every message', async () => {
    const { heddle, start } = await world();
    const runs = [];
    for (let i = 0; i < 5; i++) runs.push(await start(receive({ channel: 'news' })));
    await heddle.publish('news', 1);
    for (const run of runs) expect(payloadsOf(await run.output())).toEqual([[1]]);
  });

  it('goes on at its cursor when a run receives again', async () => {
    const { heddle, start } = await world();
    for (const payload of [1, 2, 3]) await heddle.publish('news', payload);
    const one = receive({ channel: 'news' });
    const run = await start(one, one, one);
    expect(payloadsOf(await run.output())).toEqual([[1], [2], [3]]);
  });

  it('hears in the same turn what its own turn has not committed only afterwards', async () => {
    const { start, clock, store } = await world();
    const run = await start(publish('echo', 'hello'), receive({ channel: 'echo' }));
    expect(payloadsOf(await run.output())).toEqual([['hello']]);
    await clock.idle();
    const audit = await store.audit(oneTenant('default'));
    expect(audit).toMatchObject({ messages: 1, doubledMessages: 0, orphanedSubscriptions: 0 });
  });

  it('keeps the order of one publisher', async () => {
    const { start } = await world();
    const publisher = await start(...[1, 2, 3, 4, 5].map((n) => publish('count', n)));
    await publisher.output();
    const run = await start(receive({ channel: 'count', until: { atLeast: 5 } }));
    expect(payloadsOf(await run.output())).toEqual([[1, 2, 3, 4, 5]]);
  });

  it('shares nothing between tenants', async () => {
    const { heddle, start, clock } = await world();
    const run = await start(receive({ channel: 'news' }));
    await heddle.publish('news', 'of another', { tenant: 'other' });
    await clock.advance(10_000);
    expect(await run.status()).toBe('waiting-on-channel');
  });

  it('takes a channel by any name, even one that objects have already', async () => {
    const { heddle, start } = await world();
    for (const channel of ['constructor', '__proto__', 'toString', 'a/b c', '💡']) {
      await heddle.publish(channel, 1);
      await heddle.publish(channel, 2);
      const one = receive({ channel });
      const run = await start(one, one);
      expect(payloadsOf(await run.output())).toEqual([[1], [2]]);
      const late = await start(receive({ channel, from: 'latest' }), one);
      await heddle.publish(channel, 3);
      await heddle.publish(channel, 4);
      expect(payloadsOf(await late.output())).toEqual([[3], [4]]);
    }
  });
});

describe('how much a receive waits for', () => {
  it('any: the first message on any of its channels', async () => {
    const { heddle, start } = await world();
    const run = await start(receive({ channels: ['a', 'b', 'c'] }));
    await heddle.publish('b', 'x');
    expect(messagesOf(await run.output())).toMatchObject([[{ channel: 'b', payload: 'x' }]]);
  });

  it('all: one message on each channel', async () => {
    const { heddle, start, clock } = await world();
    const run = await start(receive({ channels: ['a', 'b', 'c'], until: 'all' }));
    for (const channel of ['c', 'a', 'a']) await heddle.publish(channel, channel);
    await clock.idle();
    expect(await run.status()).toBe('waiting-on-channel');
    await heddle.publish('b', 'b');
    expect(payloadsOf(await run.output())).toEqual([['a', 'b', 'c']]);
  });

  it('all, with max: so many of each channel', async () => {
    const { heddle, start } = await world();
    for (const payload of [1, 2, 3]) await heddle.publish('a', payload);
    await heddle.publish('b', 9);
    const run = await start(receive({ channels: ['a', 'b'], until: 'all', max: 2 }));
    expect(payloadsOf(await run.output())).toEqual([[1, 2, 9]]);
    const one = await start(receive({ channels: ['a', 'b'], until: 'all', max: 1 }));
    expect(payloadsOf(await one.output())).toEqual([[1, 9]]);
  });

  it('at least n: that many in all, over several channels', async () => {
    const { heddle, start, clock } = await world();
    const run = await start(receive({ channels: ['a', 'b'], until: { atLeast: 3 } }));
    for (const channel of ['a', 'b']) await heddle.publish(channel, channel);
    await clock.idle();
    expect(await run.status()).toBe('waiting-on-channel');
    await heddle.publish('b', 'more');
    expect(payloadsOf(await run.output())).toEqual([['a', 'b', 'more']]);
  });

  it('max: what is there, up to so many; the rest stays', async () => {
    const { heddle, start } = await world();
    for (let i = 1; i <= 5; i++) await heddle.publish('a', i);
    const run = await start(receive({ channel: 'a', max: 3 }), receive({ channel: 'a', max: 3 }));
    expect(payloadsOf(await run.output())).toEqual([
      [1, 2, 3],
      [4, 5],
    ]);
  });
});

describe('where a receive begins', () => {
  it('latest: with what comes after it has begun to wait', async () => {
    const { heddle, start, clock } = await world();
    await heddle.publish('a', 'old');
    const one = receive({ channel: 'a', from: 'latest' });
    const run = await start(one, one);
    await clock.idle();
    expect(await run.status()).toBe('waiting-on-channel');
    await heddle.publish('a', 'new');
    await heddle.publish('a', 'newer');
    expect(payloadsOf(await run.output())).toEqual([['new'], ['newer']]);
  });

  it('latest, in a group: from its first registration on', async () => {
    const { heddle, start, clock } = await world();
    await heddle.publish('a', 'old');
    const run = await start(receive({ channel: 'a', from: 'latest', group: 'g' }));
    await clock.idle();
    await run.cancel();
    await heddle.publish('a', 'new');
    const second = await start(receive({ channel: 'a', from: 'latest', group: 'g' }));
    expect(payloadsOf(await second.output())).toEqual([['new']]);
  });
});

describe('a receive that waits too long', () => {
  it('fails with invocation-timeout, and its subscription expires', async () => {
    const { heddle, start, clock, store } = await world();
    const run = await start(receive({ channel: 'a', timeoutMs: 5_000 }));
    await clock.advance(4_999);
    expect(await run.status()).toBe('waiting-on-channel');
    await clock.advance(1);
    expect(await run.output()).toMatchObject([
      {
        failed: {
          code: 'invocation-timeout',
          detail: { what: 'receive receive', timeoutMs: 5_000 },
        },
      },
    ]);
    expect((await store.audit(oneTenant('default'))).subscriptions).toEqual({ expired: 1 });
    await heddle.publish('a', 'late');
    await clock.idle();
  });

  it('leaves the message to whoever receives next', async () => {
    const { heddle, start, clock } = await world();
    const run = await start(
      receive({ channel: 'a', timeoutMs: 1_000 }),
      { do: 'wait' },
      receive({ channel: 'a' }),
    );
    await clock.advance(1_000);
    await heddle.publish('a', 'late');
    await run.send({ type: 'go' });
    expect(payloadsOf(await run.output())).toEqual([['late']]);
  });

  it('is delivered in time when message and limit meet', async () => {
    const { heddle, start, clock } = await world();
    const run = await start(receive({ channel: 'a', timeoutMs: 1_000 }));
    await clock.advance(999);
    await heddle.publish('a', 'just in time');
    await clock.advance(10);
    expect(payloadsOf(await run.output())).toEqual([['just in time']]);
  });
});

describe('a delayed message', () => {
  it('enters its channel when the delay is over, in that order', async () => {
    const { heddle, start, clock } = await world();
    const run = await start(receive({ channel: 'a', until: { atLeast: 3 } }));
    await heddle.publish('a', 'slow', { delayMs: 10_000 });
    await heddle.publish('a', 'quick', { delayMs: 1_000 });
    await heddle.publish('a', 'now');
    await clock.advance(9_000);
    expect(await run.status()).toBe('waiting-on-channel');
    await clock.advance(2_000);
    expect(payloadsOf(await run.output())).toEqual([['now', 'quick', 'slow']]);
  });

  it('of a run outlives the run and a restart', async () => {
    const made = await oneReplica();
    const { heddle, clock } = made;
    const steps = [publish('a', 'later', { delayMs: 60_000 })];
    await (await heddle.start('script', { input: { steps } })).output();
    made.crash();
    await clock.advance(30_000);
    const next = await made.replica();
    const listener = { steps: [receive({ channel: 'a' })] };
    const run = await next.heddle.start('script', { input: listener });
    await clock.advance(25_000);
    expect(await run.status()).toBe('waiting-on-channel');
    await clock.advance(10_000);
    expect(payloadsOf(await run.output())).toEqual([['later']]);
  });
});

describe('bad input', () => {
  it('names the field and changes nothing (promise 11)', async () => {
    const { start, store } = await world();
    const many = Array.from({ length: 65 }, (_, i) => `c${i}`);
    const run = await start(
      receive({}),
      receive({ channel: 'a', channels: ['b'] }),
      receive({ channels: [] }),
      receive({ channels: ['a', 'a'] }),
      receive({ channels: many }),
      receive({ channel: '' }),
      receive({ channel: 'a', until: { atLeast: 1_001 } }),
      receive({ channel: 'a', until: { atLeast: 3 }, max: 2 }),
      receive({ channel: 'a', from: 'middle' }),
      receive({ channel: 'a', timeoutMs: -1 }),
      receive({ channel: 'a', gruop: 'g' }),
      { do: 'publish', with: { payload: 1 } },
      publish('a', 1, { delayMs: 1.5 }),
      publish('x'.repeat(257), 1),
    );
    const results = (await run.output()) as unknown as { failed: { detail: { field: string } } }[];
    expect(results.map(({ failed }) => failed.detail.field)).toEqual([
      'receive.channel',
      'receive.channel',
      'receive.channels',
      'receive.channels',
      'receive.channels',
      'receive.channel',
      'receive.until.atLeast',
      'receive.max',
      'receive.from',
      'receive.timeoutMs',
      'receive.gruop',
      'publish.channel',
      'publish.delayMs',
      'publish.channel',
    ]);
    expect(await store.audit(oneTenant('default'))).toMatchObject({
      channels: 0,
      subscriptions: {},
    });
  });
});
