/** What is no request: bytes that Node's parser refuses are answered as all refusals are, and hurt nobody else. */
import { EventEmitter, once } from 'node:events';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { refuseBytes } from '../../src/api/requests/malformed.ts';
import { testDatabase } from '../support/postgres.ts';
import { served } from './served.ts';

const { ask, url } = await served(await testDatabase());
const port = Number(new URL(url).port);

/** What the server has written when it closes the connection. */
async function said(...bytes: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const parts: Buffer[] = [];
  socket.on('data', (part: Buffer) => parts.push(part));
  socket.on('error', () => undefined);
  for (const part of bytes) socket.write(part);
  await once(socket, 'close');
  return Buffer.concat(parts).toString();
}

/** The last answer of those that were written. */
function lastOf(text: string) {
  const from = text.lastIndexOf('HTTP/1.1 ');
  const [head = '', body = ''] = text.slice(from).split('\r\n\r\n');
  expect(head).toContain('content-type: application/problem+json');
  expect(head).toMatch(/connection: close/i);
  expect(head).toContain(`content-length: ${Buffer.byteLength(body)}`);
  return { status: Number(head.split(' ')[1]), body: JSON.parse(body) as Record<string, unknown> };
}

const host = 'host: 127.0.0.1\r\n';
const post = `POST /v1/runs HTTP/1.1\r\n${host}content-type: application/json\r\n`;

it.each([
  ['a request line that is none', 'garbage\r\n\r\n', 400, 'request-malformed'],
  ['TLS', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000', 400, 'request-malformed'],
  ['an unknown version', 'GET /healthz HTTP/9.9\r\n\r\n', 400, 'request-malformed'],
  [
    'a header without a name',
    `GET /healthz HTTP/1.1\r\n${host}: x\r\n\r\n`,
    400,
    'request-malformed',
  ],
  [
    'two lengths',
    `${post}content-length: 1\r\ncontent-length: 2\r\n\r\n{}`,
    400,
    'request-malformed',
  ],
  [
    'a chunk of no length',
    `${post}transfer-encoding: chunked\r\n\r\nzz\r\n`,
    400,
    'request-malformed',
  ],
  [
    'large headers',
    `GET /healthz HTTP/1.1\r\n${host}x: ${'y'.repeat(20_000)}\r\n\r\n`,
    431,
    'headers-too-large',
  ],
  [
    'a long request line',
    `GET /${'y'.repeat(20_000)} HTTP/1.1\r\n${host}\r\n`,
    431,
    'headers-too-large',
  ],
] as const)('%s', async (_, bytes, status, code) => {
  const answer = lastOf(await said(bytes));
  expect(answer).toMatchObject({ status, body: { status, code, type: `/docs#${code}` } });
});

it.each([
  ['a path that is no text', 'GET /v1/agents/%zz HTTP/1.1\r\n', 400, 'request-malformed'],
  [
    'a part of a path that is too long',
    `GET /v1/agents/${'y'.repeat(700)} HTTP/1.1\r\n`,
    400,
    'request-malformed',
  ],
  ['no host', 'GET /v1/agents HTTP/1.1\r\nx: y\r\n', 403, 'host-refused'],
  ['an unknown method', 'PROPFIND /v1/agents HTTP/1.1\r\n', 404, 'route-unknown'],
] as const)('%s, which Fastify would answer by itself', async (name, line, status, code) => {
  const named = name === 'no host' ? line : line + host;
  const answer = lastOf(await said(`${named}connection: close\r\n\r\n`));
  expect(answer).toMatchObject({ status, body: { status, code } });
});

it('an expectation that nobody knows is ignored', async () => {
  const text = await said(
    `GET /healthz HTTP/1.1\r\n${host}expect: nonsense\r\nconnection: close\r\n\r\n`,
  );
  expect(text).toMatch(/^HTTP\/1.1 200 /);
});

it('requests under way are answered first, those of other connections and of its own', async () => {
  const { body: run } = await ask('POST', '/v1/runs', {
    agent: 'approval',
    input: { request: 'x' },
  });
  const other = ask('GET', `/v1/runs/${run.id}/output?waitMs=1500`);
  const polls = `GET /v1/runs/${run.id}/output?waitMs=1000 HTTP/1.1\r\n${host}\r\n`;
  const text = await said(polls, polls, 'garbage\r\n\r\n', 'and more of it\r\n\r\n');
  const statuses = [...text.matchAll(/HTTP\/1.1 (\d+) /g)].map(([, status]) => status);
  expect(statuses).toEqual(['202', '202', '400']);
  expect(lastOf(text).body).toMatchObject({ code: 'request-malformed' });
  expect((await other).status).toBe(202);
  expect((await ask('GET', '/healthz')).status).toBe(200);
});

it('a request that does not arrive in time is told so', async () => {
  const ended: string[] = [];
  const socket = Object.assign(new EventEmitter(), {
    destroyed: false,
    pause: () => undefined,
    destroy: () => undefined,
    end: (text: string) => void ended.push(text),
  });
  const late = Object.assign(new Error('Request timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
  refuseBytes(late, socket as never);
  refuseBytes(late, socket as never);
  socket.emit('close');
  expect(ended).toHaveLength(1);
  expect(lastOf(ended[0] ?? '')).toMatchObject({
    status: 408,
    body: { code: 'request-late', retryable: true },
  });
});
