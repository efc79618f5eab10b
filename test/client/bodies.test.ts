/** What the client sends as bodies, and what it needs of those that it gets. */
import { Readable } from 'node:stream';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { createClient, type FetchAnswer, type Json } from '../../src/client/index.ts';
import { failure, flakyServer, json } from './flaky-server.ts';

const started = json(202, { id: 'r1', tenant: 'default' });

type Body = ReadableStream<Uint8Array> | null;
it.each<[string, (body: Body) => unknown]>([
  ['no body', () => null],
  ['a body that nobody has set', () => undefined],
  ["a stream of Node's", () => Readable.from(['event: open'])],
])('ends a stream over a fetch that gives %s, and says why', async (_, bodyOf) => {
  const { url } = await flakyServer(json(200, {}));
  const odd = async (to: string, init: object): Promise<FetchAnswer> => {
    const answer = await fetch(to, init);
    const { status, headers, body } = answer;
    return { status, headers, body: bodyOf(body) as Body, text: () => answer.text() };
  };
  const { stream } = createClient({ url, fetch: odd });
  const told = { code: 'no-stream', retryable: false, message: expect.stringContaining('`fetch`') };
  expect(await failure(stream([{ kind: 'run', runId: 'r1' }]).next())).toMatchObject(told);
});

it.each<[string, unknown]>([
  ['body.input: is no plain object', new Map([[1, 2]])],
  ['body.input.a: is no plain object', { a: new (class Yarn {})() }],
  ['body.input.0.b: is not a finite number', [{ b: Number.NaN }]],
  ['body.input.0: undefined is lost', [undefined]],
  ['body.input.a: bigint is lost', { a: 1n }],
  ['body.input.a: function is lost', { a: () => 1 }],
  ['body.input: symbol is lost', Symbol('x')],
  ['body: ', holdsItself()],
])('refuses before it sends: %s', async (words, input) => {
  const { url, received } = await flakyServer(started);
  const error = await failure(createClient({ url }).runs.start('editor', { input: input as Json }));
  expect(error).toMatchObject({ code: 'invalid-json', status: 0, retryable: false });
  expect(error.message).toContain(words);
  expect(received).toHaveLength(0);
});

it('sends what JSON keeps, of any realm', async () => {
  const { url, received } = await flakyServer(started);
  const bare = Object.assign(Object.create(null) as object, { a: 1, left: undefined });
  const input = [bare, runInNewContext('({ b: [2] })'), new Date(0), null, 'text'] as Json;
  await createClient({ url }).runs.start('editor', { input });
  const sent = '[{"a":1},{"b":[2]},"1970-01-01T00:00:00.000Z",null,"text"]';
  expect(received[0]?.body).toBe(`{"agent":"editor","input":${sent}}`);
});

function holdsItself(): unknown {
  const list: unknown[] = [];
  list.push(list);
  return list;
}
