/** A server that closes answers those who wait, and is kept open by nobody who does not take his answer. */
import { request, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { testDatabase } from '../support/postgres.ts';
import { served } from './served.ts';

const url = await testDatabase();

async function closedWithinMs(close: () => Promise<void>): Promise<number> {
  const sinceMs = performance.now();
  await close();
  return performance.now() - sinceMs;
}

it('a client of a stream that reads nothing does not hold it up', { timeout: 90_000 }, async () => {
  const server = await served(url);
  for (let i = 0; i < 100; i += 1) {
    const payload = 'x'.repeat(200_000);
    await server.ask('POST', '/v1/channels/many/messages', { payload });
  }
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(new URL('/v1/stream?channel=many@0', server.url), resolve).on('error', reject).end();
  });
  response.on('error', () => undefined);
  response.pause();
  await setTimeout(1_500);
  expect(await closedWithinMs(server.close)).toBeLessThan(9_000);
  response.destroy();
});

it('a request that does not arrive does not hold it up', { timeout: 90_000 }, async () => {
  const server = await served(url);
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  const head = ['POST /v1/runs HTTP/1.1', `host: ${hostname}:${port}`, 'content-length: 1000'];
  socket.write(`${[...head, 'content-type: application/json', '', ''].join('\r\n')}{"agent":`);
  await setTimeout(500);
  expect(await closedWithinMs(server.close)).toBeLessThan(20_000);
  socket.destroy();
});

it(
  'nothing is read any more for a long-poll whose client has gone',
  { timeout: 90_000 },
  async () => {
    const server = await served(url);
    const { store } = server.heddle.runtime;
    const { channelLogs } = store;
    let reads = 0;
    Object.assign(store, {
      channelLogs: (...given: Parameters<typeof channelLogs>) => {
        reads += 1;
        return channelLogs(...given);
      },
    });
    const gone = new AbortController();
    const path = '/v1/channels/silent/messages?waitMs=25000';
    const polled = fetch(server.url + path, { signal: gone.signal });
    await expect.poll(() => reads, { timeout: 30_000 }).toBeGreaterThan(1);
    gone.abort();
    await expect(polled).rejects.toThrow();
    await setTimeout(1_000);
    const before = reads;
    await setTimeout(4_000);
    expect(reads).toBe(before);
  },
);
