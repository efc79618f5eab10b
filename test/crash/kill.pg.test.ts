import { expect, it } from 'vitest';
import { testDatabase } from '../support/postgres.ts';
import { killReplicas } from './killing.ts';
import { crashPoints } from './points.ts';

const databaseUrl = await testDatabase();

it(
  'promises 1 to 6: a kill at each named point of circuits loses, doubles and sticks nothing',
  { timeout: 540_000 },
  async () => {
    // `.ci/run` kills 50 times, `npm run test:chaos` 500 times.
    const kills = crashPoints.length;
    const seed = Date.now() % 1_000_000;
    const figures = await killReplicas({ databaseUrl, kills, seed });
    console.log('kills', { seed, ...figures });
    expect(figures.findings, `seed ${seed}`).toEqual([]);
    // A kill that comes too late finds a replica that has ended by itself; few may.
    expect(figures.kills).toBeGreaterThanOrEqual(kills - 3);
    expect(figures.inFlight).toBeGreaterThanOrEqual(figures.kills / 2);
    expect(figures.circuits).toBeGreaterThan(kills * 25);
  },
);
