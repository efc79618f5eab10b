import { describe, expect, it } from 'vitest';
import { capacityDefaults } from '../../../src/domain/capacity-settings.ts';
import { callBackoffMs, coolingMs, probeMs } from '../../../src/providers/capacity/backoff.ts';

const { backoff, cooling, probing } = capacityDefaults;

const almostOne = 1 - 2 ** -32;

describe('waiting', () => {
  it('of a call doubles with each outage up to its bound, with full jitter', () => {
    expect(callBackoffMs(backoff, 1, 0)).toBe(0);
    expect(callBackoffMs(backoff, 1, almostOne)).toBeCloseTo(500, 3);
    expect(callBackoffMs(backoff, 2, almostOne)).toBeCloseTo(1_000, 3);
    expect(callBackoffMs(backoff, 1_000_000, almostOne)).toBeCloseTo(30_000, 3);
  });

  it('of a provider is what it asked for, between 50 ms and an hour', () => {
    const asks = [0, -5, 3_000, 1e9, Infinity, Number.NaN].map((retryAfterMs) =>
      coolingMs(cooling, { retryAfterMs, bursts: 1, random: 0 }),
    );
    // Infinity and NaN say nothing: the guess for one burst, at its least.
    expect(asks).toEqual([50, 50, 3_000, 3_600_000, 250, 250]);
  });

  it('of a provider that asks for nothing doubles with each burst, half of it jitter', () => {
    const guess = (bursts: number, random: number) =>
      coolingMs(cooling, { retryAfterMs: null, bursts, random });
    expect(guess(1, 0)).toBe(250);
    expect(guess(1, almostOne)).toBeCloseTo(500, 3);
    expect(guess(3, 0)).toBe(1_000);
    expect(guess(99, almostOne)).toBeCloseTo(60_000, 3);
  });

  it('for a probe doubles with each that failed', () => {
    expect(probeMs(probing, 0, 0)).toBe(500);
    expect(probeMs(probing, 1, almostOne)).toBeCloseTo(2_000, 3);
    expect(probeMs(probing, 99, almostOne)).toBeCloseTo(2_500, 3);
  });
});
