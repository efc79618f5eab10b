/**
 * Answers what is no request: bytes that Node's parser refuses, headers that are too large, a request that does not
 * arrive in time. No route, hook or handler of Fastify's sees these. They are answered as all refusals are, and the
 * connection is closed.
 *
 * It owns what is written to such a connection, and its end.
 *
 * 1. A request of the same connection that has arrived whole is answered first, within `endsWithinMs`: an answer in
 *    the midst of another would be read as a part of that.
 */
import { STATUS_CODES, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { heddleError, type HeddleError } from '../../domain/errors.ts';
import { problemOf } from '../problem.ts';

/** The time in which a request must have arrived; an answer may be waited for a little less (`waitMsMax`). */
export const arrivesWithinMs = 30_000;
const endsWithinMs = 30_000;

/** Node keeps the answer that is being given, or is next, at its connection. */
type Answering = Socket & { readonly _httpMessage?: ServerResponse | null };

const refused = new WeakSet<Socket>();

/** The server's `clientError`. */
export function refuseBytes(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) {
    socket.destroy();
    return;
  }
  // More bytes after the wrong ones are wrong again.
  if (refused.has(socket)) return;
  refused.add(socket);
  socket.pause();
  const late = setTimeout(() => socket.destroy(), endsWithinMs);
  socket.once('close', () => clearTimeout(late));
  refuseWhenFree(problemText(refusalOf(error)), socket);
}

function refuseWhenFree(text: string, socket: Answering): void {
  if (socket.destroyed) return;
  const answer = socket._httpMessage;
  if (answer === undefined || answer === null || answer.writableFinished) socket.end(text, close);
  else if (answer.req.complete)
    answer.once('close', () => setImmediate(refuseWhenFree, text, socket));
  // It waits for the rest of its body, which is what is wrong.
  else if (answer.headersSent) close();
  else socket.end(text, close);

  function close(): void {
    socket.destroy();
  }
}

function refusalOf({ code = '', message }: NodeJS.ErrnoException): HeddleError {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return heddleError('request-late', { withinMs: arrivesWithinMs });
  }
  if (code === 'HPE_HEADER_OVERFLOW') return heddleError('headers-too-large');
  const [reason = ''] = message.replace(/^Parse Error: /, '').split('\n');
  return heddleError('request-malformed', { reason: reason.slice(0, 100) || 'it is cut' });
}

function problemText(error: HeddleError): string {
  const body = JSON.stringify(problemOf(error));
  return [
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? ''}`,
    'content-type: application/problem+json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
    '',
    body,
  ].join('\r\n');
}
