/** Between a grant and its request lies a commit: what may come meanwhile, and the call that then waits again. */
import { describe, expect, it } from 'vitest';
import { capacityWith } from '../../../src/domain/capacity-settings.ts';
import { Pool, type Grant, type PoolCall } from '../../../src/providers/capacity/pool.ts';
import { PoolCalls } from '../../support/pool-calls.ts';

type Granted = { readonly pool: Pool<PoolCall>; readonly grants: readonly Grant<PoolCall>[] };

const calls = new PoolCalls();

function granted(count: number): Granted {
  const providers = [{ name: 'a', ceiling: count }];
  const settings = capacityWith({ probing: { outagesToStall: 1 } });
  const pool = new Pool<PoolCall>({ providers, share: 1, random: () => 0.5, settings });
  for (let i = 1; i <= count + 1; i += 1) {
    pool.enqueue(calls.make({ key: `k${i}` }), 0);
  }
  return { pool, grants: pool.grant(0) };
}

const mayBegin = ({ pool, grants }: Granted, nowMs: number) =>
  grants.map((grant) => pool.mayBegin(grant, nowMs));
const keysOf = (grants: readonly Grant<PoolCall>[]) => grants.map(({ call }) => call.key);
const end = (pool: Pool<PoolCall>, slot: number, kind: 'rate-limited' | 'outage' | 'caller') =>
  pool.release('a', slot, { kind, retryAfterMs: kind === 'rate-limited' ? 1_000 : null }, 10);

describe('a slot that was given, and not used yet', () => {
  it('is taken back when its provider has asked to wait, and the call has its place again', () => {
    const { pool, grants } = granted(3);
    expect(mayBegin({ pool, grants }, 5)).toEqual([true, true, true]);
    end(pool, 0, 'rate-limited');
    expect(mayBegin({ pool, grants: grants.slice(1) }, 10)).toEqual([false, false]);
    for (const slot of [2, 1]) {
      const back = pool.release('a', slot, { kind: 'withheld' }, 10);
      expect(back).toMatchObject({ fate: 'requeued', attempt: 1 });
    }
    expect(pool.stats(10).providers[0]).toMatchObject({ calling: 0, status: 'cooling' });
    expect(pool.grant(1_009)).toEqual([]);
    expect(keysOf(pool.grant(1_010))).toEqual(['k1', 'k2']);
    expect(calls.waitingIn(pool).map(({ call }) => call.key)).toEqual(['k3', 'k4']);
  });

  it('is taken back when its provider is out, but for the probe', () => {
    const { pool, grants } = granted(2);
    end(pool, 0, 'outage');
    expect(mayBegin({ pool, grants: grants.slice(1) }, 10)).toEqual([false]);
    pool.release('a', 1, { kind: 'withheld' }, 10);
    const probes = pool.grant(60_000);
    expect(keysOf(probes)).toHaveLength(1);
    expect(mayBegin({ pool, grants: probes }, 60_000)).toEqual([true]);
  });

  it('is used when another call has failed by its own fault', () => {
    const { pool, grants } = granted(2);
    end(pool, 0, 'caller');
    expect(mayBegin({ pool, grants: grants.slice(1) }, 10)).toEqual([true]);
  });

  it('is free when its call was cancelled', () => {
    const { pool } = granted(2);
    end(pool, 0, 'rate-limited');
    pool.cancel(calls.get('k2'), 11);
    expect(pool.release('a', 1, { kind: 'withheld' }, 12)).toMatchObject({ fate: 'dropped' });
    expect(pool.stats(12)).toMatchObject({ inFlight: 0, queued: 2 });
  });
});
