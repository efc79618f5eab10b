/** A pool of several gates, driven at random and held against what it was told and by whom. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { capacityDefaults, capacityWith } from '../../src/domain/capacity-settings.ts';
import {
  Pool,
  type Grant,
  type PoolCall,
  type PoolPlace,
} from '../../src/providers/capacity/pool.ts';
import type { CallOutcome } from '../../src/providers/capacity/gate.ts';
import { PoolCalls } from '../support/pool-calls.ts';
import { seeded } from '../support/pool-simulation.ts';

const providers = [
  { name: 'a', ceiling: 12, models: ['m1', 'm2'], tiers: { small: 'm2' } },
  { name: 'b', ceiling: 8, startsAt: 4, models: ['m1'] },
  { name: 'c', ceiling: 8, models: ['m1'], sharesCeilingWith: ['b'] },
];
/** Gates of one quota: what one is told holds for the other. */
const quotaOf = (gate: string): string => (gate === 'c' ? 'b' : gate);
const outagesToStall = 2;

const call = fc.constantFrom<Partial<PoolCall>>(
  {},
  { provider: 'a' },
  { model: 'm2' },
  { tier: 'small' },
  { providers: ['a', 'b'] },
  { providers: ['b', 'c'] },
  { providers: ['c', 'a'], model: 'm1' },
);
const kinds = ['rate-limited', 'outage', 'outage', 'caller', 'retry-once'] as const;
const outcome: fc.Arbitrary<CallOutcome> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<CallOutcome>({ kind: 'ok' }) },
  { weight: 1, arbitrary: fc.constant<CallOutcome>({ kind: 'aborted' }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom(...kinds),
      retryAfterMs: fc.constantFrom(null, 0, 700, 5_000, 1e12),
    }),
  },
);

const action = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('enqueue' as const), call }) },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('release' as const), of: fc.nat(40), outcome }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('begin' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), of: fc.nat(60) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(2_000) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('due' as const) }) },
);
type Action = typeof action extends fc.Arbitrary<infer Value> ? Value : never;

/** A mistake in the pool's use or within it. */
export type Planted = {
  readonly name: string;
  /** What must be said of it. */
  readonly finding: RegExp;
  /** Changes the pool's own code; gives back what changes it back. */
  readonly plant?: () => () => void;
  readonly between?: (pool: Pool<PoolCall>) => Pick<Pool<PoolCall>, 'release'>;
};

export class Drive {
  readonly #pool: Pool<PoolCall>;
  readonly #calls = new PoolCalls();
  readonly #release: Pool<PoolCall>['release'];
  readonly #inSlots: Grant<PoolCall>[] = [];
  /** Of those in slots: whose requests have gone out, for a slot has to be durable first. */
  readonly #begun = new Set<Grant<PoolCall>>();
  readonly #owned = new Set<string>();
  readonly #coolUntilMs = new Map<string, number>();
  readonly #outages = new Map<string, number>();
  #nowMs = 0;
  #made = 0;
  sent = 0;
  withheld = 0;

  constructor(seed: number, planted?: Planted) {
    const random = seeded(seed);
    const settings = capacityWith({ probing: { outagesToStall } });
    this.#pool = new Pool({ providers, share: 1, random, settings });
    const between = planted?.between?.(this.#pool) ?? this.#pool;
    this.#release = between.release.bind(between);
  }

  play(actions: readonly Action[]): void {
    for (const step of actions) {
      this.#step(step);
      this.#grant();
      this.#check();
    }
    this.#finish();
  }

  #step(step: Action): void {
    switch (step.do) {
      case 'enqueue':
        for (let i = 0; i < 6; i++) this.#enqueue(step.call);
        return;
      case 'release': {
        const grant = this.#inSlots[step.of % Math.max(1, this.#inSlots.length)];
        if (grant !== undefined && this.#begin(grant)) this.#end(grant, step.outcome);
        return;
      }
      case 'begin':
        for (const grant of this.#inSlots.slice()) this.#begin(grant);
        return;
      case 'cancel': {
        const cancelled = this.#pool.cancel(this.#calls.get(`k${step.of}`), this.#nowMs);
        if (cancelled.kind === 'removed') this.#owned.delete(`k${step.of}`);
        if (cancelled.kind !== 'in-slot') return;
        // Its grant and its cancel have met: the slot comes back with the end of the call.
        const grant = this.#inSlots.find(({ call: { key } }) => key === `k${step.of}`);
        if (grant !== undefined) this.#end(grant, { kind: 'aborted' });
        return;
      }
      case 'wait':
        this.#nowMs += step.ms;
        return;
      case 'due':
        this.#nowMs = Math.max(this.#nowMs, this.#pool.nextDueMs() ?? 0);
    }
  }

  #enqueue(wanted: Partial<PoolPlace>): void {
    const key = `k${(this.#made += 1)}`;
    const place = { tenant: 't', user: `u${this.#made % 3}`, pipeline: key };
    const of = { ...wanted, ...place, key, pipelineStartedAtMs: this.#made };
    this.#pool.enqueue(this.#calls.make(of), this.#nowMs);
    this.#owned.add(key);
  }

  #grant(): void {
    const before = this.#statuses();
    const toStalled = new Map<string, number>();
    for (const grant of this.#pool.grant(this.#nowMs)) {
      const { provider: gate } = grant;
      const untilMs = this.#coolUntilMs.get(quotaOf(gate)) ?? 0;
      assert.ok(this.#nowMs >= untilMs, `a call starts at ${gate} before its Retry-After`);
      assert.notEqual(before.get(gate), 'probing', `a second probe of ${gate}`);
      if (before.get(gate) === 'stalled') {
        const probes = (toStalled.get(gate) ?? 0) + 1;
        assert.equal(probes, 1, `a herd of probes at ${gate}`);
        toStalled.set(gate, probes);
      }
      this.sent += 1;
      this.#inSlots.push(grant);
    }
  }

  /** False: its request does not go out any more, and it waits again. */
  #begin(grant: Grant<PoolCall>): boolean {
    if (this.#begun.has(grant)) return true;
    if (!this.#pool.mayBegin(grant, this.#nowMs)) {
      this.withheld += 1;
      this.#end(grant, { kind: 'withheld' });
      return false;
    }
    const untilMs = this.#coolUntilMs.get(quotaOf(grant.provider)) ?? 0;
    assert.ok(this.#nowMs >= untilMs, `a call goes out to ${grant.provider} in spite of a 429`);
    this.#pool.begin(grant, this.#nowMs);
    this.#begun.add(grant);
    return true;
  }

  #end(grant: Grant<PoolCall>, how: CallOutcome): void {
    const { provider: gate, slot, call: ended } = grant;
    this.#inSlots.splice(this.#inSlots.indexOf(grant), 1);
    this.#begun.delete(grant);
    if (how.kind === 'outage') this.#outages.set(gate, (this.#outages.get(gate) ?? 0) + 1);
    if (how.kind === 'rate-limited') this.#cool(gate, how.retryAfterMs);
    const { fate } = this.#release(gate, slot, how, this.#nowMs);
    if (fate === 'done' || fate === 'failed' || fate === 'dropped') this.#owned.delete(ended.key);
  }

  /** A 429 that names no time cools for a while of the pool's own choice. */
  #cool(gate: string, retryAfterMs: number | null): void {
    const { askedMsMin, askedMsMax } = capacityDefaults.cooling;
    const asked = retryAfterMs ?? 0;
    const waitMs = asked === 0 ? 0 : Math.min(askedMsMax, Math.max(askedMsMin, asked));
    const untilMs = Math.max(this.#coolUntilMs.get(quotaOf(gate)) ?? 0, this.#nowMs + waitMs);
    this.#coolUntilMs.set(quotaOf(gate), untilMs);
  }

  #statuses(): ReadonlyMap<string, string> {
    const stats = this.#pool.stats(this.#nowMs).providers;
    return new Map(stats.map(({ name, status }) => [name, status]));
  }

  #check(): void {
    const waiting = this.#calls.waitingIn(this.#pool);
    const keys = [...waiting, ...this.#inSlots].map(({ call: { key } }) => key);
    assert.deepEqual(keys.sort(), [...this.#owned].sort(), 'a waiter is forgotten or doubled');
    const inUse = new Map<string, number>();
    for (const { name, ceiling, calling, status } of this.#pool.stats(this.#nowMs).providers) {
      const here = this.#inSlots.filter(({ provider }) => provider === name).length;
      assert.equal(calling, here, `slots in use at ${name}`);
      assert.ok(calling <= ceiling);
      inUse.set(quotaOf(name), (inUse.get(quotaOf(name)) ?? 0) + calling);
      const isOut = status === 'stalled' || status === 'probing';
      const outages = this.#outages.get(name) ?? 0;
      if (isOut) assert.ok(outages >= outagesToStall, `${name} is ${status} without an outage`);
      const isCooling = status === 'cooling';
      if (isCooling) assert.ok(this.#coolUntilMs.has(quotaOf(name)), `${name} cools for another`);
    }
    // b and c are one account: their calls count together.
    assert.ok((inUse.get('b') ?? 0) <= 8, 'correlated gates overrun their ceiling');
  }

  /** From now on every call is answered: none may be left, and no slot in use. */
  #finish(): void {
    for (let round = 0; this.#owned.size > 0; round++) {
      assert.ok(round < 500, 'a waiter is never served');
      this.#nowMs = Math.max(this.#nowMs, this.#pool.nextDueMs() ?? 0);
      this.#grant();
      for (const grant of this.#inSlots.slice()) {
        if (this.#begin(grant)) this.#end(grant, { kind: 'ok' });
      }
      this.#check();
    }
    assert.equal(this.#pool.stats(this.#nowMs).inFlight, 0, 'a slot is in use at rest');
  }
}

const actions = fc.array(action, { minLength: 20, maxLength: 120, size: 'max' });

/** `seen` hears of each drive that has come to its end. */
export const gatesProperty = (planted?: Planted, seen?: (drive: Drive) => void) =>
  fc.property(actions, fc.nat(), (steps, seed) => {
    const drive = new Drive(seed, planted);
    drive.play(steps);
    seen?.(drive);
  });
