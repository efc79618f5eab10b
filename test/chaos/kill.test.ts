import { expect, it } from 'vitest';
import { testDatabase } from '../support/postgres.ts';
import { killReplicas } from '../crash/killing.ts';

const databaseUrl = await testDatabase();

it('promises 1 to 6: 500 kills in circuits', { timeout: 3_600_000 }, async () => {
  const seed = Number(process.env['HEDDLE_SEED'] ?? Date.now() % 1_000_000);
  const figures = await killReplicas({ databaseUrl, kills: 500, seed });
  console.log('kills', { seed, ...figures });
  expect(figures.findings, `seed ${seed}`).toEqual([]);
  expect(figures.kills).toBeGreaterThanOrEqual(450);
  expect(figures.inFlight).toBeGreaterThanOrEqual(figures.kills / 2);
});
