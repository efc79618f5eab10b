/** In which order a reply goes out and its slot comes back. */
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { deliveryOf, Sending } from '../../src/emulators/delivery.ts';
import type { WireReply } from '../../src/emulators/wire.ts';

const reply: WireReply = {
  status: 200,
  headers: ['content-type', 'text/plain'],
  frames: ['a', 'b', 'c', 'd', 'e'],
  pieces: [1, 2, 3],
  streamed: true,
};
const plan = { latencyMs: 0, firstTokenMs: 0, fault: null };
const noError = (): string => '';

it('tells of the end before the end goes out', () => {
  // In one process a client never reads so early that a late word would show, so it is looked at here.
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  const seen: unknown[] = [];
  const sending = new Sending(response, deliveryOf(reply, plan, noError), {
    onHead: (status) => seen.push(status),
    onLast: (end) => seen.push([end, response.writableEnded]),
  });
  expect(seen).toEqual([200, ['sent', false]]);
  expect(response.writableEnded).toBe(true);
  sending.stop();
});

it('rests before each piece but the first, as long as the script leaves time for it', () => {
  const paced = deliveryOf(reply, { ...plan, latencyMs: 90, firstTokenMs: 30 }, noError);
  expect(paced).toMatchObject({ firstMs: 30, writes: ['ab', 'c', 'de'], gapMs: 30 });
  const atOnce = deliveryOf(reply, { ...plan, latencyMs: 90, firstTokenMs: 90 }, noError);
  expect(atOnce).toMatchObject({ firstMs: 90, writes: ['abcde'], ending: 'end' });
  const plain = { ...reply, streamed: false, frames: ['whole'], pieces: [] };
  const late = deliveryOf(plain, { ...plan, latencyMs: 90, firstTokenMs: 30 }, noError);
  expect(late).toMatchObject({ firstMs: 90, writes: ['whole'] });
  expect(late.head?.headers).toEqual([...reply.headers, 'content-length', '5']);
});
