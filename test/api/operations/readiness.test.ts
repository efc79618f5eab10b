/** `/readyz`, which everybody may ask: many who do cost the database one read. */
import { expect, it } from 'vitest';
import { databaseAnswers } from '../../../src/library/outside/database-answers.ts';
import type { Heddle } from '../../../src/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';

it('asks the database twice a second at most, and tells of its loss and its return', async () => {
  const clock = new ManualClock();
  let asked = 0;
  let isAway = false;
  const hasBudgets = async () => {
    asked += 1;
    if (isAway) throw new Error('it is away');
    return false;
  };
  const heddle = { runtime: { clock, store: { hasBudgets } } } as unknown as Heddle;
  const many = () => Promise.all(Array.from({ length: 100 }, () => databaseAnswers(heddle, 2_000)));
  expect(new Set(await many())).toEqual(new Set([true]));
  expect(asked).toBe(1);
  isAway = true;
  await clock.advance(600);
  expect(new Set(await many())).toEqual(new Set([false]));
  isAway = false;
  await clock.advance(600);
  expect(new Set(await many())).toEqual(new Set([true]));
  expect(asked).toBe(3);
});
