import { expect, it } from 'vitest';
import { testDatabase } from '../support/postgres.ts';
import { killServers } from './killing-servers.ts';

const databaseUrl = await testDatabase();

it(
  '50 kills in the middle of streams: clients get each turn and message once',
  { timeout: 1_800_000 },
  async () => {
    const figures = await killServers({ databaseUrl, kills: 50, betweenMs: 1_500 });
    console.log('streams', figures);
    expect(figures.findings).toEqual([]);
    expect(figures.cuts).toBeGreaterThan(100);
    expect(figures.turns).toBeGreaterThan(1_000);
  },
);
