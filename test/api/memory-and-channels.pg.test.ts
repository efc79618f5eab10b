/** Memory by versions, channels by numbers and leases, budgets, providers and agents: over HTTP. */
import { expect, it } from 'vitest';
import { testDatabase } from '../support/postgres.ts';
import { served } from './served.ts';

const url = await testDatabase();
const [a, b] = [await served(url), await served(url)];

it('an entry is written by whoever saw its newest version, and by nobody else', async () => {
  const at = '/v1/memory/user/ann/answer%2Fc1';
  const value = { value: { text: 'blue' } };
  expect(await a.ask('PUT', at, value)).toMatchObject({
    status: 428,
    body: { code: 'version-missing' },
  });
  const first = await a.ask('PUT', at, value, { 'if-none-match': '*' });
  expect(first).toMatchObject({ status: 201, body: { key: 'answer/c1', version: 1 } });
  expect(first.headers.get('etag')).toBe('"1"');
  const twice = await b.ask('PUT', at, value, { 'if-none-match': '*' });
  expect(twice).toMatchObject({ status: 412, body: { code: 'version-differs' } });
  const second = await b.ask('PUT', at, { value: 2 }, { 'if-match': '"1"' });
  expect(second).toMatchObject({ status: 200, body: { version: 2 } });
  expect((await a.ask('PUT', at, { value: 3 }, { 'if-match': '"1"' })).status).toBe(412);
  expect((await a.ask('PUT', at, { value: 3 }, { 'if-match': 'W/"2"' })).status).toBe(400);
  const read = await a.ask('GET', `${at}?history=5`);
  expect(read).toMatchObject({ status: 200, body: { version: 2, value: 2 } });
  expect(read.headers.get('etag')).toBe('"2"');
  expect(read.body.history).toMatchObject([{ version: 1, value: { text: 'blue' } }]);
  expect((await a.ask('DELETE', at, undefined, { 'if-match': '"1"' })).status).toBe(412);
  expect((await a.ask('DELETE', at, undefined, { 'if-match': '"2"' })).status).toBe(200);
  expect(await b.ask('GET', at)).toMatchObject({ status: 404, body: { code: 'entry-unknown' } });
  expect((await b.ask('DELETE', at, undefined, { 'if-match': '"3"' })).status).toBe(404);
  expect((await b.ask('POST', at, { value: 4 })).body.version).toBe(4);
  const { body } = await a.ask('GET', `${at}/versions`);
  expect(
    body.versions.map((one: { version: number; deleted: boolean }) => [one.version, one.deleted]),
  ).toEqual([
    [4, false],
    [3, true],
    [2, false],
    [1, false],
  ]);
});

it('messages are read after a number, waited for, and leased until they are acknowledged', async () => {
  const at = '/v1/channels/news%2Feu';
  const waiting = b.ask('GET', `${at}/messages?waitMs=20000`);
  const published = await a.ask('POST', `${at}/messages`, { payload: { n: 1 } });
  expect(published.status).toBe(202);
  expect((await waiting).body).toMatchObject({
    head: 1,
    messages: [{ seq: 1, payload: { n: 1 }, messageId: published.body.messageId }],
  });
  await a.ask('POST', `${at}/messages`, { payload: 'two' });
  const after = await b.ask('GET', `${at}/messages?after=1`);
  expect(after.body.messages.map(({ payload }: { payload: unknown }) => payload)).toEqual(['two']);
  const group = `${at}/groups/desk`;
  const leased = await a.ask('POST', `${group}/leases`, { max: 5 });
  expect(leased.body.messages).toHaveLength(2);
  expect((await b.ask('POST', `${group}/leases`)).body.messages).toEqual([]);
  const tokens = leased.body.messages.map(({ token }: { token: string }) => token);
  const done = await b.ask('POST', `${group}/acknowledgements`, { tokens: [...tokens, 'none'] });
  expect(done.body.acknowledged).toEqual([true, true, false]);
  expect((await b.ask('POST', `${group}/leases`, { max: 0 })).status).toBe(400);
});

it('budgets are given and shown; providers and agents are told', async () => {
  const at = '/v1/budgets/users/ann';
  expect((await a.ask('GET', at)).body.budget).toBeNull();
  const budget = { tokens: 1_000, cost: 2.5, per: 'day' };
  expect((await a.ask('PUT', at, budget)).body).toMatchObject({ budget, spent: { tokens: 0 } });
  expect((await b.ask('GET', at)).body.budget).toEqual(budget);
  expect((await a.ask('PUT', at, { tokens: -1 })).body.errors[0].field).toBe('body.tokens');
  expect((await a.ask('GET', '/v1/providers')).body.providers).toMatchObject([{ gate: 'stub' }]);
  const reopened = await a.ask('POST', '/v1/providers/nobody/reopen');
  expect(reopened).toMatchObject({ status: 404, body: { code: 'provider-unknown' } });
  const { body } = await a.ask('GET', '/v1/agents');
  const approval = body.agents.find(({ agent }: { agent: string }) => agent === 'approval');
  const version = `/v1/agents/approval/versions/${approval.version}`;
  expect((await a.ask('GET', version)).body.definition).toMatchObject({ id: 'approval' });
  expect((await a.ask('GET', '/v1/agents/approval/versions/9')).status).toBe(404);
});
