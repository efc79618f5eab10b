/** Requests that fail on their way: which are sent again, how, and for how long. */
import { expect, it } from 'vitest';
import { createClient, HeddleRequestError, type ClientOptions } from '../../src/client/index.ts';
import { failure, flakyServer, json, lost, problem, silent, type Turn } from './flaky-server.ts';

const started = json(202, { id: 'r1', tenant: 'default' });
const problems = { errors: [{ field: 'body.agent', reason: 'is missing' }] };

async function clientOf(turns: readonly Turn[], options: ClientOptions = {}) {
  const { url, received } = await flakyServer(...turns);
  return { url, received, client: createClient({ url, ...options }) };
}

it('sends a start again until it is answered, always with the same key and body', async () => {
  const busy = problem(429, 'queue-full', true, { 'retry-after': '0' });
  const running = problem(409, 'request-running', true);
  const gateway: Turn = (answer) => answer.writeHead(502).end('<html>bad gateway</html>');
  const { client, received } = await clientOf([lost, busy, running, gateway, started]);
  expect(await client.runs.start('editor', { input: { a: 1 } })).toMatchObject({ id: 'r1' });
  expect(received).toHaveLength(5);
  const keys = new Set(received.map(({ headers }) => headers['idempotency-key']));
  expect(keys.size).toBe(1);
  expect([...keys][0]).toMatch(/^[0-9a-f-]{36}$/);
  expect(new Set(received.map(({ body }) => body))).toEqual(
    new Set(['{"agent":"editor","input":{"a":1}}']),
  );
  await client.runs.start('editor');
  expect(received[5]?.headers['idempotency-key']).not.toBe([...keys][0]);
});

it('what is no address is refused at once', () => {
  for (const url of [
    '',
    'localhost:3',
    '127.0.0.1',
    '/v1',
    'http://',
    'http://a:b',
    'ftp://a',
    null,
  ])
    expect(() => createClient({ url: url as string }), String(url)).toThrow(
      /^url must be an address/,
    );
  for (const url of ['http://a', 'https://a/behind/', 'HTTP://[::1]:7070'])
    expect(() => createClient({ url }), url).not.toThrow();
});

it('takes the key that it is given', async () => {
  const { client, received } = await clientOf([started]);
  await client.runs.start('editor', { idempotencyKey: 'mine' });
  expect(received[0]).toMatchObject({
    headers: { 'idempotency-key': 'mine' },
    body: '{"agent":"editor"}',
  });
});

it('waits as long as Retry-After says', async () => {
  const { client, received } = await clientOf([
    problem(503, 'overloaded', true, { 'retry-after': '1' }),
    json(200, { runs: [], cursor: '' }),
  ]);
  const beganMs = performance.now();
  expect(await client.runs.list()).toEqual({ items: [], cursor: '' });
  expect(performance.now() - beganMs).toBeGreaterThan(990);
  expect(received).toHaveLength(2);
});

it('does not repeat what was refused for good', async () => {
  const refusal = json(400, {
    code: 'invalid-field',
    detail: 'body.agent is missing.',
    retryable: false,
    ...problems,
  });
  const { client, received } = await clientOf([refusal]);
  const error = await failure(client.runs.start(''));
  expect(error).toBeInstanceOf(HeddleRequestError);
  expect(error).toMatchObject({ code: 'invalid-field', status: 400, ...problems });
  expect(received).toHaveLength(1);
});

it('repeats no write under a condition that may have been done, and a POST by its key', async () => {
  const entry = { scope: 'tenant', key: 'k' } as const;
  const unknown = await clientOf([lost, json(200, { key: 'k', version: 3 })]);
  const error = await failure(unknown.client.memory.put(entry, 1, { expectedVersion: 2 }));
  expect(error).toMatchObject({ code: 'unreachable', status: 0 });
  expect(unknown.received).toHaveLength(1);
  const known = await clientOf([
    problem(503, 'store-unavailable', true),
    json(200, { key: 'k', version: 3 }),
  ]);
  expect(await known.client.memory.put(entry, 1, { expectedVersion: 2 })).toMatchObject({
    version: 3,
  });
  expect(known.received.map(({ headers }) => headers['if-match'])).toEqual(['"2"', '"2"']);
  expect(known.received[0]?.headers).not.toHaveProperty('idempotency-key');
  const twice = await clientOf([lost, json(202, { messageId: 'm' })]);
  await twice.client.channels.publish('c', 1);
  await twice.client.runs.cancel('r');
  const keys = twice.received.map(({ headers }) => headers['idempotency-key']);
  expect(keys).toEqual([expect.any(String), keys[0], expect.any(String)]);
  expect(keys[2]).not.toBe(keys[0]);
});

it('gives up after retryMs, and with 0 at once', async () => {
  const never = await clientOf([lost], { retryMs: 0 });
  expect(await failure(never.client.runs.list())).toMatchObject({ code: 'unreachable' });
  expect(never.received).toHaveLength(1);
  const busy = problem(503, 'overloaded', true, { 'retry-after': '1' });
  const soon = await clientOf([busy], { retryMs: 2_500 });
  expect(await failure(soon.client.runs.list())).toMatchObject({ code: 'overloaded' });
  expect(soon.received.length).toBeGreaterThanOrEqual(2);
  const long = await clientOf([problem(503, 'overloaded', true, { 'retry-after': '60' })]);
  expect(await failure(long.client.runs.list())).toMatchObject({ code: 'overloaded' });
  expect(long.received).toHaveLength(1);
});

it('says which address does not answer, and for how long it has waited', async () => {
  const { client, url } = await clientOf([silent], { timeoutMs: 100, retryMs: 0 });
  const error = await failure(client.runs.list());
  expect(error.message).toBe(`No answer from ${url}: no answer within 100 ms`);
});

it('ends at once when its caller aborts, in a request and between two', async () => {
  const abort = new AbortController();
  const { client } = await clientOf([silent]);
  const waiting = failure(client.runs.output('r1', { signal: abort.signal }));
  abort.abort(new Error('enough'));
  expect(await waiting).toMatchObject({ message: 'enough' });
  const between = new AbortController();
  const late = await clientOf([problem(503, 'overloaded', true, { 'retry-after': '20' })]);
  const pausing = failure(late.client.runs.output('r1', { signal: between.signal }));
  await expect.poll(() => late.received.length).toBe(1);
  between.abort(new Error('enough'));
  expect(await pausing).toMatchObject({ message: 'enough' });
});

it('tells an answer that is not heddle’s from one of heddle’s', async () => {
  const page: Turn = (answer) => answer.writeHead(404).end('<html>nginx</html>');
  const { client } = await clientOf([page]);
  expect(await failure(client.runs.get('r1'))).toMatchObject({
    code: 'no-heddle',
    status: 404,
    message: "HTTP 404, and the answer is not heddle's: <html>nginx</html>",
  });
  const text = await clientOf([(answer) => answer.writeHead(200).end('hello')]);
  expect(await failure(text.client.runs.get('r1'))).toMatchObject({ code: 'no-heddle' });
});

it('names its tenant where a route is about one, and shows its token', async () => {
  const lists = json(200, { runs: [], cursor: '', providers: [], agents: [] });
  const { client, received } = await clientOf([lists], { tenant: 'a b', token: 't' });
  await client.runs.list({ status: ['failed', 'stalled'] });
  await client.operator.providers();
  await client.agents.list();
  expect(received.map(({ url }) => url)).toEqual([
    '/v1/runs?tenant=a+b&status=failed%2Cstalled',
    '/v1/providers',
    '/v1/agents?limit=100',
  ]);
  for (const { headers } of received) expect(headers).toMatchObject({ authorization: 'Bearer t' });
});

it('opens a stream again that does not begin, or that falls silent', async () => {
  const open = 'event: open\ndata: {}\n\nevent: start\nid: 1\ndata: {"topic":0}\n\n';
  const sse = (text: string, isOver: boolean): Turn => {
    return (answer) => {
      answer.writeHead(200, { 'content-type': 'text/event-stream' }).write(text);
      if (isOver) answer.end('event: end\ndata: {"reason":"complete","resume":false}\n\n');
    };
  };
  const turns = [silent, sse(open, false), sse(open, true)];
  const { client, received } = await clientOf(turns, { timeoutMs: 1_500 });
  const stop = new AbortController();
  const options = { silenceMs: 1_500, signal: stop.signal };
  const seen: string[] = [];
  for await (const { event } of client.stream([{ kind: 'channel', channel: 'news' }], options)) {
    seen.push(event);
  }
  expect(seen).toEqual(['open', 'start', 'open', 'start', 'end']);
  expect(received.map(({ headers }) => headers['last-event-id'])).toEqual([
    undefined,
    undefined,
    '1',
  ]);
});

const sseEnd = (reason: string, resume: boolean): Turn => {
  const end = { reason, resume };
  return (answer) =>
    answer
      .writeHead(200, { 'content-type': 'text/event-stream' })
      .end(`event: open\ndata: {}\n\nevent: end\ndata: ${JSON.stringify(end)}\n\n`);
};

it('throws when a stream is ended because it is no longer allowed', async () => {
  const { client } = await clientOf([sseEnd('token-refused', false)]);
  const seen: string[] = [];
  const followed = async () => {
    for await (const { event } of client.stream([{ kind: 'activity' }])) seen.push(event);
  };
  await expect(followed()).rejects.toMatchObject({ code: 'token-refused', retryable: false });
  expect(seen).toEqual(['open', 'end']);
});

it('comes again to a server that closes, with a stream and with a request', async () => {
  const closing = problem(503, 'closed', false);
  const { client, received } = await clientOf([
    closing,
    sseEnd('complete', false),
    closing,
    json(200, { agents: [] }),
  ]);
  for await (const _ of client.stream([{ kind: 'activity' }]));
  expect(received).toHaveLength(2);
  expect(await client.agents.list()).toEqual([]);
  expect(received).toHaveLength(4);
});

it('waits no longer for the words of a refused stream than for its answer', async () => {
  const half: Turn = (answer) => void answer.writeHead(503).write('{');
  const { client, received } = await clientOf([half, sseEnd('complete', false)], {
    timeoutMs: 200,
  });
  for await (const _ of client.stream([{ kind: 'activity' }]));
  expect(received).toHaveLength(2);
});

/** Longer than a timer holds. */
const long = [2 ** 31, 1e15, Number.MAX_VALUE, Number.POSITIVE_INFINITY];

it.each(long)('takes %d ms for a long time, and not for none', async (ms) => {
  const late =
    (turn: Turn): Turn =>
    (...asked) =>
      void setTimeout(() => turn(...asked), 50);
  const turns = [late(started), late(sseEnd('complete', false))];
  const { client, received } = await clientOf(turns, { timeoutMs: ms, retryMs: 0 });
  expect(await client.runs.start('editor')).toMatchObject({ id: 'r1' });
  const options = { silenceMs: ms, pauseMsMax: ms };
  const lost: string[] = [];
  const connection = (is: string): void => void lost.push(is);
  for await (const _ of client.stream([{ kind: 'activity' }], { ...options, connection }));
  expect(lost).toEqual(['open']);
  expect(received).toHaveLength(2);
});

it('waits for a Retry-After that is longer than a timer holds, until the caller has had enough', async () => {
  const busy = problem(503, 'overloaded', true, { 'retry-after': '3000000' });
  const { client, received } = await clientOf([busy, started], { retryMs: Infinity });
  const signal = AbortSignal.timeout(200);
  await expect(client.runs.output('r1', { signal })).rejects.toThrow();
  expect(received).toHaveLength(1);
});

it.each([Number.NaN, -1, '5000' as never, null as never])(
  'refuses %j for a time before it asks anything',
  async (ms) => {
    const { client, received, url } = await clientOf([lost]);
    expect(() => createClient({ url, timeoutMs: ms })).toThrow('timeoutMs must be');
    expect(() => createClient({ url, retryMs: ms })).toThrow('retryMs must be');
    for (const name of ['silenceMs', 'pauseMsMax']) {
      const stream = client.stream([{ kind: 'activity' }], { [name]: ms });
      await expect(stream.next()).rejects.toThrow(`${name} must be`);
    }
    expect(received).toEqual([]);
  },
);
