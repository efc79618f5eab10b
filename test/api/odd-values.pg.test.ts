/** Values that HTTP can carry and heddle cannot keep: each is refused by its field, and none is kept as another one. */
import { expect, it } from 'vitest';
import { testDatabase } from '../support/postgres.ts';
import { served } from './served.ts';

const { ask, url } = await served(await testDatabase());

it.each([
  ['GET', '/v1/runs?endedFromMs=281474976710655', 'query.endedFromMs'],
  ['GET', '/v1/memory/user/ann/k?version=9007199254740991', 'query.version'],
  ['GET', '/v1/agents?afterAgent=script', 'query.afterVersion'],
  ['GET', '/v1/channels?cursor=MTphAGI', 'query.cursor'],
  ['POST', '/v1/channels/c/groups/g/acknowledgements', 'body.tokens.0', { tokens: ['\u0000'] }],
  ['POST', '/v1/channels/c/groups/g/renewals', 'body.tokens.0', { tokens: ['\uD800'] }],
  ['POST', '/v1/runs', 'body.user', { agent: 'script', user: 'a\u0000' }],
  ['POST', '/v1/stream', 'body.topics.0.channel', { topics: [{ kind: 'channel', channel: '\0' }] }],
])('%s %s is refused, because of %s', async (method, path, field, body?: unknown) => {
  const refused = await ask(method, path, body);
  expect([refused.status, refused.body.code]).toEqual([400, 'invalid-field']);
  expect(refused.body.errors[0].field).toContain(field);
});

it('the last times that can be asked for are answered', async () => {
  expect((await ask('GET', '/v1/runs?endedFromMs=9007199254740')).status).toBe(200);
  expect((await ask('GET', '/v1/runs?startedFromMs=281474976710655')).status).toBe(200);
});

it('bytes that are no UTF-8 are refused, and not kept as other letters', async () => {
  const headers = { 'content-type': 'application/json' };
  const body = Buffer.concat([Buffer.from('{"payload":"'), Buffer.of(0xe9), Buffer.from('"}')]);
  const at = `${url}/v1/channels/latin/messages`;
  const refused = await fetch(at, { method: 'POST', headers, body });
  expect(await refused.json()).toMatchObject({ status: 400, code: 'invalid-json' });
  expect((await ask('GET', '/v1/channels/latin/messages')).body.head).toBe(0);
  const marked = await fetch(at, { method: 'POST', headers, body: '\uFEFF{"payload":"é"}' });
  expect(marked.status).toBe(202);
});
