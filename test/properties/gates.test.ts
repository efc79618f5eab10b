/**
 * Gates under any sequence of results, 429s, outages, cancels and times: slots in use never above
 * the ceiling and zero at rest, no 429 stalls, no call before its Retry-After, no waiter forgotten
 * (promises 7 and 8). Each planted bug must be caught, else the above proves nothing.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { capacityDefaults } from '../../src/domain/capacity-settings.ts';
import { LearnedLimit } from '../../src/providers/capacity/learned-limit.ts';
import { Gate } from '../../src/providers/capacity/gate.ts';
import { Quota } from '../../src/providers/capacity/quota.ts';
import { poolCall } from '../support/pool-calls.ts';
import { replaced } from '../support/replaced.ts';
import { gatesProperty, type Planted } from './gates.ts';

const plantedBugs: readonly Planted[] = [
  {
    name: '429 taken for an outage',
    // Such a call comes back after its own backoff, too, and not when it was told to.
    finding: /without an outage|before its Retry-After|in spite of a 429/,
    between: (pool) => ({
      release: (gate, slot, how, nowMs) => {
        const isLimited = how.kind === 'rate-limited';
        return pool.release(gate, slot, isLimited ? { ...how, kind: 'outage' } : how, nowMs);
      },
    }),
  },
  {
    name: 'slot leaked when grant and cancel race',
    finding: /slots in use/,
    between: (pool) => ({
      release: (gate, slot, how, nowMs) => {
        if (how.kind !== 'aborted') return pool.release(gate, slot, how, nowMs);
        const call = poolCall({ key: pool.keyIn(gate, slot) ?? '' });
        return { call, fate: 'dropped', attempt: 1 };
      },
    }),
  },
  {
    name: 'Retry-After ignored',
    finding: /before its Retry-After|in spite of a 429/,
    between: (pool) => ({
      release: (gate, slot, how, nowMs) => {
        const isLimited = how.kind === 'rate-limited';
        return pool.release(gate, slot, isLimited ? { ...how, retryAfterMs: null } : how, nowMs);
      },
    }),
  },
  {
    name: 'a slot that was given before a 429, and used after it',
    finding: /in spite of a 429/,
    plant: () => replaced(Gate.prototype, 'mayBegin', () => () => true),
  },
  {
    name: 'feedback credited to the provider that another call went to',
    finding: /before its Retry-After|in spite of a 429|cools for another/,
    plant: () => {
      const quotas = new Set<Quota>();
      return replaced(
        Quota.prototype,
        'refused',
        (original) =>
          function (this: Quota, ...seen) {
            quotas.add(this);
            const [first] = quotas;
            return original.apply(first, seen);
          },
      );
    },
  },
  {
    name: 'probe herd',
    finding: /a herd of probes|a second probe/,
    plant: () =>
      replaced(
        Gate.prototype,
        'free',
        (original) =>
          function (this: Gate<{ sentAs: number; sentAtMs: number }>, nowMs) {
            const isOut = this.status === 'stalled' || this.status === 'probing';
            return isOut ? this.quota.free(nowMs) : original.call(this, nowMs);
          },
      ),
  },
];

describe('gates', () => {
  it('keep what was promised, whatever comes', () => {
    let sent = 0;
    let withheld = 0;
    fc.assert(
      gatesProperty(undefined, (drive) => {
        sent += drive.sent;
        withheld += drive.withheld;
      }),
      { numRuns: 300 },
    );
    expect(sent).toBeGreaterThan(10_000);
    expect(withheld).toBeGreaterThan(500);
  });

  it.each(plantedBugs)('would be caught: $name', (planted) => {
    const undo = planted.plant?.();
    try {
      const { errorInstance } = fc.check(gatesProperty(planted), { numRuns: 300 });
      expect(String(errorInstance)).toMatch(planted.finding);
    } finally {
      undo?.();
    }
  });

  /** Of one burst: `refused` of the calls that are in flight, in any order of their sending. */
  const oneCutPerBurst = fc.property(
    fc.integer({ min: 8, max: 200 }),
    fc.nat(),
    (inFlight, pick) => {
      const learned = new LearnedLimit(inFlight, capacityDefaults.learning);
      const refused = 1 + (pick % Math.floor(inFlight / 4));
      for (let sentAs = 1; sentAs <= refused; sentAs++) {
        learned.refused({ sentAs, sent: inFlight, calling: inFlight - sentAs + 1 }, 0);
      }
      expect(learned.limit).toBe(inFlight - refused);
    },
  );

  it('cut once for a burst, to what was taken of it', () => {
    fc.assert(oneCutPerBurst);
  });

  it('would be caught: a cut for each 429', () => {
    const undo = replaced(
      LearnedLimit.prototype,
      'refused',
      (original) =>
        function (this: LearnedLimit, seen, nowMs) {
          return original.call(this, { ...seen, sentAs: Infinity }, nowMs);
        },
    );
    try {
      expect(fc.check(oneCutPerBurst).failed).toBe(true);
    } finally {
      undo();
    }
  });
});
