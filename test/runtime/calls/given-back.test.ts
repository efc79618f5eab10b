/** A commit that fails for a reason nobody foresaw: what it held is in a later one. */
import { describe, expect, it } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import { Pool } from '../../../src/providers/capacity/pool.ts';
import { askingRuns, type AskingRuns } from '../../support/asking-runs.ts';
import { hasTurns, isKeeping } from '../../support/watched-commits.ts';

async function failOnce(count: number, which: typeof hasTurns): Promise<AskingRuns> {
  const asking = await askingRuns(count);
  let left = 1;
  asking.commits.meet(
    (batch) => which(batch) && left-- > 0,
    () => Promise.reject(new Error('disk on fire')),
  );
  for (const call of asking.provider.calls.slice()) call.answer('bought');
  await asking.world.clock.advance(10_000);
  return asking;
}

describe('a batch that is given back', () => {
  for (const [name, which] of [
    ['of results that are kept', isKeeping],
    ['of turns', hasTurns],
  ] as const) {
    it(`${name} loses no change of a slot, and no count (promise 3)`, async () => {
      const { world, texts, provider } = await failOnce(3, which);
      expect(await texts()).toEqual(['bought', 'bought', 'bought']);
      expect(provider.calls).toHaveLength(3);
      expect((await world.store.audit(oneTenant('default'))).slotsInUse).toBe(0);
      expect(await world.store.providerTotals()).toMatchObject([{ calls: 3, duplicates: 0 }]);
    });
  }
});

it('what a pool has told of gates is told again when it is given back', () => {
  const pool = new Pool({
    providers: [{ name: 'p', ceiling: 2 }],
    share: 1,
    random: () => 0.5,
  });
  pool.news.restore(new Map(), 0);
  const taken = pool.news.takeGates(0);
  expect(taken).toMatchObject([{ gate: 'p' }]);
  expect(pool.news.takeGates(0)).toEqual([]);
  pool.news.giveBack({ slots: [], gates: taken });
  expect(pool.news.takeGates(0)).toEqual(taken);
});
