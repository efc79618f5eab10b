/** The inspector beside what else a server is: requests that offer HTTP/2, and an application with WebSockets of its own. */
import { once } from 'node:events';
import { ServerResponse, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import { expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { heddlePlugin } from '../../../src/server.ts';
import { closeAfterTest } from '../../support/closing.ts';
import { eventually, openHeddle } from '../../support/heddle.ts';
import { testDatabase } from '../../support/postgres.ts';
import { asking, served } from '../served.ts';
import { weaver } from './inspected-agents.ts';
import { connected, hasActors, refused } from './receiving.ts';

const databaseUrl = await testDatabase();
const agents = [weaver];

/** As Java's client writes each request. */
function offering(method: string, path: string, body = ''): string {
  const offer =
    'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n';
  const head = `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${offer}`;
  const type = 'Content-Type: application/json\r\n';
  return `${head}${body === '' ? '' : type}Content-Length: ${body.length}\r\n\r\n${body}`;
}

it('a request that offers HTTP/2 is answered as ever, with its body, on one connection', async () => {
  const { url } = await served(databaseUrl, { inspect: true }, { agents });
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  closeAfterTest(() => socket.destroy());
  let text = '';
  socket.on('data', (part) => (text += String(part)));
  const answers = (): string[] => text.match(/HTTP\/1\.1 \d+/g) ?? [];
  socket.write(offering('POST', '/v1/runs', JSON.stringify({ agent: 'weaver', input: {} })));
  await eventually(async () => expect(answers()).toEqual(['HTTP/1.1 202']));
  const late = offering('POST', '/v1/runs', JSON.stringify({ agent: 'nobody' }));
  socket.write(late.slice(0, -5));
  socket.write(late.slice(-5));
  await eventually(async () => expect(answers()).toEqual(['HTTP/1.1 202', 'HTTP/1.1 404']));
  socket.write(offering('GET', '/healthz'));
  socket.write(offering('GET', '/inspect?agent=weaver'));
  await eventually(async () =>
    expect(answers().slice(2)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200']),
  );
  // A WebSocket of another address is what it was: a request to a route that is none.
  await expect(connected(`${url}/v1`, '')).rejects.toThrow(/404/);
});

it('in an application under a prefix, beside its own WebSockets', async () => {
  const { heddle } = await openHeddle(databaseUrl, { agents });
  closeAfterTest(() => heddle.close());
  const app = fastify();
  const own = new WebSocketServer({ noServer: true });
  app.server.on('upgrade', (request, socket, head) => {
    if (request.url === '/own')
      own.handleUpgrade(request, socket, head, (one) => one.send('theirs'));
  });
  const at = { prefix: '/looms', host: '127.0.0.1' };
  await app.register(heddlePlugin, { heddle, inspect: true, ...at });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  closeAfterTest(() => app.close());
  const theirs = new WebSocket(`${url.replace('http', 'ws')}/own`);
  const [said] = (await once(theirs, 'message')) as [Buffer];
  expect(String(said)).toBe('theirs');
  theirs.terminate();
  const run = await heddle.start('weaver', { tenant: 'prefixed' });
  const got = await connected(`${url}/looms`, '?agent=weaver&tenant=prefixed');
  await hasActors(got, 1);
  const evil = { origin: 'https://evil.example' };
  expect(await refused(`${url}/looms`, '?agent=weaver', evil)).toMatchObject({ status: 403 });
  const page = await asking(url)('GET', '/looms/inspect');
  expect(page.body).toContain('name="heddle-base" content="/looms"');
  await app.close();
  expect((await got.closed).code).toBe(1001);
  await run.cancel();
});

/** A handshake in one piece with what stands before it. */
function shaking(path: string, before = '', more = ''): string {
  const of =
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n';
  return `${before}GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${of}${more}\r\n`;
}

type Spoken = { readonly socket: Socket; readonly answers: () => string[] };

function spoken(url: string, written: string): Spoken {
  const port = Number(new URL(url).port);
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  closeAfterTest(() => socket.destroy());
  let text = '';
  socket.on('data', (part) => (text += String(part)));
  socket.write(written);
  return { socket, answers: () => text.match(/HTTP\/1\.1 \d+/g) ?? [] };
}

const health = 'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';

it('what asks for another protocol waits until what came before it is answered', async () => {
  const { url } = await served(databaseUrl, { inspect: true }, { agents });
  for (const [written, last] of [
    [shaking('/inspect?agent=weaver', health + health), 'HTTP/1.1 101'],
    [shaking('/other', health + health), 'HTTP/1.1 404'],
    [health + health + offering('GET', '/inspect'), 'HTTP/1.1 200'],
  ] as const) {
    const { answers } = spoken(url, written);
    const all = ['HTTP/1.1 200', 'HTTP/1.1 200', last];
    await eventually(async () => expect(answers()).toEqual(all));
  }
});

it('a handshake that is refused keeps no connection, and no server from its end', async () => {
  const { url, close } = await served(databaseUrl, { inspect: true }, { agents });
  const evil = 'Origin: https://evil.example\r\n';
  const { answers } = spoken(url, shaking('/inspect?agent=weaver', '', evil));
  await eventually(async () => expect(answers()).toEqual(['HTTP/1.1 403']));
  // The client does not close its side.
  await close();
});

it('a connection that a listener of the application has taken is left to it', async () => {
  const { heddle } = await openHeddle(databaseUrl, { agents });
  closeAfterTest(() => heddle.close());
  const app = fastify();
  app.server.on('upgrade', (request, socket) => {
    const response = new ServerResponse(request);
    response.assignSocket(socket as Socket);
    response.once('finish', () => socket.end(() => socket.destroy()));
    setTimeout(() => response.writeHead(418).end(), 50);
  });
  await app.register(heddlePlugin, { heddle, inspect: true, host: '127.0.0.1' });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  closeAfterTest(() => app.close());
  const { socket, answers } = spoken(url, shaking('/inspect?agent=weaver'));
  await once(socket, 'end');
  expect(answers()).toEqual(['HTTP/1.1 418']);
});

/**
 * Takes each upgrade to the application's routes, as `@fastify/websocket` 11 does: it answers in place of the handlers of
 * all routes that are added later, and closes what came to a route without WebSockets.
 */
function takesAll(app: FastifyInstance, warned: unknown[]): void {
  const upgrades = new WeakMap<IncomingMessage, { socket: Socket; head: Buffer }>();
  const webSockets = new WebSocketServer({ noServer: true });
  app.server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    upgrades.set(request, { socket, head });
    const response = new ServerResponse(request);
    try {
      response.assignSocket(socket);
      app.routing(request, response);
    } catch (error) {
      warned.push(error);
    }
  });
  app.addHook('onRoute', (route) => {
    const { handler, url } = route;
    route.handler = function (request, reply) {
      const upgrade = upgrades.get(request.raw);
      if (upgrade === undefined) return handler.call(this, request, reply);
      reply.hijack();
      webSockets.handleUpgrade(request.raw, upgrade.socket, upgrade.head, (one) => {
        if (url === '/theirs') one.send('theirs');
        else one.close();
      });
      return reply;
    };
  });
  app.get('/theirs', (_, reply) => reply.code(404).send());
}

it.each(['before', 'after'])('is registered %s a plugin that takes every upgrade', async (when) => {
  const { heddle } = await openHeddle(databaseUrl, { agents });
  closeAfterTest(() => heddle.close());
  const app = fastify();
  const warned: unknown[] = [];
  if (when === 'after') takesAll(app, warned);
  await app.register(heddlePlugin, { heddle, inspect: true, host: '127.0.0.1' });
  if (when === 'before') takesAll(app, warned);
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  closeAfterTest(() => app.close());
  const theirs = new WebSocket(`${url.replace('http', 'ws')}/theirs`);
  const [said] = (await once(theirs, 'message')) as [Buffer];
  expect(String(said)).toBe('theirs');
  theirs.terminate();
  const run = await heddle.start('weaver', { tenant: when });
  const got = await connected(url, `?agent=weaver&tenant=${when}`);
  if (when === 'before') {
    await hasActors(got, 1);
    expect(warned).toHaveLength(1);
    got.webSocket.terminate();
  } else {
    await got.closed;
    expect([got.frames, warned]).toEqual([[], []]);
  }
  const page = await asking(url)('GET', '/inspect');
  expect(page.body).toContain('Stately inspector');
  await run.cancel();
});
