import fc from 'fast-check';
import { expect, it } from 'vitest';
import { latencyOf, nearestRank } from '../../src/circuits/latency.ts';

it('takes percentiles by nearest rank', () => {
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
  expect(latencyOf(hundred)).toEqual({ p50: 50, p95: 95, p99: 99, max: 100 });
  expect(latencyOf([3, 1, 2])).toEqual({ p50: 2, p95: 3, p99: 3, max: 3 });
  expect(latencyOf([10, 9])).toEqual({ p50: 9, p95: 10, p99: 10, max: 10 });
  expect(latencyOf([7])).toEqual({ p50: 7, p95: 7, p99: 7, max: 7 });
  expect(latencyOf([])).toEqual({ p50: 0, p95: 0, p99: 0, max: 0 });
});

it('sorts numbers as numbers', () => {
  expect(latencyOf([9, 10, 100]).p50).toBe(10);
});

it('gives the smallest value that so many percent do not exceed', () => {
  const values = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 100 }), (some, percent) => {
      const found = nearestRank(Float64Array.from(some).sort(), percent);
      const upTo = (limit: number) => some.filter((value) => value <= limit).length * 100;
      expect(upTo(found)).toBeGreaterThanOrEqual(percent * some.length);
      const smaller = some.filter((value) => value < found);
      for (const value of smaller) expect(upTo(value)).toBeLessThan(percent * some.length);
    }),
  );
});
