import { describe, expect, it } from 'vitest';
import { LearnedLimit } from '../../src/providers/learned-limit.ts';

/** Rounds of `limit` calls at a provider that takes `wall` of them, and refuses every nth besides. */
function rounds(learned: LearnedLimit, count: number, wall: number, everyNth = Infinity) {
  let sent = rounds.sent;
  let refused = 0;
  let accepted = 0;
  for (let round = 0; round < count; round++) {
    const { limit } = learned;
    const first = sent + 1;
    sent += limit;
    for (let i = 0; i < limit; i++) {
      const isRefused = i >= wall || (first + i) % everyNth === 0;
      if (!isRefused) continue;
      refused += 1;
      learned.refused({ sentAs: first + i, sent, calling: limit });
    }
    const good = limit - Math.max(0, limit - wall);
    for (let i = 0; i < good; i++) {
      if ((first + i) % everyNth === 0) continue;
      accepted += 1;
      learned.succeeded({ sentAs: first + i, calling: limit });
    }
  }
  rounds.sent = sent;
  return { refused, accepted };
}
rounds.sent = 0;

describe('the learned limit', () => {
  it('is the allotment while nothing is refused', () => {
    const learned = new LearnedLimit(120);
    rounds(learned, 50, 1_000);
    expect(learned.limit).toBe(120);
  });

  it('finds a ceiling below, and seldom overruns it then', () => {
    for (const wall of [100, 60, 13, 1]) {
      const learned = new LearnedLimit(120);
      rounds(learned, 200, wall);
      expect(Math.abs(learned.limit - wall)).toBeLessThanOrEqual(1);
      const later = rounds(learned, 500, wall);
      expect(later.refused).toBeLessThan(25);
      expect(later.accepted / (500 * wall)).toBeGreaterThan(0.95);
    }
  });

  it('finds back up when the ceiling rises', () => {
    const learned = new LearnedLimit(120);
    rounds(learned, 300, 60);
    rounds(learned, 1_000, 120);
    expect(learned.limit).toBe(120);
  });

  it('cuts once for a burst, not below half, and not again for its stragglers', () => {
    const learned = new LearnedLimit(100);
    const burst = { sent: 100, calling: 100 };
    expect(learned.refused({ sentAs: 1, ...burst })).toBe(true);
    expect(learned.limit).toBe(99);
    for (let sentAs = 2; sentAs <= 100; sentAs++) {
      expect(learned.refused({ sentAs, ...burst })).toBe(false);
    }
    expect(learned.limit).toBe(50);
  });

  it('takes a cut back that has not helped: 429 at random shrink nothing', () => {
    const learned = new LearnedLimit(120);
    let sum = 0;
    for (let i = 0; i < 400; i++) {
      rounds(learned, 1, 1_000, 10);
      sum += learned.limit;
    }
    expect(sum / 400).toBeGreaterThan(100);
  });

  it('is hardly cut by a 429 beside idle slots', () => {
    const learned = new LearnedLimit(120);
    learned.refused({ sentAs: 1, sent: 1, calling: 1 });
    expect(learned.limit).toBe(119);
  });

  it('learns nothing from successes beside idle slots', () => {
    const learned = new LearnedLimit(10);
    for (let sentAs = 1; sentAs <= 5; sentAs++) {
      learned.refused({ sentAs, sent: 10, calling: 10 });
    }
    expect(learned.limit).toBe(5);
    for (let sentAs = 11; sentAs < 1_000; sentAs++) learned.succeeded({ sentAs, calling: 1 });
    expect(learned.limit).toBe(5);
  });

  it('scales with the allotment and stays between one and it', () => {
    const learned = new LearnedLimit(100);
    rounds(learned, 100, 50);
    learned.setAllotment(50);
    expect(learned.limit).toBeGreaterThanOrEqual(24);
    expect(learned.limit).toBeLessThanOrEqual(26);
    learned.setAllotment(1);
    expect(learned.limit).toBe(1);
    learned.setAllotment(100);
    expect(learned.limit).toBe(100);
  });
});
