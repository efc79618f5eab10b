/** Admission cannot deadlock (promise 7): any cap, any order of arrival, and every circuit completes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { casesOf } from '../support/long-form.ts';
import { play } from './explore.ts';
import { admission } from './scenarios/circuits.ts';
import { plain } from './schedule.ts';

const circuits = 4;
const runs = Array.from({ length: circuits * 3 }, (_, i) => [Math.floor(i / 3), i % 3] as const);

describe('with few permits and any order of arrival, all circuits complete', () => {
  it.each(Array.from({ length: 10 }, (_, i) => i + 1))('%i permits', async (permitsMax) => {
    const orders = fc.shuffledSubarray(runs, { minLength: runs.length });
    const property = fc.asyncProperty(orders, async (starts) => {
      const world = await play(admission(permitsMax, starts), plain);
      expect(world.troubles).toEqual([]);
      const rows = world.store.database.tables.runs.all();
      expect(rows.map(({ status }) => status)).toEqual(runs.map(() => 'completed'));
    });
    await fc.assert(property, { numRuns: casesOf({ short: 6, long: 30 }), seed: permitsMax });
  });
});
