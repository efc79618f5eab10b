/**
 * Requests that would change to another protocol, and are not the inspector's.
 *
 * While anybody listens for such requests, Node takes each of them away from the server, body and all, also those that
 * only offer it: Java's client offers HTTP/2 with every request. So they are given back without the offer, and are
 * answered as where nobody inspects.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';

const offers = /^(upgrade|http2-settings|connection)$/i;

export function givenBack(
  server: Pick<Server, 'emit'>,
  request: IncomingMessage,
  of: { readonly socket: Duplex; readonly head: Buffer },
): void {
  const { method, url, httpVersion, rawHeaders } = request;
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = rawHeaders.slice(at, at + 2);
    if (!offers.test(name)) lines.push(`${name}: ${value}`);
  }
  const { socket, head } = of;
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  server.emit('setSecureContext' in server ? 'secureConnection' : 'connection', socket);
}
