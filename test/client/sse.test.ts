/** Server-sent events from bytes that are cut anywhere. */
import { expect, it } from 'vitest';
import { sseFrames, type SseFrame } from '../../src/client/sse.ts';
import type { ByteStream } from '../../src/client/fetch-like.ts';

/** The pieces, one per read. */
function bytes(...pieces: readonly Uint8Array[]): ByteStream & { readonly ended: () => boolean } {
  let at = 0;
  let ended = false;
  return {
    ended: () => ended,
    getReader: () => ({
      read: async () => {
        const value = pieces[at++];
        return value === undefined ? { done: true } : { done: false, value };
      },
      cancel: async () => {
        ended = true;
      },
    }),
  };
}

const encoded = (text: string): Uint8Array => new TextEncoder().encode(text);

async function all(...pieces: readonly Uint8Array[]): Promise<SseFrame[]> {
  const frames: SseFrame[] = [];
  for await (const frame of sseFrames(bytes(...pieces))) frames.push(frame);
  return frames;
}

const text = [
  '\uFEFF: a heartbeat\n\n',
  'id: 7\nevent: turn\ndata: {"a":"Zürich 🧶"}\n\n',
  'data:no space\r\ndata:  two spaces\r\n\r\n',
  'event: nothing\n\n',
  'id: 8\n\n',
  'data\r\r',
  'id\ndata: without an id\n\n',
  'id: 9\0\ndata: an id with a zero is none\n\n',
  'retry: 10\nodd: field\ndata: last\n\n',
  'data: this one is cut\n',
].join('');

const frames: readonly SseFrame[] = [
  { id: '7', event: 'turn', data: '{"a":"Zürich 🧶"}' },
  { id: '7', event: 'message', data: 'no space\n two spaces' },
  { id: '8', event: 'message', data: '' },
  { id: '', event: 'message', data: 'without an id' },
  { id: '', event: 'message', data: 'an id with a zero is none' },
  { id: '', event: 'message', data: 'last' },
];

it('reads the same events wherever the bytes are cut', async () => {
  const whole = encoded(text);
  expect(await all(whole)).toEqual(frames);
  for (let at = 0; at <= whole.length; at++) {
    const read = await all(whole.subarray(0, at), whole.subarray(at));
    expect(read, `cut at byte ${at}`).toEqual(frames);
  }
  const single = Array.from(whole, (_, at) => whole.subarray(at, at + 1));
  expect(await all(...single), 'byte by byte').toEqual(frames);
});

it('gives an event as soon as its empty line has come, also one of a single \\r', async () => {
  const half = bytes(encoded('data: 1\r\r'), encoded('data: 2\n\n'));
  const read = sseFrames(half);
  expect((await read.next()).value).toMatchObject({ data: '1' });
  expect((await read.next()).value).toMatchObject({ data: '2' });
  expect((await read.next()).done).toBe(true);
});

it('ends the connection when its reader has heard enough', async () => {
  const stream = bytes(encoded('data: 1\n\n'), encoded('data: 2\n\n'));
  for await (const { data } of sseFrames(stream)) if (data === '1') break;
  expect(stream.ended()).toBe(true);
});

it('keeps no heartbeat', async () => {
  const beats = Array.from({ length: 40 }, () => encoded(`: ${'-'.repeat(1_000_000)}\n`));
  for await (const _ of sseFrames(bytes(...beats, encoded('\n')))) expect.fail();
});

it('takes silence for an end, but not the time that its reader takes', async () => {
  const pieces = [encoded('data: 1\n\n'), encoded('data: 2\n\n')];
  const never = new Promise<never>(() => undefined);
  const read = async () => ({ done: false, value: pieces.shift() ?? (await never) });
  const frames = sseFrames({ getReader: () => ({ read, cancel: async () => undefined }) }, 50);
  expect((await frames.next()).value).toMatchObject({ data: '1' });
  await new Promise((resolve) => setTimeout(resolve, 120));
  expect((await frames.next()).value).toMatchObject({ data: '2' });
  await expect(frames.next()).rejects.toThrow('nothing has come for 50 ms');
});

it('refuses an event without an end', async () => {
  const piece = encoded('x'.repeat(1_000_000));
  const endless = [encoded('data: '), ...Array.from({ length: 18 }, () => piece)];
  await expect(all(...endless)).rejects.toThrow('too long');
});
