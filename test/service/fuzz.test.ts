/** 10,000 odd requests to a server process: no 5xx, no exit, nothing changed by a refused one. */
import { expect, it } from 'vitest';
import { fuzz } from '../api/fuzz/fuzzing.ts';
import { listening } from '../cli/listening.ts';
import { heddle } from '../cli/spawned.ts';
import { testDatabase } from '../support/postgres.ts';

it('10,000 odd requests', { timeout: 1_800_000 }, async () => {
  const databaseUrl = await testDatabase();
  const server = heddle('serve', '--circuits', '--port', '0', '--database-url', databaseUrl);
  const { url } = await listening(server);
  const seed = Math.floor(Math.random() * 2 ** 31);
  const figures = await fuzz({ url, databaseUrl, requests: 10_000, seed });
  console.log('fuzzed', { seed, ...figures });
  expect(figures.answered).toBeGreaterThan(7_000);
  expect(server.child.exitCode).toBeNull();
  server.child.kill('SIGTERM');
  expect((await server.ended).code).toBe(0);
});
