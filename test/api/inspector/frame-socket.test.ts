/** How a client that reads slowly, or is not there any more, is let go: over real sockets. */
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { FrameSocket, type SocketTimes } from '../../../src/api/inspector/follow/frame-socket.ts';
import { systemClock } from '../../../src/system.ts';
import { closeAfterTest } from '../../support/closing.ts';

const long = { text: 'x'.repeat(100_000) };

async function pair(times: Partial<SocketTimes>) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  closeAfterTest(() => server.close());
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[WebSocket]>;
  const { port } = server.address() as AddressInfo;
  const client = new WebSocket(`ws://127.0.0.1:${port}`);
  closeAfterTest(() => client.terminate());
  const [own] = await accepted;
  if (client.readyState !== WebSocket.OPEN) await once(client, 'open');
  const all = { pingMs: 60_000, stallMs: 60_000, lingerMs: 200, ...times };
  const frames = new FrameSocket(own, { clock: systemClock, times: all });
  const gone = new Promise<void>((resolve) => frames.onGone(resolve));
  // What a client of this library hides: its socket.
  const { _socket: socket } = client as unknown as { readonly _socket: Socket };
  return { own, client, frames, gone, socket };
}

it('a client that reads nothing costs a bounded queue, and is let go', async () => {
  const { own, frames, gone, socket } = await pair({ stallMs: 500 });
  socket.pause();
  let sent = 0;
  while (!frames.isOver) {
    await frames.send(long);
    sent += 1;
    expect(own.bufferedAmount).toBeLessThan(600_000);
    expect(sent).toBeLessThan(500);
  }
  await gone;
  await new Promise<void>((resolve) => {
    if (own.readyState === WebSocket.CLOSED) resolve();
    else own.once('close', () => resolve());
  });
});

it('a client that reads slowly gets everything', async () => {
  const { client, frames, socket } = await pair({ stallMs: 5_000 });
  let got = 0;
  client.on('message', () => (got += 1));
  const breaths = setInterval(() => {
    socket.pause();
    setTimeout(() => socket.resume(), 10);
  }, 20);
  for (let n = 0; n < 100; n++) await frames.send(long);
  clearInterval(breaths);
  socket.resume();
  frames.end({ last: true }, { code: 1001, reason: 'over' });
  const [code, reason] = (await once(client, 'close')) as [number, Buffer];
  expect([got, code, String(reason)]).toEqual([101, 1001, 'over']);
});

it('a client that answers no ping is let go, and one that does stays', async () => {
  const dead = await pair({ pingMs: 200 });
  const well = await pair({ pingMs: 200 });
  dead.socket.pause();
  await dead.gone;
  expect(well.frames.isOver).toBe(false);
  // Nothing is sent to whoever is gone, and nobody waits for it.
  await dead.frames.send(long);
});

it('a reason is cut where a close frame ends', async () => {
  const { client, frames } = await pair({});
  frames.end(null, { code: 1008, reason: `invalid-field: ${'è'.repeat(200)}` });
  const [code, reason] = (await once(client, 'close')) as [number, Buffer];
  expect(code).toBe(1008);
  expect(String(reason)).toMatch(/^invalid-field: è+$/);
});
