/**
 * The inspector's address, `/inspect`: a page for a browser, and the frames for a WebSocket.
 *
 * A WebSocket's handshake goes the way of every request: who asks is checked before it is taken, and a refusal is a
 * problem document. What is asked is checked after that, because most clients show no answer but a close.
 */
import { ServerResponse, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { HeadersGiven } from '../../access/loopback.ts';
import type { Principal } from '../../access/principal.ts';
import { bridgePage, bridgePolicy } from './bridge-page.ts';
import { checkOrigin, credentialsOf, subprotocol } from './credentials.ts';
import { afterEarlierAnswers } from './earlier-answers.ts';
import type { Inspector } from './inspector.ts';
import { givenBack } from './other-upgrades.ts';

/** Nothing is taken from clients. */
const messageBytesMax = 1_024;

type Admit = (
  headers: HeadersGiven,
  request: FastifyRequest,
  reply: FastifyReply,
) => Promise<{ readonly principal: Principal; readonly allowed: () => Promise<unknown> }>;

type Upgrade = {
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly response: ServerResponse;
};

export async function addInspector(
  app: FastifyInstance,
  inspector: Inspector,
  admit: Admit,
): Promise<void> {
  // Loaded here, because most servers have no inspector.
  const { WebSocketServer } = await import('ws');
  const upgrades = new WeakMap<IncomingMessage, Upgrade>();
  const webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: messageBytesMax,
    perMessageDeflate: false,
    handleProtocols: (names) => (names.has(subprotocol) ? subprotocol : false),
  });
  app.get('/inspect', { schema: { hide: true } }, async (request, reply) => {
    const upgrade = upgrades.get(request.raw);
    if (upgrade === undefined) return sentPage(request, reply, app.prefix);
    const { headers, query } = request;
    checkOrigin(headers, inspector.inspecting.origins);
    const { principal, allowed } = await admit(credentialsOf(headers), request, reply);
    reply.hijack();
    const { socket, head, response } = upgrade;
    // The socket is the frames' from here on.
    response.detachSocket(socket as never);
    webSockets.handleUpgrade(request.raw, socket, head, (webSocket) => {
      inspector.serve(webSocket, { principal, query, allowed });
    });
    return reply;
  });
  const path = `${app.prefix}/inspect`;
  const upgraded = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const isOurs = (request.url ?? '').split('?')[0] === path;
    const { upgrade = '' } = request.headers;
    if (!isOurs || upgrade.toLowerCase() !== 'websocket') {
      // The server may be an application's, with WebSockets of its own.
      if (app.server.listenerCount('upgrade') === 1)
        afterEarlierAnswers(socket, () => givenBack(app.server, request, { socket, head }));
      return;
    }
    afterEarlierAnswers(socket, () => answered(request, socket, head));
  };
  const answered = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket as never);
    response.once('finish', () => {
      response.detachSocket(socket as never);
      // Nobody reads here any more, and a client may keep its own side open for ever.
      socket.end(() => socket.destroy());
    });
    socket.on('error', () => socket.destroy());
    upgrades.set(request, { socket, head, response });
    app.routing(request, response);
  };
  app.server.on('upgrade', upgraded);
  app.addHook('onClose', async () => void app.server.off('upgrade', upgraded));
}

function sentPage(request: FastifyRequest, reply: FastifyReply, prefix: string): FastifyReply {
  return reply
    .header('content-type', 'text/html; charset=utf-8')
    .header('content-security-policy', bridgePolicy(request.headers.host))
    .header('x-content-type-options', 'nosniff')
    .header('referrer-policy', 'no-referrer')
    .header('cache-control', 'no-cache')
    .send(bridgePage(prefix));
}
