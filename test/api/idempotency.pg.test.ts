/** Requests that are repeated with their key: one effect, one answer, on any replica. */
import { expect, it } from 'vitest';
import { eventually } from '../support/heddle.ts';
import { testDatabase } from '../support/postgres.ts';
import { served } from './served.ts';

const url = await testDatabase();
const [a, b] = [await served(url), await served(url)];
const start = { agent: 'approval', input: { request: 'x' } };

it('a start that is repeated, at once and later, here and there, is one run', async () => {
  const key = { 'idempotency-key': '"start-1"' };
  const first = await Promise.all([a, b].map(({ ask }) => ask('POST', '/v1/runs', start, key)));
  const bare = await b.ask('POST', '/v1/runs', start, { 'idempotency-key': 'start-1' });
  const ids = [...first, bare].map(({ status, body }) => [status, body.id]);
  expect(ids).toEqual(ids.map(() => [202, first[0]?.body.id]));
  expect((await a.ask('GET', '/v1/runs')).body.runs).toHaveLength(1);
  const other = { ...start, input: { request: 'y' } };
  const differs = await b.ask('POST', '/v1/runs', other, key);
  expect(differs).toMatchObject({ status: 422, body: { code: 'request-differs' } });
  expect((await a.ask('GET', '/v1/runs')).body.runs).toHaveLength(1);
});

it('an event that is repeated counts once', async () => {
  const { body } = await a.ask('POST', '/v1/runs?tenant=events', start);
  const at = `/v1/runs/${body.id}/events?tenant=events`;
  const key = { 'idempotency-key': 'e1' };
  for (const { ask } of [a, b, a]) {
    expect((await ask('POST', at, { type: 'hurry' }, key)).status).toBe(202);
  }
  const differs = await b.ask('POST', at, { type: 'slow' }, key);
  expect(differs).toMatchObject({ status: 422, body: { code: 'request-differs' } });
  await a.ask('POST', at, { type: 'last' });
  await eventually(async () => {
    const journal = await a.ask('GET', `/v1/runs/${body.id}/journal?tenant=events`);
    const text = JSON.stringify(journal.body);
    expect(text).toContain('"last"');
    expect(text.split('"hurry"')).toHaveLength(2);
    expect(text).not.toContain('"slow"');
  });
});

it('a key is refused where it would do nothing, and where it is none', async () => {
  const key = { 'idempotency-key': 'k' };
  const refused = await a.ask('PUT', '/v1/budgets/tenant', { tokens: 1 }, key);
  expect(refused.body.errors[0].field).toBe('headers.idempotency-key');
  expect((await a.ask('GET', '/v1/budgets/tenant')).body.budget).toBe(null);
  const odd = { 'idempotency-key': '""' };
  expect((await a.ask('POST', '/v1/runs', start, odd)).status).toBe(400);
});
