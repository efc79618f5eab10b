/** Streams and the relay as requests: what stands between a socket and `Streams`. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { InterestChange } from './relay/line.ts';
import { proofHeader } from '../../library/relay/proof.ts';
import type { Streams } from './streams.ts';

/** Another replica opens a connection. It is answered here, in whatever way. */
export async function serveRelay(
  streams: Streams,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const isOpen = await streams.relay.open(request.headers[proofHeader], response);
    if (!isOpen) response.writeHead(403).end();
  } catch {
    // The secret cannot be read: nothing was sent. The other replica asks again.
    response.writeHead(503).end();
  }
}

/** Another replica says what it wants to hear of. Gives the status of the answer. */
export async function changeRelay(
  streams: Streams,
  request: { readonly proof: unknown; readonly link: string; readonly change: InterestChange },
): Promise<204 | 403> {
  const { proof, link, change } = request;
  return (await streams.relay.change(proof, link, change)) ? 204 : 403;
}
