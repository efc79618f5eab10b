/**
 * The API inside this process: asked as by `fetch`, without a socket. Whoever can call this has the heddle in its
 * hands already, so it is asked as from this machine.
 */
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { Doorkeeper } from '../access/doorkeeper.ts';
import type { Heddle } from '../library/library.ts';
import { createApi } from './server.ts';
import { Streams } from './streams/streams.ts';

type Asked = {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
  readonly signal?: unknown;
};
type Answered = {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: ReadableStream<Uint8Array> | null;
  text(): Promise<string>;
};
type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

type Fetch = (url: string, init: Asked) => Promise<Answered>;

export type ApiInProcess = {
  /** For `createClient`: of each address it takes the path. */
  readonly fetch: Fetch;
  /** Answers those who wait. The heddle stays open. */
  close(): Promise<void>;
};

export async function apiInProcess(heddle: Heddle): Promise<ApiInProcess> {
  const { store, clock } = heddle.runtime;
  const doorkeeper = new Doorkeeper({ store, nowMs: () => clock.nowMs() });
  const streams = new Streams(heddle);
  // Other replicas cannot reach it: it has no socket.
  streams.reachedAt(null);
  const app = await createApi({ heddle, doorkeeper, streams });
  return { fetch: fetchOf(app), close: () => app.close() };
}

function fetchOf(app: FastifyInstance): Fetch {
  return async (url, { method, headers, body, signal }) => {
    const { pathname, search } = new URL(url);
    const reply = await app.inject({
      method: method as Method,
      url: pathname + search,
      headers,
      ...(body === undefined ? {} : { payload: body }),
      ...(signal instanceof AbortSignal ? { signal } : {}),
      payloadAsStream: true,
    });
    const stream = Readable.toWeb(reply.stream()) as ReadableStream<Uint8Array>;
    return {
      status: reply.statusCode,
      headers: { get: (name) => headerText(reply.headers[name.toLowerCase()]) },
      body: stream,
      text: () => new Response(stream).text(),
    };
  };
}

function headerText(value: string | readonly string[] | number | undefined): string | null {
  if (value === undefined) return null;
  return typeof value === 'object' ? value.join(', ') : String(value);
}
