/** Odd requests over all routes: none is a fault of the server's, and a refused one changes nothing (promise 11). */
import { expect, it } from 'vitest';
import { testDatabase } from '../../support/postgres.ts';
import { served } from '../served.ts';
import { fuzz } from './fuzzing.ts';

const databaseUrl = await testDatabase();
const { url, ask } = await served(databaseUrl);

it('300 odd requests', { timeout: 240_000 }, async () => {
  const figures = await fuzz({ url, databaseUrl, requests: 300, seed: 20_261_129 });
  expect(figures.answered).toBeGreaterThan(200);
  expect(figures.accepted).toBeGreaterThan(5);
  expect(Object.keys(figures.statuses)).toEqual(expect.arrayContaining(['400', '404']));
  expect((await ask('GET', '/healthz')).body).toEqual({ ok: true });
});
