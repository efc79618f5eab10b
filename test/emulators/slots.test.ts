/** Places, those who wait for them, and the time that they were held. */
import { describe, expect, it } from 'vitest';
import { Slots } from '../../src/emulators/slots.ts';
import { TokenBucket } from '../../src/emulators/model-calls.ts';
import { anthropic, ask, chat, failure, ollama, until } from './started.ts';

function slotsOf(ceiling: number, queueMax = 0) {
  const clock = { ms: 0 };
  const changes: number[] = [];
  const slots = new Slots(
    { ceiling, queueMax },
    { nowMs: () => clock.ms, onChange: (by) => void changes.push(by) },
  );
  return { slots, clock, changes };
}

describe('slots', () => {
  it('are never more than the ceiling, and their time is counted', () => {
    const { slots, clock, changes } = slotsOf(2);
    const started: string[] = [];
    const take = (name: string) => slots.take(() => void started.push(name));
    expect([take('a'), take('b'), take('c')]).toEqual(['started', 'started', 'full']);
    clock.ms = 10;
    slots.release();
    clock.ms = 30;
    expect(slots.stats()).toEqual({
      inFlight: 1,
      peakInFlight: 2,
      waiting: 0,
      busySlotMs: 2 * 10 + 1 * 20,
      offeredSlotMs: 2 * 30,
    });
    expect([started, changes]).toEqual([
      ['a', 'b'],
      [1, 1, -1],
    ]);
  });

  it('go to those who wait, in order, and never to who gave up', () => {
    const { slots } = slotsOf(1, 3);
    const started: string[] = [];
    const starts = ['a', 'b', 'c', 'd', 'e'].map((name) => () => void started.push(name));
    expect(starts.map((start) => slots.take(start))).toEqual([
      'started',
      'waiting',
      'waiting',
      'waiting',
      'full',
    ]);
    slots.giveUpWaiting(starts[2] ?? (() => {}));
    slots.release();
    slots.release();
    expect(started).toEqual(['a', 'b', 'd']);
    slots.release();
    expect(slots.stats()).toMatchObject({ inFlight: 0, waiting: 0, peakInFlight: 1 });
  });

  it('are handed on by calls that end as they start, however many wait', () => {
    const { slots } = slotsOf(1, 50_000);
    let ended = 0;
    slots.take(() => {});
    for (let i = 0; i < 50_000; i++) {
      slots.take(() => {
        ended += 1;
        slots.release();
      });
    }
    slots.release();
    expect([ended, slots.stats().inFlight]).toEqual([50_000, 0]);
  });

  it('follow a ceiling that is changed: those in flight count up to it', () => {
    const { slots, clock } = slotsOf(3, 2);
    let started = 0;
    for (let i = 0; i < 5; i++) slots.take(() => void (started += 1));
    slots.limit({ ceiling: 1, queueMax: 0 });
    clock.ms = 10;
    expect(slots.stats()).toMatchObject({ inFlight: 3, waiting: 2, busySlotMs: 10 });
    slots.release();
    expect(started).toBe(3);
    slots.limit({ ceiling: 4, queueMax: 0 });
    expect([started, slots.free]).toEqual([5, 0]);
  });
});

describe('tokens', () => {
  it('are refilled evenly, and what is missing is waited for', () => {
    const bucket = new TokenBucket(600, 0);
    expect(bucket.take(600, 0)).toBe(0);
    expect(bucket.take(10, 0)).toBe(1_000);
    expect(bucket.take(10, 999)).toBe(1);
    expect(bucket.take(10, 1_000)).toBe(0);
    expect(bucket.left(60_000)).toBe(590);
    expect(bucket.fullInMs(60_000)).toBeCloseTo(1_000, 6);
    // More than a minute's could never be had.
    expect(bucket.take(10_000, 120_000)).toBe(0);
  });

  it('refuse a call that is too much for this minute, and say when to come again', async () => {
    const { client, emulator } = await anthropic({ script: { tokensPerMinute: 60 } });
    const { response } = await client.messages.create(ask()).withResponse();
    expect(response.headers.get('anthropic-ratelimit-tokens-limit')).toBe('60');
    const failed = await failure(client.messages.create(ask()));
    expect(failed).toMatchObject({ status: 429, type: 'rate_limit_error' });
    expect(Number(failed.headers?.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(failed.headers?.get('retry-after'))).toBeLessThanOrEqual(60);
    expect(emulator.stats()).toMatchObject({ completed: 1, rateLimited: 1, peakInFlight: 1 });
  });
});

describe('the ceiling', () => {
  it('holds under 300 calls at once: the rest is told to wait at once', async () => {
    let inFlight = 0;
    let peak = 0;
    const { client, emulator } = await anthropic({
      script: { latencyMs: 600_000, ceiling: 240 },
      onSlot: (by) => {
        inFlight += by;
        peak = Math.max(peak, inFlight);
      },
    });
    const calls = Array.from({ length: 300 }, () =>
      client.messages.create(ask()).then(
        () => 200,
        ({ status }: { status: number }) => status,
      ),
    );
    await until(() => emulator.stats().calls === 300);
    const before = emulator.stats();
    expect(before).toMatchObject({ inFlight: 240, rateLimited: 60, byStatus: { 429: 60 } });
    // By the clock of the emulator itself: no slot was idle since then.
    const then = emulator.stats();
    expect(then.busySlotMs - before.busySlotMs).toBeCloseTo(
      then.offeredSlotMs - before.offeredSlotMs,
      6,
    );
    await emulator.close();
    const ends = await Promise.all(calls);
    expect(ends.filter((status) => status === 429)).toHaveLength(60);
    expect(ends.filter((status) => status === undefined)).toHaveLength(240);
    expect([peak, inFlight]).toEqual([240, 0]);
  });

  it('is free again before the client can have read the end', async () => {
    const { client, emulator } = await anthropic({ script: { ceiling: 1, latencyMs: 1 } });
    for (let i = 0; i < 50; i++) {
      await client.messages.create({ ...ask(), stream: i % 2 === 0 });
    }
    expect(emulator.stats()).toMatchObject({ completed: 50, rateLimited: 0, peakInFlight: 1 });
  });

  it('lets Ollama queue calls up to a bound; who gives up gives up the place', async () => {
    const { client, emulator } = await ollama({
      script: { ceiling: 2, queueMax: 3, latencyMs: 600_000 },
    });
    const leaving = new AbortController();
    const asked = (signal: AbortSignal | null) =>
      fetch(`${emulator.url}/api/chat`, {
        method: 'POST',
        body: JSON.stringify(chat()),
        signal,
      }).catch(() => 'left');
    const held = [asked(null), asked(null)];
    await until(() => emulator.stats().inFlight === 2);
    const waiting = Array.from({ length: 3 }, () => asked(leaving.signal));
    await until(() => emulator.stats().waiting === 3);
    expect(await failure(client.chat(chat()))).toMatchObject({ status_code: 503 });
    leaving.abort();
    expect(await Promise.all(waiting)).toEqual(['left', 'left', 'left']);
    await until(() => emulator.stats().waiting === 0);
    expect(emulator.stats()).toMatchObject({ aborted: 3, inFlight: 2, rateLimited: 1 });
    await emulator.close();
    expect(await Promise.all(held)).toEqual(['left', 'left']);
  });

  it('hands a slot that is given back to who waits', async () => {
    const { client, emulator } = await ollama({
      script: { ceiling: 2, queueMax: 100, latencyMs: 2 },
    });
    const answers = await Promise.all(
      Array.from({ length: 40 }, async (_, i) => client.chat(chat(`question ${i}`))),
    );
    expect(answers.every(({ done }) => done)).toBe(true);
    expect(emulator.stats()).toMatchObject({ completed: 40, peakInFlight: 2, waiting: 0 });
  });
});

it('counts calls under a key that was answered already', async () => {
  const { client, emulator } = await anthropic({ script: { latencyMs: 2 } });
  const keyed = (key: string) =>
    client.messages.create(ask(), { headers: { 'idempotency-key': key } });
  await keyed('a');
  expect(emulator.stats().duplicateCalls).toBe(0);
  await keyed('a');
  expect(emulator.stats().duplicateCalls).toBe(1);
  await Promise.all([keyed('b'), keyed('b')]);
  expect(emulator.stats()).toMatchObject({ duplicateCalls: 2, completed: 4 });
});
