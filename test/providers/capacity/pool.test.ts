import { describe, expect, it } from 'vitest';
import { capacityDefaults } from '../../../src/domain/capacity-settings.ts';
import {
  Pool,
  type PoolCall,
  type PoolOptions,
  type PoolPlace,
} from '../../../src/providers/capacity/pool.ts';
import { probing, reopening } from '../../support/gate-orders.ts';
import { poolCall, PoolCalls } from '../../support/pool-calls.ts';

const calls = new PoolCalls();

function poolOf(ceilings: Record<string, number>, options: Partial<PoolOptions> = {}) {
  const providers = Object.entries(ceilings).map(([name, ceiling]) => ({ name, ceiling }));
  return new Pool<PoolCall>({ providers, share: 1, random: () => 0.5, ...options });
}

function enqueue(
  pool: Pool<PoolCall>,
  keys: string,
  more: Partial<PoolPlace> = {},
  nowMs = 0,
): void {
  for (const key of keys.split(' ')) {
    pool.enqueue(calls.make({ ...more, key }), nowMs);
  }
}

const keysOf = (grants: readonly { readonly call: PoolCall }[]) =>
  grants.map(({ call }) => call.key);
const reasons = (pool: Pool<PoolCall>) =>
  Object.fromEntries(calls.waitingIn(pool).map(({ call, reason }) => [call.key, reason]));
const statusOf = (pool: Pool<PoolCall>, nowMs: number) => pool.stats(nowMs).providers[0]?.status;

const outage = { kind: 'outage', retryAfterMs: null } as const;
const refused = { kind: 'refused', retryAfterMs: null } as const;
const limited = (retryAfterMs: number | null) => ({ kind: 'rate-limited', retryAfterMs }) as const;

describe('a limit that ramps', () => {
  const providers = [{ name: 'a', ceiling: 100, startsAt: 2 }];

  it('waits for the requests of what it has let out, or for the end of those that never go', () => {
    const pool = poolOf({}, { providers });
    enqueue(pool, 'k1 k2 k3 k4');
    const [first, second] = pool.grant(0);
    if (first === undefined || second === undefined) throw new Error('nothing was granted');
    pool.begin(first, 1_000);
    expect([pool.nextDueMs(), pool.grant(9_000)]).toEqual([null, []]);
    pool.begin(second, 9_000);
    pool.begin(second, 9_999);
    const growsAtMs = 9_000 + capacityDefaults.learning.rampStepMsMin;
    expect(pool.nextDueMs()).toBe(growsAtMs);
    expect(keysOf(pool.grant(growsAtMs))).toEqual(['k3']);
    pool.cancel(calls.get('k3'), 9_030);
    pool.release('a', 2, { kind: 'aborted' }, 9_030);
    expect(keysOf(pool.grant(9_030))).toEqual(['k4']);
    expect(pool.nextDueMs()).toBe(null);
  });
});

it('the longest waits of each gate are those that came first, one of each owner, whoever goes first', () => {
  const pool = poolOf({ a: 1, b: 1 });
  for (let n = 0; n < 40; n++) {
    const provider = ['a', 'b', undefined][n % 3];
    const user = `u${n % 5}`;
    pool.enqueue(calls.make({ key: `w${n}`, provider, user, pipeline: `p${40 - n}` }), n);
  }
  for (const { provider, slot } of pool.grant(40))
    pool.release(provider, slot, limited(60_000), 41);
  // Some own several calls, some stand outside.
  const ownerOf = ({ key }: { readonly key: string }): string | null => {
    const n = Number(key.slice(1));
    return n % 7 === 0 ? null : String(n < 12 ? n % 3 : n);
  };
  const longest = pool.news.longest(5, ownerOf);
  for (const [gate, other] of [
    ['a', 'b'],
    ['b', 'a'],
  ] as const) {
    const waiting = calls.waitingIn(pool).filter(({ call }) => call.provider !== other);
    const owners = new Set<string | null>([null]);
    const first = waiting
      .toSorted((x, y) => x.call.order - y.call.order)
      .filter(({ call }) => !owners.has(ownerOf(call)) && owners.add(ownerOf(call)))
      .slice(0, 5);
    expect(first).toHaveLength(5);
    expect(longest.get(gate)?.map(({ key }) => key)).toEqual(first.map(({ call }) => call.key));
    expect(longest.get(gate)?.map(({ enteredAtMs }) => enteredAtMs)).toEqual(
      first.map(({ call }) => call.order - 1),
    );
  }
});

describe('routing', () => {
  it('fills all providers with calls that name none, the least loaded first', () => {
    const pool = poolOf({ a: 120, b: 120 });
    for (let i = 0; i < 300; i++) enqueue(pool, `k${i}`);
    expect(pool.grant(0)).toHaveLength(240);
    const [a, b] = pool.stats(0).providers;
    expect([a?.calling, b?.calling, pool.stats(0).queued]).toEqual([120, 120, 60]);
  });

  it('loads providers in proportion to their ceilings', () => {
    const pool = poolOf({ a: 10, b: 30 });
    for (let i = 0; i < 20; i++) enqueue(pool, `k${i}`);
    pool.grant(0);
    expect(pool.stats(0).providers.map(({ calling }) => calling)).toEqual([5, 15]);
  });

  it('sends elsewhere what can go anywhere, when others wait for a provider by name', () => {
    const pool = poolOf({ a: 2, b: 2 });
    enqueue(pool, 'x1 x2');
    enqueue(pool, 'a1 a2', { provider: 'a' });
    const grants = pool.grant(0);
    expect(grants).toHaveLength(4);
    for (const { call, provider } of grants) expect(provider).toBe(call.key[0] === 'a' ? 'a' : 'b');
  });

  it('refuses a provider that it does not know, and takes a call once', () => {
    const pool = poolOf({ a: 1, b: 1 });
    expect(() => enqueue(pool, 'k', { provider: 'c' })).toThrow(
      'No provider is called c; known: a, b.',
    );
    const call = poolCall({ key: 'k' });
    expect([pool.enqueue(call, 0), pool.enqueue(call, 0)]).toEqual([true, false]);
    expect(pool.stats(0).queued).toBe(1);
  });

  it('grants at most what it is asked for', () => {
    const pool = poolOf({ a: 10 });
    enqueue(pool, 'k1 k2 k3');
    expect(keysOf(pool.grant(0, 2))).toEqual(['k1', 'k2']);
    expect(keysOf(pool.grant(0))).toEqual(['k3']);
  });
});

describe('a 429', () => {
  it('cools the provider as long as it asked, and gives the call its place and attempt back', () => {
    const pool = poolOf({ a: 1 });
    enqueue(pool, 'k1 k2');
    const [grant] = pool.grant(0);
    const released = pool.release('a', grant?.slot ?? 0, limited(3_000), 100);
    expect(released).toMatchObject({ fate: 'requeued', attempt: 1 });
    expect(statusOf(pool, 100)).toBe('cooling');
    expect(reasons(pool)).toEqual({ k1: 'cooling', k2: 'cooling' });
    expect(pool.nextDueMs()).toBe(3_100);
    expect(pool.grant(3_099)).toEqual([]);
    expect(keysOf(pool.grant(3_100))).toEqual(['k1']);
  });

  it('waits for the longest of what a burst asked for', () => {
    const pool = poolOf({ a: 3 });
    enqueue(pool, 'k1 k2 k3');
    const asks = [limited(500), limited(2_000), limited(50)];
    pool.grant(0).forEach(({ slot }, i) => pool.release('a', slot, asks[i] ?? limited(1), i));
    expect(pool.nextDueMs()).toBe(2_001);
    expect(pool.stats(0).providers[0]?.rateLimited).toBe(3);
  });

  it('sends calls to another provider meanwhile', () => {
    const pool = poolOf({ a: 1, b: 1 });
    enqueue(pool, 'k1');
    const [first] = pool.grant(0);
    pool.release(first?.provider ?? '', first?.slot ?? 0, limited(60_000), 1);
    const [second] = pool.grant(1);
    expect([first?.provider, second?.provider, second?.attempt]).toEqual(['a', 'b', 1]);
  });

  it('of a probe shows that the provider answers', () => {
    const pool = stalled();
    const [probe] = pool.grant(10_000);
    pool.release('a', probe?.slot ?? 0, limited(50), 10_000);
    expect(statusOf(pool, 10_000)).toBe('cooling');
    expect(pool.grant(10_050).length).toBeGreaterThan(1);
  });
});

describe('an answer that may differ next time', () => {
  const maybe = { kind: 'retry-once', retryAfterMs: null } as const;

  it('brings the call back once, and is its own fault the second time', () => {
    const pool = poolOf({ a: 1 });
    enqueue(pool, 'k1');
    const [first] = pool.grant(0);
    expect(pool.bringsBack(calls.get('k1'), 'retry-once')).toBe(true);
    const back = pool.release('a', first?.slot ?? 0, maybe, 0);
    expect(back).toMatchObject({ fate: 'backoff', attempt: 2 });
    const [second] = pool.grant(pool.nextDueMs() ?? 0);
    expect(second).toMatchObject({ attempt: 2 });
    expect(pool.bringsBack(calls.get('k1'), 'retry-once')).toBe(false);
    const end = pool.release('a', second?.slot ?? 0, maybe, 1_000);
    expect(end).toMatchObject({ fate: 'failed', attempt: 2 });
    expect(calls.waitingIn(pool)).toEqual([]);
  });

  it('stays one retry, whatever comes between', () => {
    const pool = poolOf({ a: 1 });
    enqueue(pool, 'k1');
    const fates = [maybe, limited(50), outage, maybe].map((outcome, i) => {
      const nowMs = i * 60_000;
      const [grant] = pool.grant(nowMs);
      return pool.release('a', grant?.slot ?? 0, outcome, nowMs).fate;
    });
    expect(fates).toEqual(['backoff', 'requeued', 'backoff', 'failed']);
  });

  it('stalls no provider, and shows one that was stalled to answer', () => {
    const pool = poolOf({ a: 4 });
    for (let i = 0; i < 20; i++) enqueue(pool, `k${i}`);
    for (let i = 0; i < 5; i++) {
      for (const { slot } of pool.grant(i)) pool.release('a', slot, maybe, i);
      expect(statusOf(pool, i)).toBe('open');
    }
    const down = stalled();
    const [probe] = down.grant(10_000);
    down.release('a', probe?.slot ?? 0, maybe, 10_000);
    expect(statusOf(down, 10_000)).toBe('open');
  });
});

/** A provider of four slots after five outages in a row; the calls back off. */
function stalled(): Pool<PoolCall> {
  const pool = poolOf({ a: 4 });
  enqueue(pool, 'k1 k2 k3 k4 k5');
  for (let failed = 0; failed < 5; failed++) {
    const [grant] = pool.grant(0, 1);
    pool.release('a', grant?.slot ?? 0, outage, 0);
  }
  expect(statusOf(pool, 0)).toBe('stalled');
  return pool;
}

describe('an outage', () => {
  it('costs the call an attempt and a growing wait', () => {
    const pool = poolOf({ a: 1 });
    enqueue(pool, 'k1');
    let nowMs = 0;
    for (const [attempt, waitMs] of [
      [2, 250],
      [3, 500],
      [4, 1_000],
    ]) {
      const [grant] = pool.grant(nowMs);
      const released = pool.release('a', grant?.slot ?? 0, outage, nowMs);
      expect(released).toMatchObject({ fate: 'backoff', attempt });
      expect(pool.nextDueMs()).toBe(nowMs + (waitMs ?? 0));
      expect(reasons(pool)).toEqual({ k1: 'backoff' });
      nowMs += waitMs ?? 0;
    }
    expect(pool.grant(nowMs)[0]?.attempt).toBe(4);
  });

  it('stalls the provider when it goes on, until one probe comes back', () => {
    const pool = stalled();
    enqueue(pool, 'k6');
    const probes = pool.grant(10_000);
    expect(probes).toHaveLength(1);
    expect(statusOf(pool, 10_000)).toBe('probing');
    expect(pool.grant(20_000)).toEqual([]);
    expect(Object.values(reasons(pool))).toEqual(Array.from({ length: 5 }, () => 'stalled'));
    pool.release('a', probes[0]?.slot ?? 0, { kind: 'ok' }, 20_000);
    expect(statusOf(pool, 20_000)).toBe('open');
    expect(pool.grant(20_000)).toHaveLength(4);
  });

  it('is probed after growing pauses, by no more than one call each', () => {
    const pool = stalled();
    const pauses: number[] = [];
    let nowMs = 5_000;
    pool.grant(nowMs).forEach(({ slot }) => pool.release('a', slot, outage, nowMs));
    for (let probe = 0; probe < 6; probe++) {
      const fromMs = nowMs;
      // Backoffs end too: go on until a probe goes.
      for (let due = 0; due < 10 && pauses.length === probe; due++) {
        nowMs = Math.max(nowMs, pool.nextDueMs() ?? 0);
        for (const { slot } of pool.grant(nowMs)) {
          pauses.push(nowMs - fromMs);
          pool.release('a', slot, outage, nowMs);
        }
      }
    }
    // Doubled, with three quarters of the jitter: of 2 s, then of 2.5 s, which is the most.
    expect(pauses).toEqual([1_500, 1_875, 1_875, 1_875, 1_875, 1_875]);
  });

  it('ends when a call from before the stall is answered', () => {
    const pool = poolOf({ a: 6 });
    enqueue(pool, 'k1 k2 k3 k4 k5 k6');
    const grants = pool.grant(0);
    for (const { slot } of grants.slice(0, 5)) pool.release('a', slot, outage, 1);
    expect(statusOf(pool, 1)).toBe('stalled');
    pool.release('a', grants[5]?.slot ?? 0, { kind: 'ok' }, 2);
    expect(statusOf(pool, 2)).toBe('open');
  });

  it('is not counted twice for calls from before the provider opened again', () => {
    const pool = poolOf({ a: 20 });
    for (let i = 0; i < 20; i++) enqueue(pool, `k${i}`);
    const grants = pool.grant(0);
    for (const { slot } of grants.slice(0, 5)) pool.release('a', slot, outage, 1);
    pool.release('a', grants[5]?.slot ?? 0, { kind: 'ok' }, 2);
    for (const { slot } of grants.slice(6)) pool.release('a', slot, outage, 3);
    expect(statusOf(pool, 3)).toBe('open');
  });

  it("is interrupted by any answer, a caller's fault too", () => {
    const pool = poolOf({ a: 1 });
    for (let i = 0; i < 40; i++) {
      enqueue(pool, `k${i}`, {}, i);
      const [grant] = pool.grant(i);
      const how = i % 4 === 3 ? ({ kind: 'caller', retryAfterMs: null } as const) : outage;
      pool.release('a', grant?.slot ?? 0, how, i);
      expect(statusOf(pool, i)).toBe('open');
    }
  });

  it('is probed again at once when the probe was cancelled', () => {
    const pool = stalled();
    const [probe] = pool.grant(10_000);
    const key = probe?.call.key ?? '';
    expect(pool.cancel(calls.get(key), 10_000)).toEqual({
      kind: 'in-slot',
      provider: 'a',
      slot: probe?.slot,
    });
    expect(pool.release('a', probe?.slot ?? 0, { kind: 'aborted' }, 10_001).fate).toBe('dropped');
    expect(pool.grant(10_001)).toHaveLength(1);
  });
});

describe('a refusal', () => {
  it('parks the provider and keeps its calls, in their order, until a person reopens it', () => {
    const pool = poolOf({ a: 1 });
    enqueue(pool, 'k1 k2');
    const [grant] = pool.grant(0);
    expect(pool.release('a', grant?.slot ?? 0, refused, 1)).toMatchObject({ fate: 'requeued' });
    expect(reasons(pool)).toEqual({ k1: 'parked', k2: 'parked' });
    expect(pool.nextDueMs()).toBeNull();
    expect(pool.grant(1e9)).toEqual([]);
    pool.order('a', reopening, 1e9);
    expect(keysOf(pool.grant(1e9))).toEqual(['k1']);
  });

  it('that goes on after a person has reopened the provider parks it again', () => {
    const pool = poolOf({ a: 1 });
    enqueue(pool, 'k1');
    const [grant] = pool.grant(0);
    pool.release('a', grant?.slot ?? 0, refused, 1);
    pool.order('a', reopening, 10);
    pool.order('a', reopening, 10);
    const again = pool.grant(10);
    expect(keysOf(again)).toEqual(['k1']);
    pool.release('a', again[0]?.slot ?? 0, refused, 11);
    expect(pool.stats(11).providers).toMatchObject([{ status: 'parked' }]);
    expect(pool.grant(1e9)).toEqual([]);
  });

  it('is asked about by one call, when a person has it probed', () => {
    const pool = poolOf({ a: 3 });
    enqueue(pool, 'k1 k2 k3');
    const [grant] = pool.grant(0, 1);
    pool.release('a', grant?.slot ?? 0, refused, 1);
    pool.order('a', probing, 2);
    expect(pool.stats(2).providers).toMatchObject([{ status: 'stalled' }]);
    const probe = pool.grant(2);
    expect(probe).toHaveLength(1);
    pool.release('a', probe[0]?.slot ?? 0, refused, 3);
    expect(pool.stats(3).providers).toMatchObject([{ status: 'parked' }]);
    pool.order('a', probing, 4);
    pool.release('a', pool.grant(4)[0]?.slot ?? 0, { kind: 'ok' }, 5);
    expect(pool.stats(5).providers).toMatchObject([{ status: 'open' }]);
  });

  it("of a caller's fault fails that call alone", () => {
    const pool = poolOf({ a: 1 });
    enqueue(pool, 'k1 k2');
    const [grant] = pool.grant(0);
    const fault = { kind: 'caller', retryAfterMs: null } as const;
    expect(pool.release('a', grant?.slot ?? 0, fault, 1).fate).toBe('failed');
    expect(keysOf(pool.grant(1))).toEqual(['k2']);
  });
});

describe('cancelling', () => {
  it('removes a call that is queued or backs off', () => {
    const pool = poolOf({ a: 1 });
    enqueue(pool, 'k1 k2');
    const [grant] = pool.grant(0);
    pool.release('a', grant?.slot ?? 0, outage, 0);
    expect(pool.cancel(calls.get('k1'), 0)).toEqual({ kind: 'removed' });
    expect(pool.cancel(calls.get('k2'), 0)).toEqual({ kind: 'removed' });
    expect(pool.cancel(calls.get('k2'), 0)).toEqual({ kind: 'unknown' });
    expect([...calls.waitingIn(pool), ...pool.grant(1e9)]).toEqual([]);
  });

  it('drops a call in a slot however it ends, even by a 429', () => {
    const pool = poolOf({ a: 1 });
    enqueue(pool, 'k1');
    const [grant] = pool.grant(0);
    expect(pool.cancel(calls.get('k1'), 0).kind).toBe('in-slot');
    expect(pool.release('a', grant?.slot ?? 0, limited(50), 1).fate).toBe('dropped');
    expect(pool.grant(100)).toEqual([]);
  });

  it('refuses to release a slot that holds nothing', () => {
    const pool = poolOf({ a: 1 });
    expect(() => pool.release('a', 0, { kind: 'ok' }, 0)).toThrow('RELEASE is not allowed in idle');
  });
});

describe('the share of a replica', () => {
  it('is a part of each ceiling, one slot at least', () => {
    const pool = poolOf({ a: 120, b: 2 }, { share: 1 / 3 });
    expect(pool.stats(0).providers.map(({ limit }) => limit)).toEqual([40, 1]);
  });

  it('interrupts no call when it shrinks, and grows back', () => {
    const pool = poolOf({ a: 4 });
    enqueue(pool, 'k1 k2 k3 k4 k5 k6');
    const grants = pool.grant(0);
    pool.setShare(0.5, 0);
    expect(pool.stats(0).providers[0]).toMatchObject({ limit: 2, calling: 4, free: 0 });
    for (const { slot } of grants.slice(0, 2)) pool.release('a', slot, { kind: 'ok' }, 1);
    expect(pool.grant(1)).toEqual([]);
    pool.setShare(1, 1);
    expect(pool.grant(1)).toHaveLength(2);
  });
});

describe('what the pool tells', () => {
  it('runs of a stall and of its end, merged and in batches', () => {
    const pool = stalled();
    enqueue(pool, 'k6 k7');
    const first = pool.news.takeWaits(3);
    const rest = pool.news.takeWaits();
    expect([first.length, rest.length, pool.news.takeWaits().length]).toEqual([3, 4, 0]);
    const shown = Object.fromEntries(
      [...first, ...rest].map((change) => [change.call.key, change.shown]),
    );
    expect(shown).toMatchObject({ k1: 'backoff', k5: 'backoff', k6: 'stalled', k7: 'stalled' });
    pool.order('a', reopening, 0);
    const keys = keysOf(pool.news.takeWaits());
    expect(keys.sort()).toEqual(['k6', 'k7']);
  });

  it('nothing of a stall that was over before anybody asked', () => {
    const pool = poolOf({ a: 1 });
    enqueue(pool, 'k1');
    const [grant] = pool.grant(0);
    enqueue(pool, 'k2 k3');
    pool.release('a', grant?.slot ?? 0, refused, 0);
    pool.order('a', reopening, 0);
    expect(pool.news.takeWaits()).toEqual([]);
  });

  it('the rows of slots, once for each that has changed', () => {
    const pool = poolOf({ a: 2 });
    enqueue(pool, 'k1');
    pool.grant(0);
    expect(pool.news.takeSlots()).toMatchObject([
      { provider: 'a', slot: 0, status: 'calling', call: { key: 'k1' }, attempt: 1, calls: 1 },
    ]);
    pool.release('a', 0, limited(50), 1);
    expect(pool.news.takeSlots()).toMatchObject([
      { slot: 0, status: 'backoff', call: null, calls: 0, rateLimited: 1 },
    ]);
    pool.grant(60);
    pool.release('a', 0, { kind: 'ok' }, 61);
    expect(pool.news.takeSlots()).toMatchObject([{ slot: 0, status: 'idle', calls: 1 }]);
    expect(pool.news.takeSlots()).toEqual([]);
  });

  it('how much slot-time was in use while a call waited', () => {
    const pool = poolOf({ a: 2, b: 2 });
    enqueue(pool, 'k1 k2 k3', { provider: 'a' });
    const grants = pool.grant(0);
    // 100 ms with one waiting, two of four slots in use; then nobody waits.
    for (const { slot } of grants) pool.release('a', slot, { kind: 'ok' }, 100);
    for (const { slot } of pool.grant(100)) pool.release('a', slot, { kind: 'ok' }, 400);
    expect(pool.stats(400).slotMs).toEqual({ used: 200, offered: 400 });
  });
});

describe('an order of a person', () => {
  const cooling = () => {
    const pool = poolOf({ a: 2 });
    enqueue(pool, 'k1 k2 k3');
    const [grant] = pool.grant(0, 1);
    pool.release('a', grant?.slot ?? 0, limited(60_000), 1);
    return pool;
  };

  it('leaves a cooling its time, unless it says otherwise', () => {
    const pool = cooling();
    pool.order('a', reopening, 10);
    pool.order('a', probing, 10);
    expect(pool.grant(59_000)).toEqual([]);
    expect(pool.stats(59_000).providers).toMatchObject([{ status: 'cooling' }]);
    expect(pool.nextDueMs()).toBe(60_001);
    pool.order('a', { ...reopening, endsCooling: true }, 59_000);
    expect(pool.grant(59_000).length).toBeGreaterThan(0);
  });

  it('reopens what is parked into the cooling that stands', () => {
    const pool = poolOf({ a: 2 });
    enqueue(pool, 'k1 k2 k3');
    const [one, other] = pool.grant(0);
    pool.release('a', one?.slot ?? 0, limited(60_000), 1);
    pool.release('a', other?.slot ?? 0, refused, 2);
    expect(pool.stats(2).providers).toMatchObject([{ status: 'parked' }]);
    pool.order('a', reopening, 10);
    expect(pool.stats(10).providers).toMatchObject([{ status: 'cooling' }]);
    expect(pool.grant(60_000)).toEqual([]);
    expect(pool.grant(60_001).length).toBeGreaterThan(0);
  });

  it('has a stalled provider asked at once, by one call', () => {
    const pool = stalled();
    enqueue(pool, 'k6 k7');
    const dueMs = pool.nextDueMs() ?? 0;
    expect(dueMs).toBeGreaterThan(100);
    expect(pool.grant(100)).toEqual([]);
    pool.order('a', probing, 100);
    pool.order('a', probing, 100);
    expect(pool.grant(100)).toHaveLength(1);
    expect(pool.grant(100)).toEqual([]);
  });

  it('does nothing to a provider that is open, and is refused for one that is not there', () => {
    const pool = poolOf({ a: 2 });
    pool.order('a', reopening, 1);
    pool.order('a', probing, 1);
    expect(pool.stats(1).providers).toMatchObject([{ status: 'open' }]);
    expect(() => pool.order('z', reopening, 1)).toThrow(
      expect.objectContaining({ code: 'provider-unknown' }),
    );
  });

  it('is told to the database anew, for it has changed the row', () => {
    const pool = poolOf({ a: 1 });
    pool.news.restore(new Map(), 0);
    enqueue(pool, 'k1');
    pool.release('a', pool.grant(0)[0]?.slot ?? 0, refused, 1);
    expect(pool.news.takeGates(1_000)).toMatchObject([{ status: 'parked' }]);
    expect(pool.news.takeGates(2_000)).toEqual([]);
    pool.order('a', reopening, 2_000);
    pool.release('a', pool.grant(2_000)[0]?.slot ?? 0, refused, 2_001);
    expect(pool.news.takeGates(2_001)).toMatchObject([{ status: 'parked' }]);
  });

  it('counts who stands in line, for each gate that a call may go through', () => {
    const pool = poolOf({ a: 1, b: 1 });
    enqueue(pool, 'k1 k2 k3', { provider: 'a' });
    expect(pool.lines).toEqual({ a: 3 });
    enqueue(pool, 'k4 k5');
    expect(pool.lines).toEqual({ a: 5, b: 2 });
    pool.grant(0);
    expect(pool.lines['a']).toBe(2 + 1);
  });
});
