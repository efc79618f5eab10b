/** Either of two servers is killed in the middle of streams; the long form is in test/service. */
import { expect, it } from 'vitest';
import { killServers } from '../../service/killing-servers.ts';
import { compiled } from '../../support/compiled.ts';
import { testDatabase } from '../../support/postgres.ts';

const databaseUrl = await testDatabase();

// The servers are compiled first, which may take its time.
await compiled('test/service/child.ts');

it(
  'clients of servers that are killed get each turn and message once',
  { timeout: 120_000 },
  async () => {
    const figures = await killServers({ databaseUrl, kills: 2, betweenMs: 1_000 });
    expect(figures.findings).toEqual([]);
    expect(figures.cuts).toBeGreaterThan(4);
    expect(figures.turns).toBeGreaterThan(100);
    expect(figures.messages).toBeGreaterThan(20);
  },
);
