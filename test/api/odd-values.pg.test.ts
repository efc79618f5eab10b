/** Values that HTTP can carry and heddle cannot keep: each is refused by its field, and none is kept as another one. */
import { gzipSync } from 'node:zlib';
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

/** Where free JSON is taken, with a number in it as it is written. */
async function numbered(tenant: string) {
  const started = await ask('POST', `/v1/runs?tenant=${tenant}`, {
    agent: 'approval',
    input: { request: 'x' },
  });
  const run = `/v1/runs/${started.body.id}`;
  const asked = async () => (await ask('GET', `${run}/questions?tenant=${tenant}`)).body.questions;
  await expect.poll(async () => (await asked()).length, { timeout: 20_000 }).toBe(1);
  const [{ askId }] = await asked();
  const script = '"agent":"script","input":';
  return [
    ['POST', '/v1/runs', 'body.input.deep.0.n', (n: string) => `{${script}{"deep":[{"n":${n}}]}}`],
    ['POST', '/v1/runs', 'body.input', (n: string) => `{${script}${n}}`],
    [
      'POST',
      '/v1/runs/batch',
      'body.starts.1.input.n',
      (n: string) => `{"starts":[{${script}1},{${script}{"n":${n}}}]}`,
    ],
    ['POST', `${run}/rerun`, 'body.input.n', (n: string) => `{"input":{"n":${n}}}`],
    ['POST', `${run}/events`, 'body.n', (n: string) => `{"type":"hurry","n":${n}}`],
    [
      'POST',
      `${run}/answers`,
      'body.answer.n',
      (n: string) => `{"askId":"${askId}","answer":{"n":${n}}}`,
    ],
    ['POST', `${run}/evaluations`, 'body.score', (n: string) => `{"score":${n},"rationale":"r"}`],
    ['POST', '/v1/channels/odd/messages', 'body.payload', (n: string) => `{"payload":${n}}`],
    ['POST', '/v1/memory/user/ann/k', 'body.value.n', (n: string) => `{"value":{"n":${n}}}`],
    ['PUT', '/v1/memory/user/ann/k', 'body.value.0', (n: string) => `{"value":[${n}]}`],
  ] as const;
}

it('numbers that a double does not hold are refused by their field on every way in, and change nothing', async () => {
  const tenant = 'numbers';
  const ways = await numbered(tenant);
  const send = (method: string, path: string, body: string) =>
    fetch(`${url}${path}?tenant=${tenant}`, {
      method,
      body,
      headers: { 'content-type': 'application/json', 'if-none-match': '*' },
    });
  const lost = ['9007199254740993', '-9007199254740993.0', '1e400', '-1e400', '1e-400'];
  for (const [method, path, field, body] of ways) {
    for (const number of lost) {
      const refused = await send(method, path, body(number));
      const problem = (await refused.json()) as { code: string; errors: unknown };
      const at = `${method} ${path} ${number}`;
      expect([at, refused.status, problem.code]).toEqual([at, 400, 'invalid-field']);
      expect(problem.errors, at).toEqual([
        { field, reason: expect.stringContaining('send it as a text') },
      ]);
    }
  }
  expect((await ask('GET', `/v1/runs?tenant=${tenant}`)).body.runs).toHaveLength(1);
  expect((await ask('GET', `/v1/channels/odd/messages?tenant=${tenant}`)).body.head).toBe(0);
  expect((await ask('GET', `/v1/memory/user/ann/k?tenant=${tenant}`)).status).toBe(404);
});

it('a body that is JSON and is refused all the same is told why', async () => {
  const send = async (body: string | Uint8Array<ArrayBuffer>, headers: object = {}) => {
    const sent = { 'content-type': 'application/json', ...headers };
    const reply = await fetch(`${url}/v1/channels/why/messages`, {
      method: 'POST',
      body,
      headers: sent,
    });
    const { errors } = (await reply.json()) as { errors: readonly { reason: string }[] };
    return [reply.status, errors[0]?.reason];
  };
  const ofKey = [400, expect.stringContaining('a key __proto__')];
  expect(await send('{"payload":{"__proto__":{"a":1}}}')).toEqual(ofKey);
  expect(await send('{"payload":{"constructor":{"prototype":1}}}')).toEqual(ofKey);
  const zipped = gzipSync('{"payload":1}');
  const ofEncoding = [400, expect.stringContaining('Content-Encoding gzip')];
  expect(await send(zipped, { 'content-encoding': 'gzip' })).toEqual(ofEncoding);
  expect(await send('{"payload":', {})).toEqual([400, expect.stringContaining('not valid JSON')]);
  expect((await ask('GET', '/v1/channels/why/messages')).body.head).toBe(0);
});

it('a name that a query has twice is refused as that, where it can be there once', async () => {
  for (const path of [
    '/v1/runs?limit=1&limit=2',
    '/v1/runs?cursor=a&cursor=b',
    '/v1/activity/weave?span=1&span=2',
  ]) {
    const { status, body } = await ask('GET', path);
    const field = `query.${/\?(\w+)/.exec(path)?.[1]}`;
    expect([status, body.errors], path).toEqual([
      400,
      [{ field, reason: 'is given more than once' }],
    ]);
  }
});

it('all other numbers come back as the doubles that they were sent as', async () => {
  const kept = [
    '0.1',
    '0.30000000000000004',
    '1.0',
    '-1.50',
    '1E2',
    '1e-7',
    '9007199254740992',
    '123456789012345680000',
    '5e-324',
    '1.7976931348623157e308',
    '0',
    '0.0',
    '0.1000000000000000055',
    '-0.0',
  ];
  const body = `{"value":[${kept.join(',')}]}`;
  const headers = { 'content-type': 'application/json' };
  const at = `${url}/v1/memory/user/ann/exact`;
  expect((await fetch(at, { method: 'POST', headers, body })).status).toBeLessThan(300);
  expect((await ask('GET', '/v1/memory/user/ann/exact')).body.value).toEqual(
    kept.map((number) => Number(number) + 0),
  );
});
