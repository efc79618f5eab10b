/**
 * Who an inspector says that it is. A page cannot send headers with a WebSocket, and `createWebSocketReceiver` takes an
 * address alone. So a token may come in three ways, none of which stands in the path or in a log of it: as
 * `Authorization`, as the password of the address (`ws://token:…@host`), or as a subprotocol.
 */
import { isLoopbackOrigin, type HeadersGiven } from '../../access/loopback.ts';
import { heddleError } from '../../domain/errors.ts';

export const subprotocol = 'heddle.inspect';
/** Before the token as base64url. */
export const tokenProtocol = 'heddle.token.';

/** Pages of these may connect: the hosted inspector, wherever it is moved to. */
const statelyOrigin = /^https:\/\/([a-z0-9-]+\.)*stately\.ai$/;
const shownCharsMax = 100;

/** As the doorkeeper reads them. The origin was checked here, by other rules. */
export function credentialsOf(headers: HeadersGiven): HeadersGiven {
  const { origin: _, ...rest } = headers;
  const authorization = fromPassword(headers.authorization) ?? fromProtocols(headers);
  return authorization === null ? rest : { ...rest, authorization };
}

/** Programs send no origin. Throws `origin-refused`. */
export function checkOrigin({ origin, host }: HeadersGiven, allowed: readonly string[]): void {
  if (origin === undefined) return;
  const given = String(origin);
  const isKnown = allowed.includes(given) || statelyOrigin.test(given) || isLoopbackOrigin(given);
  // A page of this very server: whether its name is a right one is checked beside the token.
  const isOwn = /^https?:\/\//.test(given) && given.replace(/^https?:\/\//, '') === host;
  if (!isKnown && !isOwn) {
    throw heddleError('origin-refused', { origin: given.slice(0, shownCharsMax) });
  }
}

function fromPassword(authorization: string | undefined): string | null {
  const [, basic] = /^Basic ([A-Za-z0-9+/=]{1,1024})$/i.exec(authorization ?? '') ?? [];
  if (basic === undefined) return null;
  const decoded = Buffer.from(basic, 'base64').toString();
  return `Bearer ${decoded.slice(decoded.indexOf(':') + 1)}`;
}

function fromProtocols(headers: HeadersGiven): string | null {
  if (headers.authorization !== undefined) return null;
  const names = String(headers['sec-websocket-protocol'] ?? '').split(',');
  const named = names.map((name) => name.trim()).find((name) => name.startsWith(tokenProtocol));
  if (named === undefined) return null;
  return `Bearer ${Buffer.from(named.slice(tokenProtocol.length), 'base64url').toString()}`;
}
