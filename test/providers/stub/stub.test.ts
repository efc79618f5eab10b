import { describe, expect, it } from 'vitest';
import type { GenerateRequest, ProviderAnswer } from '../../../src/domain/catalogue.ts';
import { ProviderFault, type Provider } from '../../../src/providers/port.ts';
import { createStub, type StubOptions } from '../../../src/providers/stub/stub.ts';

/** A clock that stands until it is told to go on. */
function createClock() {
  const timers = new Set<{ atMs: number; ring: () => void }>();
  const clock = {
    ms: 0,
    timers,
    nowMs: () => clock.ms,
    setTimer: (delayMs: number, ring: () => void) => {
      const timer = { atMs: clock.ms + delayMs, ring };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    async go(ms: number): Promise<void> {
      clock.ms += ms;
      for (const timer of timers) {
        if (timer.atMs > clock.ms) continue;
        timers.delete(timer);
        timer.ring();
      }
      for (let i = 0; i < 5; i++) await Promise.resolve();
    },
  };
  return clock;
}

function stubOf(options: Partial<StubOptions> = {}) {
  const clock = createClock();
  const stub = createStub({ name: 's', ceiling: 4, latencyMs: 0, seed: 7, clock, ...options });
  return { stub, clock };
}

let keys = 0;
function call(
  stub: Provider,
  input: GenerateRequest = { prompt: 'What is a heddle?' },
  more: { idempotencyKey?: string; signal?: AbortSignal } = {},
): Promise<ProviderAnswer> {
  const idempotencyKey = `key-${(keys += 1)}`;
  const signal = new AbortController().signal;
  return stub.call({ input, idempotencyKey, attempt: 1, signal, ...more });
}

const kindOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'ok',
    (fault: unknown) => (fault instanceof ProviderFault ? fault.kind : 'aborted'),
  );

describe('the stub', () => {
  it('answers the same for the same seed and input, another for another', async () => {
    const one = await call(stubOf().stub);
    expect(await call(stubOf().stub)).toEqual(one);
    expect(one.text.length).toBeGreaterThanOrEqual(40);
    expect(one.text.length).toBeLessThanOrEqual(200);
    expect(one).toMatchObject({ provider: 's', model: 'stub', toolCalls: [], stopReason: 'end' });
    const texts = new Set<string>();
    for (let i = 0; i < 100; i++) {
      texts.add((await call(stubOf().stub, { prompt: `question ${i}` })).text);
    }
    expect(texts.size).toBeGreaterThan(90);
    expect((await call(stubOf({ seed: 8 }).stub)).text).not.toBe(one.text);
  });

  it('answers a prompt that asks for a score with one', async () => {
    const { stub } = stubOf();
    const scores = new Set<number>();
    for (let i = 0; i < 100; i++) {
      const content = `Judge answer ${i}. Reply as {"score": 0 to 1, "rationale": one sentence}.`;
      const { text } = await call(stub, { messages: [{ role: 'user', content }] });
      const answer = JSON.parse(text) as { score: number; rationale: string };
      expect(answer.score >= 0 && answer.score <= 1).toBe(true);
      expect(answer.rationale.length).toBeGreaterThan(0);
      scores.add(answer.score);
    }
    expect(scores.size).toBeGreaterThan(30);
  });

  it('sets no timer without latency, and answers after it otherwise', async () => {
    const quick = stubOf();
    await call(quick.stub);
    expect(quick.clock.timers.size).toBe(0);
    const { stub, clock } = stubOf({ latencyMs: 100, jitterMs: 50 });
    let answers = 0;
    for (let i = 0; i < 4; i++) void call(stub).then(() => (answers += 1));
    await clock.go(99);
    expect(answers).toBe(0);
    await clock.go(51);
    expect(answers).toBe(4);
  });

  it('takes no more calls than its ceiling, and says when to come again', async () => {
    const { stub, clock } = stubOf({ latencyMs: 100, retryAfterMs: 250 });
    const kinds = Array.from({ length: 6 }, () => kindOf(call(stub)));
    await expect(call(stub)).rejects.toMatchObject({ kind: 'rate-limited', retryAfterMs: 250 });
    await clock.go(100);
    expect(await Promise.all(kinds)).toEqual([
      ...Array.from({ length: 4 }, () => 'ok'),
      'rate-limited',
      'rate-limited',
    ]);
    const free = Array.from({ length: 5 }, () => kindOf(call(stub)));
    await clock.go(100);
    expect(await Promise.all(free)).toEqual([...Array(4).fill('ok'), 'rate-limited']);
  });

  it('honours an abort before, during and just after the call', async () => {
    const { stub, clock } = stubOf({ latencyMs: 100, ceiling: 1 });
    const early = AbortSignal.abort('no');
    await expect(call(stub, {}, { signal: early })).rejects.toThrow('aborted');
    const control = new AbortController();
    const during = kindOf(call(stub, {}, { signal: control.signal }));
    control.abort();
    expect(await during).toBe('aborted');
    expect(clock.timers.size).toBe(0);
    const next = kindOf(call(stub));
    await clock.go(100);
    expect(await next).toBe('ok');
    const quick = stubOf({ ceiling: 1 }).stub;
    const after = new AbortController();
    const late = kindOf(call(quick, {}, { signal: after.signal }));
    after.abort();
    expect(await late).toBe('aborted');
    expect(await kindOf(call(quick))).toBe('ok');
  });

  it('shows its text to whom it is asked to show it', async () => {
    const { stub } = stubOf();
    const seen: string[] = [];
    const { signal } = new AbortController();
    const onText = (text: string): void => void seen.push(text);
    const { text } = await stub.call({
      input: {},
      idempotencyKey: 'k',
      attempt: 1,
      signal,
      onText,
    });
    expect(seen).toEqual([text]);
  });
});

describe("the stub's faults", () => {
  it('come at their rates and are the same for the same seed', async () => {
    const faults = { rateLimited: 0.1, outage: 0.2, refused: 0.05, caller: 0.05 };
    const run = async () => {
      const { stub } = stubOf({ faults });
      const kinds: string[] = [];
      for (let i = 0; i < 4_000; i++) kinds.push(await kindOf(call(stub)));
      return kinds;
    };
    const kinds = await run();
    expect(await run()).toEqual(kinds);
    const share = (kind: string) => kinds.filter((one) => one === kind).length / kinds.length;
    expect(share('rate-limited')).toBeCloseTo(0.1, 1);
    expect(share('outage')).toBeCloseTo(0.2, 1);
    expect(share('refused')).toBeCloseTo(0.05, 1);
    expect(share('caller')).toBeCloseTo(0.05, 1);
    expect(share('ok')).toBeCloseTo(0.6, 1);
  });

  it('hold a slot for the latency in an outage, and none in a refusal', async () => {
    const out = stubOf({ latencyMs: 100, ceiling: 1, faults: { outage: 1 } });
    const kind = kindOf(call(out.stub));
    expect(await kindOf(call(out.stub))).toBe('rate-limited');
    await out.clock.go(100);
    expect(await kind).toBe('outage');
    const no = stubOf({ latencyMs: 100, faults: { refused: 1 } });
    expect(await kindOf(call(no.stub))).toBe('refused');
    expect(no.clock.timers.size).toBe(0);
  });

  it('can be one outage from a certain call on, for a certain time', async () => {
    const { stub, clock } = stubOf({ faults: { outageFromCall: 3, outageForMs: 1_000 } });
    const kinds: string[] = [];
    for (let i = 0; i < 6; i++) {
      kinds.push(await kindOf(call(stub)));
      await clock.go(300);
    }
    kinds.push(await kindOf(call(stub)));
    expect(kinds).toEqual(['ok', 'ok', 'outage', 'outage', 'outage', 'outage', 'ok']);
  });
});
