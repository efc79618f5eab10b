/** Streams of the client: whole over cuts, ended by their topics or by a signal, refused once. */
import { afterAll, expect, it } from 'vitest';
import { apiInProcess } from '../../src/api/in-process.ts';
import {
  createClient,
  HeddleRequestError,
  type ByteStream,
  type FetchLike,
  type StreamEvent,
} from '../../src/client/index.ts';
import { served } from '../api/served.ts';
import { testDatabase } from '../support/postgres.ts';

const server = await served(await testDatabase());
const api = await apiInProcess(server.heddle);
afterAll(() => api.close());

/** Ends the bytes of each answer after so many of them, as a proxy does that goes away. */
function cutAfter(bytesMax: number): FetchLike {
  return async (url, init) => {
    const answer = await fetch(url, init as RequestInit);
    return {
      status: answer.status,
      headers: answer.headers,
      body: cut(answer.body!, bytesMax),
      text: () => answer.text(),
    };
  };
}

function cut(body: ByteStream, bytesMax: number): ByteStream {
  return {
    getReader: () => {
      const reader = body.getReader();
      let left = bytesMax;
      return {
        cancel: (reason) => reader.cancel(reason),
        read: async () => {
          if (left <= 0) {
            void reader.cancel();
            return { done: true };
          }
          const { done, value } = await reader.read();
          const part = value?.subarray(0, left);
          left -= part?.length ?? 0;
          return { done, value: part };
        },
      };
    },
  };
}

const channel = 'news';
const client = createClient({ url: server.url });

async function messagesOf(
  events: AsyncIterable<StreamEvent>,
  count: number,
): Promise<readonly unknown[]> {
  const seqs: unknown[] = [];
  for await (const { event, data } of events) {
    if (event === 'message') seqs.push(data['seq']);
    if (seqs.length === count) break;
  }
  return seqs;
}

it.each([600, 900, 1_500])(
  'gives each message once, though every connection ends after %i bytes',
  async (bytesMax) => {
    const from = (await client.channels.read(channel)).head;
    const cutting = createClient({ url: server.url, fetch: cutAfter(bytesMax) });
    const heard = messagesOf(cutting.stream([{ kind: 'channel', channel, after: from }]), 10);
    for (let i = 0; i < 10; i += 1) await client.channels.publish(channel, { i });
    expect(await heard).toEqual(Array.from({ length: 10 }, (_, i) => from + 1 + i));
  },
);

it.each([
  ['over a socket', client],
  ['in this process', createClient({ url: 'http://localhost', fetch: api.fetch })],
])('follows a run to its end, %s', async (_, one) => {
  const { id } = await one.runs.start('approval', { input: { request: 'a loom' } });
  const names: string[] = [];
  for await (const { event, data } of one.stream([{ kind: 'run', runId: id }])) {
    names.push(event);
    if (event === 'turn' && data['status'] === 'waiting-on-person')
      await one.runs.cancel(id, 'enough');
  }
  expect(names.at(-1)).toBe('end');
  expect(names).toContain('ended');
});

it('ends with its signal, and without an error', async () => {
  const stop = new AbortController();
  const seen: string[] = [];
  for await (const { event } of client.stream([{ kind: 'channel', channel }], {
    signal: stop.signal,
  })) {
    seen.push(event);
    stop.abort();
  }
  expect(seen).toEqual(['open']);
});

it('throws a refusal, and does not ask again', async () => {
  const runId = '00000000-0000-0000-0000-000000000000';
  const events = client.stream([{ kind: 'run', runId }]);
  await expect(events.next()).rejects.toThrow(HeddleRequestError);
});

it('tells when its connection is lost and when it is there again', async () => {
  const cutting = createClient({ url: server.url, fetch: cutAfter(600) });
  const told: string[] = [];
  const stop = new AbortController();
  const events = cutting.stream([{ kind: 'channel', channel, after: 0 }], {
    signal: stop.signal,
    pauseMsMax: 100,
    connection: (is) => {
      told.push(is);
      if (told.length === 4) stop.abort();
    },
  });
  for await (const _ of events) continue;
  expect(told).toEqual(['open', 'lost', 'open', 'lost']);
});
