import { expect, it } from 'vitest';
import { testDatabase } from '../support/postgres.ts';
import { killReplicas } from '../crash/killing.ts';

const databaseUrl = await testDatabase();

/** `.ci/run` makes fewer. */
const kills = Number(process.env['HEDDLE_KILLS'] ?? 500);

it(
  `promises 1 to 6: ${kills} kills in circuits lose, double and stick nothing`,
  { timeout: 3_600_000 },
  async () => {
    const seed = Number(process.env['HEDDLE_SEED'] ?? Date.now() % 1_000_000);
    const figures = await killReplicas({ databaseUrl, kills, seed });
    console.log('kills', { seed, ...figures });
    expect(figures.findings, `seed ${seed}`).toEqual([]);
    expect(figures.kills).toBeGreaterThanOrEqual(Math.floor(kills * 0.87));
    expect(figures.inFlight).toBeGreaterThanOrEqual(figures.kills / 2);
  },
);
