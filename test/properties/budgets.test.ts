/**
 * Budgets under any sequence of starts, ends, cancels, kills, raises and days: what is reserved is
 * the sum of what is open, what is spent is the sum of what was settled, and nothing is let in above
 * a bound.
 */
import { expect, it } from 'vitest';
import { budgetsProperty } from './budgets.ts';

it('sums of budgets are those of their calls, and nothing is reserved at rest', async () => {
  let [reservations, resent, kills] = [0, 0, 0];
  await budgetsProperty(100, (drive) => {
    reservations += drive.book.reservations;
    resent += drive.book.resent;
    kills += drive.kills;
  });
  expect(Math.min(reservations, resent, kills)).toBeGreaterThan(50);
});
