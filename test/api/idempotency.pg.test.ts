/** Requests that are repeated with their key: one effect, one answer, on any replica. */
import { expect, it } from 'vitest';
import { heddleError } from '../../src/domain/errors.ts';
import { limits } from '../../src/domain/limits.ts';
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

it('a change whose store does not answer is answered after a bound, and made once', async () => {
  const server = await served(url);
  const { store, clock } = server.heddle.runtime;
  const { commit } = store;
  const { setTimer } = clock;
  let isAway = true;
  Object.assign(store, {
    commit: (...given: Parameters<typeof commit>) =>
      isAway
        ? Promise.reject(heddleError('store-unavailable', { reason: 'away' }))
        : commit(...given),
  });
  Object.assign(clock, {
    setTimer: (ms: number, ring: () => void) =>
      setTimer.call(clock, ms === limits.answerMsMax ? 1_000 : ms, ring),
  });
  const changes = [
    ['/v1/runs', start],
    ['/v1/channels/away/messages', { payload: 1 }],
    ['/v1/memory/user/ann/away', { value: 1 }],
  ] as const;
  const keyed = (path: string, body: object) =>
    server.ask('POST', `${path}?tenant=away`, body, { 'idempotency-key': `away${path}` });
  const late = await Promise.all(changes.map(([path, body]) => keyed(path, body)));
  for (const reply of late) {
    expect(reply).toMatchObject({ status: 503, body: { code: 'store-unavailable' } });
    expect(reply.body.detail).toMatch(/may be carried out yet/);
    expect(reply.headers.get('retry-after')).toMatch(/^\d+$/);
  }
  const again = await Promise.all(changes.map(([path, body]) => keyed(path, body)));
  expect(again.map(({ body }) => body.code)).toEqual(changes.map(() => 'request-running'));
  isAway = false;
  for (const [path, body] of changes) {
    const answered = async () => (await keyed(path, body)).status;
    await expect.poll(answered, { timeout: 30_000, interval: 200 }).toBeLessThan(300);
  }
  const { body } = await server.ask('GET', '/v1/channels/away/messages?after=0&tenant=away');
  expect(body.messages).toHaveLength(1);
  expect((await server.ask('GET', '/v1/runs?tenant=away')).body.runs).toHaveLength(1);
  expect((await server.ask('GET', '/v1/memory/user/ann/away?tenant=away')).body.version).toBe(1);
});
