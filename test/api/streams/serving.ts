/** Streams of one heddle on a socket of this machine, with nothing else around them. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { oneTenant } from '../../../src/access/scopes.ts';
import { changeRelay, serveRelay } from '../../../src/api/streams/http.ts';
import type { InterestChange } from '../../../src/api/streams/relay/line.ts';
import { proofHeader } from '../../../src/library/relay/proof.ts';
import type { WriterTimes } from '../../../src/api/streams/sse/writer.ts';
import { Streams } from '../../../src/api/streams/streams.ts';
import { relayPath, viewPath } from '../../../src/library/relay/owners.ts';
import {
  fitting,
  streamBody,
  streamQuery,
  topicsOfBody,
  topicsOfQuery,
} from '../../../src/api/streams/topics-asked.ts';
import { HeddleError } from '../../../src/domain/errors.ts';
import type { Heddle } from '../../../src/index.ts';

export type Serving = {
  readonly url: string;
  readonly streams: Streams;
  /** Ends all connections at once, as a crash would. */
  cut(): void;
  close(): Promise<void>;
};

export type ServingOptions = {
  readonly times?: Partial<WriterTimes>;
  /** False: other replicas are not told where it is. */
  readonly isReached?: boolean;
  readonly allowed?: () => Promise<unknown>;
  readonly port?: number;
  readonly inspects?: boolean;
  readonly seesGates?: boolean;
  /** Answers what is no stream, with JSON. */
  readonly answer?: (url: URL, body: string) => Promise<unknown>;
};

export async function serveStreams(
  heddle: Pick<Heddle, 'runtime'>,
  options: ServingOptions = {},
): Promise<Serving> {
  const {
    times = {},
    isReached = true,
    allowed = async () => undefined,
    port = 0,
    inspects = true,
    seesGates = true,
  } = options;
  const streams = new Streams(heddle, times);
  const sockets = new Set<Socket>();
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://heddle');
    if (url.pathname === relayPath) return serveRelay(streams, request, response);
    const body = await bodyOf(request);
    if (url.pathname === viewPath) {
      const proof = request.headers[proofHeader];
      response.end(JSON.stringify(await streams.relay.view(proof, JSON.parse(body) as never)));
      return;
    }
    if (url.pathname.startsWith(relayPath)) {
      const proof = request.headers[proofHeader];
      const link = url.pathname.slice(relayPath.length + 1);
      const change = JSON.parse(body) as InterestChange;
      response.writeHead(await changeRelay(streams, { proof, link, change })).end();
      return;
    }
    if (url.pathname !== '/v1/stream' && options.answer !== undefined) {
      response.end(JSON.stringify(await options.answer(url, body)));
      return;
    }
    const scope = oneTenant(url.searchParams.get('tenant') ?? 'default');
    const lastEventId = request.headers['last-event-id'] as string | undefined;
    try {
      const topics =
        request.method === 'GET'
          ? topicsOfQuery(fitting(streamQuery, queryOf(url), 'query'))
          : topicsOfBody(fitting(streamBody, JSON.parse(body), 'body'));
      const send = await streams.open({
        token: null,
        scope,
        topics,
        lastEventId,
        allowed,
        inspects,
        seesGates,
      });
      await send(response);
    } catch (error) {
      if (!(error instanceof HeddleError)) throw error;
      response.writeHead(error.status).end(JSON.stringify({ code: error.code }));
    }
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      const { status = 500 } = error as { readonly status?: number };
      response.writeHead(status).end(JSON.stringify(String(error)));
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  if (isReached) streams.reachedAt(url);
  return {
    url,
    streams,
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
    close: async () => {
      await streams.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function queryOf({ searchParams }: URL): Record<string, string | string[]> {
  const names = [...new Set(searchParams.keys())].filter((name) => name !== 'tenant');
  return Object.fromEntries(names.map((name) => [name, searchParams.getAll(name)])) as never;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}
