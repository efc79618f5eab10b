/** Where a call may go: by provider, list, model and tier, and what shares a ceiling. */
import { describe, expect, it } from 'vitest';
import type { ProviderSpec } from '../../../src/providers/capacity/gates.ts';
import { Pool, type PoolCall, type PoolPlace } from '../../../src/providers/capacity/pool.ts';
import { PoolCalls } from '../../support/pool-calls.ts';

const limited = { kind: 'rate-limited', retryAfterMs: 5_000 } as const;
const outage = { kind: 'outage', retryAfterMs: null } as const;

function poolOf(...providers: readonly ProviderSpec[]) {
  const pool = new Pool<PoolCall>({ providers, share: 1, random: () => 0.5 });
  const calls = new PoolCalls();
  let made = 0;
  return {
    pool,
    calls,
    enqueue: (wanted: Partial<PoolPlace>, count = 1) => {
      for (let i = 0; i < count; i++) {
        const key = `k${(made += 1)}`;
        pool.enqueue(calls.make({ ...wanted, key }), 0);
      }
    },
    gates: (nowMs = 0) => pool.grant(nowMs).map(({ provider }) => provider),
    statuses: (nowMs: number) =>
      Object.fromEntries(pool.stats(nowMs).providers.map(({ name, status }) => [name, status])),
  };
}
const a = { name: 'a', ceiling: 2, models: ['m1', 'm2'], tiers: { small: 'm2' } };
const b = { name: 'b', ceiling: 2, models: ['m1'] };

describe('a call', () => {
  it('takes the first provider of its list that is free, and a free one before a queue', () => {
    const { enqueue, gates } = poolOf(a, b);
    enqueue({ providers: ['b', 'a'] }, 5);
    expect(gates()).toEqual(['b', 'b', 'a', 'a']);
  });

  it('falls back while the first of its list cools or is out, and comes back to it', () => {
    const { pool, enqueue, gates } = poolOf(a, b);
    enqueue({ providers: ['b', 'a'] }, 2);
    pool.grant(0).forEach(({ slot }) => pool.release('b', slot, limited, 0));
    expect(gates(1)).toEqual(['a', 'a']);
    enqueue({ providers: ['b', 'a'] });
    expect(gates(6_000)).toEqual(['b']);
  });

  it('goes only where its model or tier is served', () => {
    const { enqueue, gates } = poolOf(a, b);
    enqueue({ model: 'm2' });
    enqueue({ tier: 'small' });
    enqueue({ model: 'm1', provider: 'b' });
    expect(gates().sort()).toEqual(['a/m2', 'a/m2', 'b']);
  });

  it('goes only to providers that can do what it needs', () => {
    const able = { ...b, name: 'able', supports: { images: 'bytes', toolChoice: true } } as const;
    const { enqueue, gates } = poolOf(a, b, able);
    enqueue({ needs: ['images'] }, 2);
    enqueue({ needs: ['images', 'tool-choice'], model: 'm1' });
    expect(gates()).toEqual(['able', 'able']);
  });

  it.each([
    [{ needs: ['image-urls'] }, 'takes images by their address'],
    [
      { needs: ['tool-choice'], provider: 'b' },
      'obeys a tool choice (supports.toolChoice); asked: b',
    ],
    [{ needs: ['images', 'tool-choice'], providers: ['a', 'half'] }, 'takes images'],
  ] as const)('is refused where nobody can do what it needs: %j', (wanted, words) => {
    const half = { ...b, name: 'half', supports: { toolChoice: true } };
    const { pool, enqueue } = poolOf(a, b, half);
    expect(() => enqueue(wanted)).toThrow(
      expect.objectContaining({
        code: 'provider-lacks',
        message: expect.stringContaining(words) as string,
      }),
    );
    expect(pool.stats(0)).toMatchObject({ queued: 0, inFlight: 0 });
  });

  it('may name a model that only a tier names', () => {
    const { enqueue, gates } = poolOf({ ...b, tiers: { small: 'm3' } });
    enqueue({ model: 'm3' });
    expect(gates()).toEqual(['b/m3']);
  });

  it.each([
    [{ provider: 'no' }, 'provider-unknown', 'No provider is called no; known: a, b.'],
    [{ providers: ['a', 'no'] }, 'provider-unknown', 'No provider is called no; known: a, b.'],
    [{ model: 'm9' }, 'model-unknown', 'generate.model: no provider serves m9; known: m1, m2.'],
    [{ model: 'm2', provider: 'b' }, 'model-unknown', 'no provider serves m2; known: m1.'],
    [{ tier: 'huge' }, 'tier-unknown', 'generate.tier: no provider has a tier huge; known: small.'],
  ])('is refused for %j, by field, and nothing has changed', (wanted, code, message) => {
    const { pool, calls, enqueue } = poolOf(a, b);
    expect(() => enqueue(wanted)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) as string }),
    );
    expect(pool.stats(0)).toMatchObject({ queued: 0, inFlight: 0 });
    expect(calls.waitingIn(pool)).toEqual([]);
  });

  it('may name any model where a provider does not list its models', () => {
    const { enqueue, gates } = poolOf({ name: 'any', ceiling: 2 });
    enqueue({ model: 'x' });
    enqueue({ tier: 'y' });
    expect(gates()).toEqual(['any', 'any']);
  });

  it('waits as stalled when every provider of its list is out, and goes on by itself', () => {
    const { pool, calls, enqueue } = poolOf(a, b);
    for (let i = 0; i < 10; i++) {
      const provider = i % 2 === 0 ? 'a' : 'b';
      enqueue({ provider });
      const grant = pool.grant(0).find((one) => one.provider === provider);
      pool.release(provider, grant?.slot ?? 0, outage, 0);
      pool.cancel(calls.get(`k${i + 1}`), 0);
    }
    enqueue({ providers: ['a', 'b'] });
    expect(calls.waitingIn(pool).map(({ reason }) => reason)).toEqual(['stalled']);
    const dueMs = pool.nextDueMs() ?? 0;
    expect(pool.grant(dueMs)).toHaveLength(1);
  });
});

describe('a 429', () => {
  it('for one model does not cool another of the same provider', () => {
    const { pool, enqueue, gates, statuses } = poolOf(a);
    enqueue({ model: 'm1' }, 2);
    pool.grant(0).forEach(({ provider, slot }) => pool.release(provider, slot, limited, 0));
    expect(statuses(1)).toEqual({ a: 'cooling', 'a/m2': 'open' });
    enqueue({ model: 'm2' });
    expect(gates(1)).toEqual(['a/m2']);
  });
});

describe('providers that share a ceiling', () => {
  const twin = { ...b, name: 'twin', sharesCeilingWith: ['b'] };

  it('are no relief for each other: together they take what one takes', () => {
    const { pool, enqueue, gates } = poolOf(b, twin);
    enqueue({ providers: ['b', 'twin'] }, 5);
    expect(gates()).toHaveLength(2);
    expect(pool.gates.correlated).toEqual([['twin', 'b']]);
  });

  it('cool together', () => {
    const { pool, enqueue, gates, statuses } = poolOf(b, twin);
    enqueue({ provider: 'b' });
    pool.grant(0).forEach(({ slot }) => pool.release('b', slot, limited, 0));
    enqueue({ provider: 'twin' });
    expect(gates(1)).toEqual([]);
    expect(statuses(1)).toEqual({ b: 'cooling', twin: 'cooling' });
    // One of two slots: a 429 to the only call in flight has cut the limit to one.
    expect(gates(5_000)).toHaveLength(1);
  });

  it('must be providers', () => {
    expect(() => poolOf({ ...b, sharesCeilingWith: ['no'] })).toThrow('names no');
  });
});

describe('the time until a call’s turn', () => {
  const placed = (count: number, took: number) => {
    const { pool, calls, enqueue } = poolOf({ name: 'a', ceiling: 2 });
    enqueue({}, 2);
    const [first] = pool.grant(0);
    pool.begin(first!, 0);
    const waiting = Array.from({ length: count }, (_, i) => {
      const call = calls.make({ key: `w${i}` });
      pool.enqueue(call, 0);
      return call;
    });
    if (took > 0) pool.release('a', first!.slot, { kind: 'ok' }, took);
    return { pool, waiting };
  };

  it('is not known before a call was answered', () => {
    const { pool, waiting } = placed(3, 0);
    expect(pool.news.placeOf(waiting[2]!, 1)).toMatchObject({
      line: 'a',
      length: 3,
      estimateMs: null,
    });
  });

  it('goes by how long calls take, how many go at once, and a cooling', () => {
    const { pool, waiting } = placed(4, 8_000);
    // Four calls of 8 s at two places.
    expect(pool.news.placeOf(waiting[3]!, 8_000)).toMatchObject({ length: 4, estimateMs: 16_000 });
    pool.release('a', 1, limited, 9_000);
    const cooling = pool.news.placeOf(waiting[3]!, 9_000)?.estimateMs ?? 0;
    expect(cooling).toBeGreaterThan(5_000 + 16_000);
  });
});
