/** A server that answers each request as it is told, and keeps what it was sent. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished } from 'vitest';
import type { HeddleRequestError } from '../../src/client/index.ts';

export type Received = {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
};
export type Turn = (answer: ServerResponse, request: Received) => void;

/** The last turn answers all that come after it. */
export async function flakyServer(
  ...turns: readonly Turn[]
): Promise<{ readonly url: string; readonly received: readonly Received[] }> {
  const received: Received[] = [];
  const server = createServer((request, answer) => {
    let body = '';
    request.setEncoding('utf8').on('data', (part: string) => (body += part));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const turn = turns[Math.min(received.length, turns.length - 1)];
      const one = { method, url, headers, body };
      received.push(one);
      turn?.(answer, one);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received };
}

export const json =
  (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Turn =>
  (answer) =>
    answer
      .writeHead(status, { 'content-type': 'application/json', ...headers })
      .end(JSON.stringify(body));

export const problem = (
  status: number,
  code: string,
  retryable: boolean,
  headers?: Readonly<Record<string, string>>,
): Turn => json(status, { code, detail: `it is ${code}`, status, retryable }, headers);

/** The request has arrived, and nobody hears what came of it. */
export const lost: Turn = (answer) => void answer.destroy();
export const silent: Turn = () => undefined;

/** The error with which a request ends; an answer fails the test. */
export async function failure(work: Promise<unknown>): Promise<HeddleRequestError> {
  return work.then(
    () => expect.fail('it was answered'),
    (error: unknown) => error as HeddleRequestError,
  );
}
