/** What the learned limit reaches at providers that enforce a ceiling, in virtual time. */
import { describe, expect, it } from 'vitest';
import { simulatePool } from '../../support/pool-simulation.ts';

const two = (told: { ceiling: number; startsAt?: number }, takes: (nowMs: number) => number) =>
  ['a', 'b'].map((name) => ({ name, ...told, takes }));
const unknown = { ceiling: 1_000, startsAt: 16 };

describe('3,000 calls of a second at two providers that take 120 each', () => {
  for (const retryAfterMs of [100, 1_000]) {
    for (const [commitMs, refusalMs] of [
      [0, 2],
      [10, 20],
    ] as const) {
      it(`are learned: Retry-After ${retryAfterMs}, commits ${commitMs} ms, 429 after ${refusalMs} ms`, () => {
        const providers = two(unknown, () => 120);
        const run = simulatePool({ providers, calls: 3_000, retryAfterMs, commitMs, refusalMs });
        expect(run.completed).toBe(3_000);
        expect(run.slotUse).toBeGreaterThanOrEqual(0.93);
        expect(run.refusedPerThousand).toBeGreaterThan(0);
        expect(run.refusedPerThousand).toBeLessThanOrEqual(20);
      });
    }
  }

  it('fill what is told', () => {
    const run = simulatePool({ providers: two({ ceiling: 120 }, () => 120), calls: 3_000 });
    expect(run.slotUse).toBeGreaterThanOrEqual(0.99);
    expect(run.refusedPerThousand).toBe(0);
  });

  it('follow a ceiling that sinks to 60 and rises again', () => {
    const takes = (nowMs: number) => (nowMs >= 20_000 && nowMs < 60_000 ? 60 : 120);
    const providers = two(unknown, takes);
    const run = simulatePool({ providers, calls: 30_000, commitMs: 10, refusalMs: 20 });
    expect(run.completed).toBe(30_000);
    expect(run.useBetween(23_000, 60_000)).toBeGreaterThanOrEqual(0.9);
    // Back up within a few holds, and at full use then.
    expect(run.useBetween(100_000, 130_000)).toBeGreaterThanOrEqual(0.93);
    expect(run.refusedPerThousand).toBeLessThanOrEqual(20);
  });

  it('go on beside 429 on a tenth of the calls at random', () => {
    const providers = two({ ceiling: 120 }, () => 120);
    const run = simulatePool({ providers, calls: 3_000, retryAfterMs: 100, refusedAtRandom: 0.1 });
    expect(run.completed).toBe(3_000);
    expect(run.wallMs).toBeLessThan(60_000);
  });

  it.each([5, 10, 20])(
    'are not lost to 429 on 15% of the calls at random, each asking for a second: commits %i ms',
    (commitMs) => {
      const providers = two({ ceiling: 120 }, () => 120);
      const refused = { refusedAtRandom: 0.15, retryAfterMs: 1_000 };
      const run = simulatePool({ providers, calls: 3_000, commitMs, ...refused });
      expect(run.completed).toBe(3_000);
      // 60 at a time in each second that a 429 leaves, and never fewer for those that came before.
      expect(run.wallMs).toBeLessThan(40_000);
    },
  );
});
