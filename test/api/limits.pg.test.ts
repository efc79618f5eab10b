/** What a server bounds: how often it is asked, how much, and that its commands are answered while it is overloaded. */
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, expect, it, vi } from 'vitest';
import { createMachine } from 'xstate';
import { Doorkeeper } from '../../src/access/doorkeeper.ts';
import { createToken } from '../../src/access/tokens.ts';
import { createApi } from '../../src/api/server.ts';
import { Overload } from '../../src/api/overload.ts';
import { Streams } from '../../src/api/streams/streams.ts';
import { approval } from '../../machines/examples/approval.ts';
import { openHeddle } from '../support/heddle.ts';
import { testDatabase } from '../support/postgres.ts';
import { asking, served } from './served.ts';

const url = await testDatabase();
const { heddle } = await openHeddle(url, { agents: [approval] });
const open: (() => Promise<unknown>)[] = [() => heddle.close()];
afterAll(async () => {
  for (const close of open.reverse()) await close();
});

const hurry = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] };
const clerk = {
  machine: createMachine({ id: 'clerk', on: { hurry: {} } }),
  events: { hurry },
};

async function api(options: {
  rate?: { max: number; windowMs: number };
  overload?: Overload;
  tokenStreamsMax?: number;
}) {
  const { store, clock } = heddle.runtime;
  const read = vi.spyOn(store, 'tokenByHash');
  const doorkeeper = new Doorkeeper({ store, nowMs: () => clock.nowMs() });
  const { tokenStreamsMax } = options;
  const streams = new Streams(heddle, {}, tokenStreamsMax);
  streams.reachedAt(null);
  const app = await createApi({ heddle, doorkeeper, streams, ...options });
  open.push(() => app.close());
  const at = await app.listen({ port: 0, host: '127.0.0.1' });
  return { ask: asking(at), at, read };
}

it('counts requests, says how many are left, and refuses those above with the time to wait', async () => {
  const { ask } = await api({ rate: { max: 3, windowMs: 60_000 } });
  const replies = [];
  for (let n = 0; n < 4; n += 1) replies.push(await ask('GET', '/v1/agents'));
  expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
  const [first, , , last] = replies;
  expect(first?.headers.get('ratelimit-policy')).toBe('"replica";q=3;w=60');
  expect(first?.headers.get('ratelimit')).toMatch(/^"replica";r=2;t=\d+$/);
  expect(last?.headers.get('ratelimit')).toMatch(/^"replica";r=0;t=\d+$/);
  expect(Number(last?.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(last?.body).toMatchObject({
    code: 'rate-limited',
    retryable: true,
    type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
  });
  expect((await ask('GET', '/healthz')).status).toBe(200);
});

it('counts unknown tokens for their address before the database is asked for them', async () => {
  const { ask, read } = await api({ rate: { max: 3, windowMs: 60_000 } });
  read.mockClear();
  const guess = (n: number) =>
    ask('GET', '/v1/agents', undefined, { authorization: `Bearer heddle_${n}_guessed` });
  const statuses = [];
  for (let n = 0; n < 6; n += 1) statuses.push((await guess(n)).status);
  expect(statuses).toEqual([401, 401, 401, 429, 429, 429]);
  expect(read).toHaveBeenCalledTimes(3);
  const scraped = await ask('GET', '/metrics', undefined, {
    authorization: 'Bearer heddle_x_guess',
  });
  expect(scraped.status).toBe(429);
  expect(read).toHaveBeenCalledTimes(3);
});

it('each token has its own count, and one that is known costs its address nothing', async () => {
  const [one, other] = [
    await createToken(heddle.runtime.store, { name: 'one', scopes: ['admin'] }),
    await createToken(heddle.runtime.store, { name: 'other', scopes: ['admin'] }),
  ];
  const { ask } = await api({ rate: { max: 3, windowMs: 60_000 } });
  const by = (token: string) =>
    ask('GET', '/v1/agents', undefined, { authorization: `Bearer ${token}` });
  const statuses = [];
  for (const token of [one, one, one, one, other, other]) statuses.push((await by(token)).status);
  expect(statuses).toEqual([200, 200, 200, 429, 200, 200]);
});

it('a body above the bound is refused by its field, and changes nothing', async () => {
  const { ask } = await api({});
  const payload = 'x'.repeat(4_194_304);
  const reply = await ask('POST', '/v1/channels/large/messages', { payload });
  expect(reply).toMatchObject({ status: 413, body: { code: 'payload-too-large' } });
  expect((await ask('GET', '/v1/channels/large/messages')).body.head).toBe(0);
});

it.each([
  ['too large', '/v1/runs', { 'content-type': 'application/json' }, 413],
  ['too large, in chunks', '/v1/runs', { 'transfer-encoding': 'chunked' }, 413],
  ['without its token', '/v1/runs', { 'x-forwarded-for': '10.0.0.1' }, 401],
  ['of another type', '/v1/runs', { 'content-type': 'text/plain' }, 415],
])(
  'a client that still sends its body hears that it is refused: %s',
  async (_, path, of, status) => {
    const { at } = await api({});
    const { host, hostname, port } = new URL(at);
    const bytes = 16_000_000;
    const isChunked = 'transfer-encoding' in of;
    const sized = isChunked ? {} : { 'content-length': bytes };
    const headers = { host, 'content-type': 'application/json', ...sized, ...of };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const socket = connect(Number(port), hostname);
    // It reads nothing before all is sent, as many clients do.
    socket.pause().on('error', () => undefined);
    socket.write(`POST ${path} HTTP/1.1\r\nconnection: close\r\n${lines.join('')}\r\n`);
    if (isChunked) socket.write(`${bytes.toString(16)}\r\n`);
    await new Promise<void>((resolve, reject) => {
      socket.write(Buffer.alloc(bytes, 0x20), (error) => (error ? reject(error) : resolve()));
    });
    if (isChunked) socket.write('\r\n0\r\n\r\n');
    expect((await text(socket)).slice(0, 12)).toBe(`HTTP/1.1 ${status}`);
  },
);

it('an overloaded replica answers 503, but for commands and its health', async () => {
  let nowMs = 0;
  const overload = new Overload({
    bounds: { lateMs: 2_000, forMs: 10_000 },
    nowMs: () => nowMs,
    heapShare: () => 0,
  });
  // Its own timer would sample between two of the test's, by a clock that stands still.
  overload.start = () => undefined;
  const { ask } = await api({ overload });
  const started = await ask('POST', '/v1/runs', { agent: 'approval', input: { request: 'x' } });
  // One long turn is no overload, however long it was.
  nowMs += 60_000;
  overload.sample();
  expect((await ask('GET', '/v1/agents')).status).toBe(200);
  for (let n = 0; n < 6; n += 1) {
    nowMs += 2_600;
    overload.sample();
  }
  const reply = await ask('GET', '/v1/agents');
  expect(reply).toMatchObject({ status: 503, body: { code: 'overloaded', retryable: true } });
  expect(reply.headers.get('retry-after')).toBe('5');
  expect((await ask('GET', '/healthz')).status).toBe(200);
  const cancelled = await ask('POST', `/v1/runs/${started.body.id}/cancel`, { reason: 'late' });
  expect(cancelled.status).toBe(202);
  nowMs += 500;
  overload.sample();
  expect((await ask('GET', '/v1/agents')).status).toBe(200);
});

it('a full heap is trouble at once', async () => {
  const { ask } = await api({ overload: new Overload({ heapShare: () => 0.97 }) });
  const reply = await ask('GET', '/v1/agents');
  expect(reply).toMatchObject({ status: 503, body: { detail: expect.stringContaining('heap') } });
  // A start is new work, and no command.
  expect((await ask('POST', '/v1/runs', { agent: 'approval' })).status).toBe(503);
  expect((await ask('POST', '/v1/runs/batch', { starts: [{ agent: 'approval' }] })).status).toBe(
    503,
  );
});

it('what does not fit a schema of an agent or a question is named by its fields', async () => {
  const schemas = {
    machine: approval,
    input: {
      type: 'object',
      properties: { request: { type: 'string' }, of: { type: 'array', items: { type: 'number' } } },
      required: ['request'],
      additionalProperties: false,
    },
  };
  const { ask } = await served(await testDatabase(), {}, { agents: [schemas, clerk] as never });
  const errorsOf = async (path: string, body: object) => {
    const reply = await ask('POST', path, body);
    expect(reply.status).toBe(400);
    return reply.body.errors.map(({ field }: { field: string }) => field).toSorted();
  };
  const agent = 'approval';
  expect(await errorsOf('/v1/runs', { agent, input: { of: [1, 'x'], more: 1 } })).toEqual([
    'body.input.more',
    'body.input.of.1',
    'body.input.request',
  ]);
  expect(await errorsOf('/v1/runs', { agent })).toEqual(['body.input']);
  const good = { agent, input: { request: 'x' } };
  expect(
    await errorsOf('/v1/runs/batch', { starts: [good, { agent, input: { request: 1 } }] }),
  ).toEqual(['body.starts.1.input.request']);
  const { body: waiting } = await ask('POST', '/v1/runs', { agent: 'clerk' });
  const events = `/v1/runs/${waiting.id}/events`;
  expect(await errorsOf(events, { type: 'hurry', n: 1.5 })).toEqual(['body.n']);
  const { body } = await ask('POST', '/v1/runs', good);
  const at = `/v1/runs/${body.id}`;
  let questions: { askId: string }[] = [];
  await vi.waitFor(async () => {
    questions = (await ask('GET', `${at}/questions`)).body.questions;
    expect(questions).toHaveLength(1);
  }, 20_000);
  const answer = { askId: questions[0]?.askId, answer: { approved: 'yes' } };
  expect(await errorsOf(`${at}/answers`, answer)).toEqual(['body.answer.approved']);
});

it('one token follows so many streams and no more, others go on, and one that is let go makes room', async () => {
  const { at } = await api({ tokenStreamsMax: 2 });
  const [one, other] = [
    await createToken(heddle.runtime.store, { name: 'many', scopes: ['read'] }),
    await createToken(heddle.runtime.store, { name: 'few', scopes: ['read'] }),
  ];
  const stops: AbortController[] = [];
  const follow = async (token: string): Promise<number> => {
    const stop = new AbortController();
    stops.push(stop);
    const headers = { authorization: `Bearer ${token}` };
    const path = `${at}/v1/stream?activity=true`;
    return (await fetch(path, { headers, signal: stop.signal })).status;
  };
  expect([await follow(one), await follow(one), await follow(one), await follow(other)]).toEqual([
    200, 200, 503, 200,
  ]);
  stops[0]?.abort();
  await expect.poll(() => follow(one)).toBe(200);
  for (const stop of stops) stop.abort();
});

it('of streams that one token opens at once, no more begin than it may have', async () => {
  const { at } = await api({ tokenStreamsMax: 2 });
  const token = await createToken(heddle.runtime.store, { name: 'at-once', scopes: ['read'] });
  const run = await heddle.start('approval', { input: { request: 'x' } });
  // Each asks the database for the run before it may begin, and all of them do so before one has begun.
  const { store } = heddle.runtime;
  const { runLogs } = store;
  let waiting = 0;
  let letGo = (): void => undefined;
  const all = new Promise<void>((resolve) => (letGo = resolve));
  const held = vi.spyOn(store, 'runLogs').mockImplementation(async (reads) => {
    waiting += 1;
    if (waiting === 5) letGo();
    await all;
    return runLogs(reads);
  });
  const stop = new AbortController();
  const follow = () =>
    fetch(`${at}/v1/stream?run=${run.id}`, {
      headers: { authorization: `Bearer ${token}` },
      signal: stop.signal,
    });
  const replies = await Promise.all(Array.from({ length: 5 }, follow));
  held.mockRestore();
  expect(replies.map(({ status }) => status).toSorted((x, y) => x - y)).toEqual([
    200, 200, 503, 503, 503,
  ]);
  const refused = replies.filter(({ status }) => status === 503);
  for (const reply of refused) {
    expect(await reply.json()).toMatchObject({ code: 'streams-full', retryable: true });
    expect(reply.headers.get('retry-after')).toBe('5');
  }
  stop.abort();
  await run.cancel();
});

it('who asks for the head of a stream follows nothing', async () => {
  const { at } = await api({});
  const reply = await fetch(`${at}/v1/stream?activity=true`, { method: 'HEAD' });
  expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
});
