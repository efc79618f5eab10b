import { describe, expect, it } from 'vitest';
import { capacityDefaults } from '../../../src/domain/capacity-settings.ts';
import { LearnedLimit } from '../../../src/providers/capacity/learned-limit.ts';

const learnedOf = (allotment: number, startsAt?: number) =>
  new LearnedLimit(allotment, capacityDefaults.learning, startsAt);
const { rampStepMsPerCall, rampStepMsMin } = capacityDefaults.learning;
const stepMs = (calls: number) => Math.max(rampStepMsMin, calls * rampStepMsPerCall);

/** Rounds of `limit` calls at a provider that refuses every nth, a second each. */
class Rounds {
  nowMs = 0;
  sent = 0;
  readonly learned: LearnedLimit;

  constructor(learned: LearnedLimit) {
    this.learned = learned;
  }

  play(count: number, { takes = Infinity, everyNth = Infinity } = {}): number {
    let refused = 0;
    for (let round = 0; round < count; round++) {
      this.learned.tick(this.nowMs);
      const { limit } = this.learned;
      const first = this.sent + 1;
      for (let i = 1; i <= limit; i++) this.learned.sent(i, this.nowMs);
      this.sent += limit;
      const isRefused = (i: number) => i >= takes || (first + i) % everyNth === 0;
      for (let i = 0; i < limit; i++) {
        if (!isRefused(i)) continue;
        refused += 1;
        this.learned.refused({ sentAs: first + i, sent: this.sent, calling: limit }, this.nowMs);
      }
      this.nowMs += 1_000;
      for (let i = 0; i < limit; i++) {
        if (isRefused(i)) continue;
        this.learned.succeeded({ sentAs: first + i, calling: limit, tookMs: 1_000 });
      }
    }
    return refused;
  }
}

describe('the learned limit', () => {
  it('is the allotment while nothing is refused', () => {
    const learned = learnedOf(120);
    new Rounds(learned).play(50);
    expect(learned.limit).toBe(120);
  });

  it('ramps by time, one step for each time that its slots are full', () => {
    const learned = learnedOf(1_000, 20);
    learned.tick(500);
    expect([learned.limit, learned.growsAtMs()]).toEqual([20, null]);
    learned.sent(20, 1_000);
    expect(learned.growsAtMs()).toBe(1_000 + stepMs(20));
    learned.tick(1_000 + stepMs(20) - 1);
    expect(learned.limit).toBe(20);
    // However late: nobody has seen yet whether it takes as many.
    learned.tick(60_000);
    expect(learned.limit).toBe(24);
    learned.tick(120_000);
    expect(learned.limit).toBe(24);
  });

  it('ramps only after what it has let out was sent, and later after larger steps', () => {
    const learned = learnedOf(1_000, 100);
    learned.sent(100, 0);
    learned.begun(500);
    expect(learned.growsAtMs()).toBe(500 + stepMs(100));
    learned.tick(500 + stepMs(100));
    const added = learned.limit - 100;
    expect(added).toBeGreaterThan(10);
    learned.sent(learned.limit, 600);
    expect(learned.growsAtMs()).toBe(600 + stepMs(added));
  });

  it('ramps slower in a process that is late, which sees refusals as late, but only so much', () => {
    for (const [lateMs, moreMs] of [
      [30, 60],
      [5_000, 100],
    ] as const) {
      const learned = learnedOf(1_000, 100);
      learned.sent(100, 0);
      learned.tick(stepMs(100) + lateMs);
      const added = learned.limit - 100;
      learned.sent(learned.limit, 10_000);
      expect(learned.growsAtMs()).toBe(10_000 + stepMs(added) + moreMs);
    }
  });

  it('finds what was taken also when calls end in the middle of the burst', () => {
    const learned = learnedOf(1_000, 126);
    // Of 120 places: 105 calls, then 21 together; 6 of those are refused, in no order.
    for (let i = 1; i <= 105; i++) learned.sent(i, i);
    for (let i = 106; i <= 126; i++) learned.sent(i, 200);
    // Before that is known another 19 go out, and 19 of the first have ended by then.
    for (let i = 127; i <= 145; i++) learned.sent(i, 250);
    let calling = 145;
    for (const sentAs of [108, 113, 114, 119, 120, 124]) {
      learned.refused({ sentAs, sent: 145, calling }, 300);
      calling -= 1;
    }
    expect(learned.limit).toBe(120);
    learned.refused({ sentAs: 130, sent: 145, calling: calling - 19 }, 300);
    expect(learned.limit).toBe(120);
  });

  it('ramps again from a try that stands, by steps as small as that', () => {
    const learned = learnedOf(1_000, 100);
    for (let i = 1; i <= 100; i++) learned.sent(i, 0);
    learned.refused({ sentAs: 100, sent: 100, calling: 100 }, 10);
    let nowMs = 100_000;
    for (let tries = 0; tries < 2; tries++) {
      learned.sent(learned.limit, nowMs);
      nowMs = learned.growsAtMs() ?? nowMs;
      learned.tick(nowMs);
    }
    expect(learned.limit).toBe(101);
    learned.sent(learned.limit, nowMs);
    expect(learned.growsAtMs()).toBe(nowMs + rampStepMsMin);
  });

  it('is cut for good when far more is refused than by chance', () => {
    const rounds = new Rounds(learnedOf(120));
    rounds.play(1, { takes: 40 });
    // Half in one burst, and what is left in the next; nothing of it is taken back.
    expect(rounds.learned.limit).toBe(60);
    rounds.play(1, { takes: 40 });
    expect(rounds.learned.limit).toBeLessThanOrEqual(41);
  });

  it('cuts once for a burst, not below half, and not again for its stragglers', () => {
    const learned = learnedOf(100);
    const burst = { sent: 100, calling: 100 };
    expect(learned.refused({ sentAs: 1, ...burst }, 0)).toBe(true);
    expect(learned.limit).toBe(99);
    for (let sentAs = 2; sentAs <= 100; sentAs++) {
      expect(learned.refused({ sentAs, ...burst }, 0)).toBe(false);
    }
    expect(learned.limit).toBe(50);
  });

  it('cuts to what was in flight and not refused', () => {
    const learned = learnedOf(1_000, 132);
    for (let sentAs = 121; sentAs <= 132; sentAs++) {
      learned.refused({ sentAs, sent: 132, calling: 132 - (sentAs - 121) }, 0);
    }
    expect(learned.limit).toBe(120);
  });

  it('finds a ceiling below, and seldom overruns it then', () => {
    for (const takes of [100, 60, 13, 1]) {
      const rounds = new Rounds(learnedOf(120));
      rounds.play(100, { takes });
      expect(rounds.learned.limit).toBeGreaterThanOrEqual(takes);
      expect(rounds.learned.limit).toBeLessThanOrEqual(takes + 1);
      expect(rounds.play(1_000, { takes })).toBeLessThan(40);
    }
  });

  it('finds back up when the ceiling rises', () => {
    const rounds = new Rounds(learnedOf(120));
    rounds.play(100, { takes: 60 });
    rounds.play(300);
    expect(rounds.learned.limit).toBe(120);
  });

  it('takes a cut back that has not helped: 429 at random shrink nothing', () => {
    const rounds = new Rounds(learnedOf(120));
    let sum = 0;
    for (let i = 0; i < 400; i++) {
      rounds.play(1, { everyNth: 10 });
      sum += rounds.learned.limit;
    }
    expect(sum / 400).toBeGreaterThan(100);
  });

  it('is hardly cut by a 429 beside idle slots', () => {
    const learned = learnedOf(120);
    learned.refused({ sentAs: 1, sent: 1, calling: 1 }, 0);
    expect(learned.limit).toBe(119);
  });

  it('grows by nothing beside idle slots, however long', () => {
    const learned = learnedOf(10);
    for (let sentAs = 1; sentAs <= 5; sentAs++) {
      learned.refused({ sentAs, sent: 10, calling: 10 }, 0);
    }
    expect(learned.limit).toBe(5);
    for (let second = 0; second < 1_000; second++) {
      learned.sent(1, second * 1_000);
      learned.tick(second * 1_000);
    }
    expect(learned.limit).toBe(5);
  });

  it('scales with the allotment and stays between one and it', () => {
    const rounds = new Rounds(learnedOf(100));
    rounds.play(10, { takes: 50 });
    const { learned } = rounds;
    learned.setAllotment(50);
    expect(learned.limit).toBe(25);
    learned.setAllotment(1);
    expect(learned.limit).toBe(1);
    learned.setAllotment(100);
    expect(learned.limit).toBe(100);
  });
});
