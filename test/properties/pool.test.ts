/** Promises 7 to 9 at the pool: random calls, ends, faults and times against what must be true. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { capacityWith } from '../../src/domain/capacity-settings.ts';
import { Pool, type Grant, type PoolCall } from '../../src/providers/capacity/pool.ts';
import type { CallOutcome } from '../../src/providers/capacity/gate.ts';
import { orders, reopening } from '../support/gate-orders.ts';
import { PoolCalls, poolCall } from '../support/pool-calls.ts';
import { shownAs, type ShownWait } from '../../src/providers/capacity/wait-reason.ts';

const providers = [
  { name: 'a', ceiling: 3 },
  { name: 'b', ceiling: 1 },
  { name: 'c', ceiling: 6 },
];

const outcome: fc.Arbitrary<CallOutcome> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<CallOutcome>({ kind: 'ok' }) },
  { weight: 1, arbitrary: fc.constantFrom<CallOutcome>({ kind: 'aborted' }, { kind: 'withheld' }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom('rate-limited', 'outage', 'outage', 'refused', 'caller', 'retry-once'),
      retryAfterMs: fc.constantFrom(null, 0, 10, 700, 1e12, Number.NaN),
    }),
  },
);

const action = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('enqueue' as const),
      tenant: fc.constantFrom('t1', 't2'),
      user: fc.constantFrom('u1', 'u2'),
      provider: fc.constantFrom(undefined, undefined, 'a', 'b', 'c'),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('grant' as const), max: fc.nat(9) }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('release' as const), of: fc.nat(9), outcome }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cancel' as const), of: fc.nat(60) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(3_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('due' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('order' as const),
      order: orders,
      provider: fc.constantFrom('a', 'b', 'c'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('share' as const),
      share: fc.constantFrom(1, 0.5, 1 / 3, 0.01),
    }),
  },
);
type Action = typeof action extends fc.Arbitrary<infer Value> ? Value : never;

/** Drives a pool and holds it against a list of calls that must be somewhere. */
class Drive {
  readonly pool: Pool<PoolCall>;
  readonly calls = new PoolCalls();
  readonly inSlots: Grant<PoolCall>[] = [];
  /** Calls that are the pool's, with the attempt that comes next. */
  readonly owned = new Map<string, number>();
  readonly cancelled = new Set<string>();
  readonly retried = new Set<string>();
  /** By provider and slot, what was written last. */
  readonly rows = new Map<string, { status: string; key: string | null }>();
  readonly shown = new Map<string, ShownWait>();
  nowMs = 0;
  made = 0;
  done = 0;
  faults = 0;
  statuses = new Set<string>();

  constructor(seed: number) {
    let state = seed >>> 0;
    const random = (): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 32;
    };
    // A low threshold: random ends seldom make five outages in a row.
    const settings = capacityWith({ probing: { outagesToStall: 2 } });
    this.pool = new Pool({ providers, share: 1, random, settings });
  }

  step(step: Action): void {
    switch (step.kind) {
      case 'enqueue': {
        const key = `k${(this.made += 1)}`;
        const { tenant, user, provider } = step;
        const place = { key, tenant, user, provider, pipeline: key };
        const call = this.calls.make({ ...place, pipelineStartedAtMs: this.made });
        assert.equal(this.pool.enqueue(call, this.nowMs), true);
        assert.equal(this.pool.enqueue(call, this.nowMs), false);
        this.owned.set(key, 1);
        return;
      }
      case 'grant':
        return this.grant(step.max);
      case 'release': {
        const grant = this.inSlots[step.of % Math.max(1, this.inSlots.length)];
        return grant && this.release(grant, step.outcome);
      }
      case 'cancel':
        return this.cancel(`k${step.of}`);
      case 'wait':
        this.nowMs += step.ms;
        return;
      case 'due':
        this.nowMs = Math.max(this.nowMs, this.pool.nextDueMs() ?? 0);
        return;
      case 'order':
        return this.pool.order(step.provider, step.order, this.nowMs);
      case 'share':
        return this.pool.setShare(step.share, this.nowMs);
    }
  }

  grant(max?: number): void {
    const before = new Map(this.pool.stats(this.nowMs).providers.map((one) => [one.name, one]));
    const grants = this.pool.grant(this.nowMs, max);
    for (const grant of grants) {
      assert.equal(this.owned.get(grant.call.key), grant.attempt);
      assert.equal(grant.call.provider ?? grant.provider, grant.provider);
      this.inSlots.push(grant);
    }
    if (max !== undefined) return;
    for (const { name, free, calling, limit, status } of this.pool.stats(this.nowMs).providers) {
      if (calling > (before.get(name)?.calling ?? 0)) assert.ok(calling <= limit);
      this.statuses.add(status);
      if (free === 0) continue;
      // No slot idles beside a call that it may take.
      for (const { call, reason } of this.calls.waitingIn(this.pool)) {
        assert.equal(reason === 'backoff' || (call.provider ?? name) !== name, true);
      }
    }
    const dueMs = this.pool.nextDueMs();
    // Nothing becomes possible before the time that the pool has named.
    const justBefore = dueMs === null ? this.nowMs + 1e6 : dueMs - 0.001;
    if (justBefore > this.nowMs) {
      this.nowMs = justBefore;
      assert.deepEqual(this.pool.grant(this.nowMs), []);
    }
  }

  release(grant: Grant<PoolCall>, how: CallOutcome): void {
    this.inSlots.splice(this.inSlots.indexOf(grant), 1);
    const { call, provider, slot, attempt } = grant;
    const released = this.pool.release(provider, slot, how, this.nowMs);
    assert.equal(released.call, call);
    if (how.kind !== 'ok') this.faults += 1;
    const isSecond = how.kind === 'retry-once' && this.retried.has(call.key);
    if (how.kind === 'retry-once') this.retried.add(call.key);
    const ends = how.kind === 'ok' || how.kind === 'caller' || how.kind === 'aborted' || isSecond;
    if (this.cancelled.has(call.key) || ends) {
      const fates = {
        ok: 'done',
        caller: 'failed',
        'retry-once': 'failed',
        aborted: 'dropped',
      } as const;
      const fate = ends ? fates[how.kind] : 'dropped';
      assert.equal(released.fate, this.cancelled.has(call.key) ? 'dropped' : fate);
      this.owned.delete(call.key);
      this.shown.delete(call.key);
      this.done += 1;
    } else {
      const costs = how.kind === 'outage' || how.kind === 'retry-once';
      assert.equal(released.attempt, costs ? attempt + 1 : attempt);
      this.owned.set(call.key, released.attempt);
    }
  }

  cancel(key: string): void {
    const result = this.pool.cancel(this.calls.get(key), this.nowMs);
    const inSlot = this.inSlots.find(({ call }) => call.key === key);
    if (inSlot !== undefined) {
      const { provider, slot } = inSlot;
      assert.deepEqual(result, { kind: 'in-slot', provider, slot });
      this.cancelled.add(key);
      return;
    }
    assert.equal(result.kind, this.owned.delete(key) ? 'removed' : 'unknown');
    this.shown.delete(key);
  }

  /** Everything that must be true at any time. */
  check(): void {
    const waiting = this.calls.waitingIn(this.pool);
    const keys = [...waiting, ...this.inSlots].map(({ call }) => call.key);
    assert.deepEqual(keys.sort(), [...this.owned.keys()].sort());
    const stats = this.pool.stats(this.nowMs);
    assert.equal(stats.queued + stats.backoff, waiting.length);
    for (const { name, ceiling, calling, peakInFlight } of stats.providers) {
      assert.equal(calling, this.inSlots.filter(({ provider }) => provider === name).length);
      assert.ok(Math.max(calling, peakInFlight) <= ceiling);
    }
    assert.ok(stats.slotMs.used <= stats.slotMs.offered * 100);
    // Rows that are written from the changes alone say which call is in which slot.
    for (const { provider, slot, status, call } of this.pool.news.takeSlots()) {
      assert.equal(status === 'calling', call !== null);
      this.rows.set(`${provider}/${slot}`, { status, key: call?.key ?? null });
    }
    const written = [...this.rows].flatMap(([slot, { key }]) =>
      key === null ? [] : [[slot, key]],
    );
    assert.deepEqual(
      new Set(written.map((row) => row.join(' '))),
      new Set(this.inSlots.map(({ provider, slot, call }) => `${provider}/${slot} ${call.key}`)),
    );
    // No slot rests at a provider that is open.
    const open = stats.providers.filter(({ status }) => status === 'open');
    for (const [slot, { status }] of this.rows) {
      if (!open.some(({ name }) => slot.startsWith(name))) continue;
      assert.ok(status === 'idle' || status === 'calling', `${slot} is ${status}`);
    }
    // Runs that are told of the changes alone show why their calls wait.
    while (this.news() > 0);
    for (const { call, reason } of waiting) {
      assert.equal(this.shown.get(call.key) ?? 'calling', shownAs(reason));
    }
    for (const { call } of this.inSlots) {
      assert.equal(this.shown.get(call.key) ?? 'calling', 'calling');
    }
  }

  news(): number {
    const changes = this.pool.news.takeWaits(2);
    assert.ok(changes.length <= 2);
    for (const { call, shown } of changes) {
      assert.equal(this.owned.has(call.key), true);
      assert.notEqual(this.shown.get(call.key) ?? 'calling', shown);
      this.shown.set(call.key, shown);
    }
    return changes.length;
  }

  /** From now on every call is answered: all that the pool owns must come to its end. */
  finish(): void {
    for (const { name, status } of this.pool.stats(this.nowMs).providers) {
      if (status === 'parked') this.pool.order(name, reopening, this.nowMs);
    }
    for (let round = 0; this.owned.size > 0; round++) {
      assert.ok(round < 500, 'too many rounds to finish');
      this.nowMs = Math.max(this.nowMs, this.pool.nextDueMs() ?? 0);
      this.grant();
      const grants = this.inSlots.slice();
      for (const grant of grants) this.release(grant, { kind: 'ok' });
      this.check();
    }
  }
}

const actions = fc.array(action, { maxLength: 150, size: 'max' });

describe('the pool', () => {
  it('loses and doubles no call, keeps every ceiling, idles no slot, and stops none for good', () => {
    let done = 0;
    let faults = 0;
    const statuses = new Set<string>();
    fc.assert(
      fc.property(actions, fc.nat(), (steps, seed) => {
        const drive = new Drive(seed);
        for (const step of steps) {
          drive.step(step);
          drive.check();
          drive.grant();
          drive.check();
        }
        drive.finish();
        done += drive.done;
        faults += drive.faults;
        for (const status of drive.statuses) statuses.add(status);
      }),
      { numRuns: 400 },
    );
    expect(done).toBeGreaterThan(2_000);
    expect(faults).toBeGreaterThan(2_000);
    expect([...statuses].sort()).toEqual(['cooling', 'open', 'parked', 'probing', 'stalled']);
  });

  /** The property of promise 8; `answer` is how a 429 reaches the pool. */
  const never429Stalls = (answer: (retryAfterMs: number | null) => CallOutcome) =>
    fc.property(
      fc.array(fc.tuple(fc.nat(3), fc.constantFrom(null, 0, 100, 5_000), fc.nat(500)), {
        minLength: 30,
        maxLength: 100,
      }),
      (steps) => {
        const drive = new Drive(steps.length);
        for (const [kind, retryAfterMs, ms] of steps) {
          drive.step({ kind: 'enqueue', tenant: 't1', user: 'u1', provider: undefined });
          drive.step({ kind: 'wait', ms });
          drive.grant();
          const [grant] = drive.inSlots;
          if (grant !== undefined)
            drive.release(grant, kind === 0 ? { kind: 'ok' } : answer(retryAfterMs));
          for (const { status } of drive.pool.stats(drive.nowMs).providers) {
            assert.ok(status === 'open' || status === 'cooling', status);
          }
          for (const { attempt } of drive.calls.waitingIn(drive.pool)) assert.equal(attempt, 1);
        }
        drive.finish();
      },
    );

  it('never stalls a provider for a 429, and takes no attempt for it (promise 8)', () => {
    fc.assert(never429Stalls((retryAfterMs) => ({ kind: 'rate-limited', retryAfterMs })));
  });

  it('would be caught if it took a 429 for an outage', () => {
    const planted = never429Stalls((retryAfterMs) => ({ kind: 'outage', retryAfterMs }));
    expect(fc.check(planted).failed).toBe(true);
  });

  it('gives a light user a slot within twice tenants × users turns (promise 9)', () => {
    const flood = fc.array(
      fc.record({
        tenant: fc.constantFrom('t1', 't2', 't3'),
        user: fc.constantFrom<string>('u1', 'u2', 'u3'),
        provider: fc.constantFrom(undefined, 'a'),
      }),
      { minLength: 20, maxLength: 100 },
    );
    let longest = 0;
    fc.assert(
      fc.property(flood, fc.constantFrom(undefined, 'a'), (calls, provider) => {
        const pool = new Pool<PoolCall>({
          providers: [{ name: 'a', ceiling: 1 }],
          share: 1,
          random: () => 0.5,
        });
        let made = 0;
        const enqueue = (call: (typeof calls)[number], key = `k${(made += 1)}`): void => {
          const place = { ...call, key, pipeline: key, pipelineStartedAtMs: made };
          pool.enqueue(poolCall(place), made);
        };
        calls.forEach((call) => enqueue(call));
        enqueue({ tenant: 't2', user: 'light', provider }, 'light');
        for (let turns = 1; ; turns++) {
          const [grant] = pool.grant(made);
          expect(turns).toBeLessThanOrEqual(2 * 3 * 4);
          if (grant === undefined) throw new Error('a slot idles beside a queue');
          pool.release('a', grant.slot, { kind: 'ok' }, made);
          longest = Math.max(longest, turns);
          if (grant.call.key === 'light') break;
          for (const call of calls.slice(0, 3)) enqueue(call);
        }
      }),
    );
    expect(longest).toBeGreaterThan(5);
  });
});
