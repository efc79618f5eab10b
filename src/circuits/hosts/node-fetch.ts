/**
 * A `fetch` for the client over `node:http`. Node's own makes web streams for each answer, which costs this process
 * 2 ms of CPU a request: on one machine with the server that would be measured, and not the server.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { FetchAnswer, FetchInit, FetchLike } from '../../client/index.ts';

export type NodeFetch = {
  readonly fetch: FetchLike;
  /** Lets go of the sockets. */
  close(): void;
};

export function nodeFetch({ socketsMax }: { readonly socketsMax: number }): NodeFetch {
  const options = { keepAlive: true, maxSockets: socketsMax };
  const http = new HttpAgent(options);
  const https = new HttpsAgent(options);
  return {
    fetch: (url, init) =>
      new Promise((resolve, reject) => {
        const isPlain = url.startsWith('http:');
        const { method, body, signal } = init;
        const given = { method, headers: headersOf(init), agent: isPlain ? http : https };
        const sent = (isPlain ? httpRequest : httpsRequest)(url, given);
        const abort = (): void => void sent.destroy(new Error('aborted'));
        sent.once('response', (reply) => resolve(answerOf(reply)));
        sent.once('error', reject);
        sent.once('close', () => signal?.removeEventListener('abort', abort));
        if (signal?.aborted === true) abort();
        else signal?.addEventListener('abort', abort, { once: true });
        sent.end(body);
      }),
    close: () => {
      http.destroy();
      https.destroy();
    },
  };
}

function headersOf({ headers, body }: FetchInit): Record<string, string> {
  if (body === undefined) return headers;
  return { ...headers, 'content-length': String(Buffer.byteLength(body)) };
}

function answerOf(reply: IncomingMessage): FetchAnswer {
  const parts = (): AsyncIterator<Buffer> => reply[Symbol.asyncIterator]();
  return {
    status: reply.statusCode ?? 0,
    headers: { get: (name) => [reply.headers[name] ?? []].flat().join(', ') || null },
    body: {
      getReader: () => {
        const chunks = parts();
        return {
          read: async () => {
            const next = await chunks.next();
            return next.done === true ? { done: true } : { done: false, value: next.value };
          },
          cancel: () => {
            reply.destroy();
            return Promise.resolve();
          },
        };
      },
    },
    text: async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of reply) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString('utf8');
    },
  };
}
