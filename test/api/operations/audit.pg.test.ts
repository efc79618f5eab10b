/** The audit over HTTP: whole, or not at all. */
import { expect, it, vi } from 'vitest';
import { testDatabase } from '../../support/postgres.ts';
import { served } from '../served.ts';

const { ask, heddle } = await served(await testDatabase());

it('counts whole tables of a tenant, and says so', async () => {
  const run = await heddle.start('script', { input: { steps: [] } });
  await run.output();
  const { status, body } = await ask('GET', '/v1/audit');
  expect(status).toBe(200);
  expect(body).toMatchObject({ isWhole: true, rowsMax: 2_000_000, journalGaps: 0 });
  expect(body.rows).toBe(1 + (await run.row()).turn);
  expect(body.runs).toEqual({ completed: 1 });
  expect((await ask('GET', '/v1/audit?tenant=nobody')).body).toMatchObject({ rows: 0, runs: {} });
  expect((await ask('GET', '/v1/audit?rows=1')).status).toBe(400);
});

it('reads no table of a tenant with more rows than it may read, and says so', async () => {
  const { store } = heddle.runtime;
  const audit = vi.spyOn(store, 'audit');
  const rows = vi.spyOn(store, 'auditRows').mockResolvedValue(2_000_001);
  const { status, body } = await ask('GET', '/v1/audit');
  expect(status).toBe(200);
  expect(body).toEqual({ isWhole: false, rows: 2_000_001, rowsMax: 2_000_000 });
  expect(audit).not.toHaveBeenCalled();
  rows.mockRestore();
  audit.mockRestore();
  expect((await ask('GET', '/v1/audit')).body.isWhole).toBe(true);
});
