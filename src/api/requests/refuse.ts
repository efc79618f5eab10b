/**
 * Answers a request with an error: as problem+json, with what its client can do about it. A client that is still sending
 * its body is answered when it has sent it.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Heddle } from '../../library/library.ts';
import { placed, problemOf, refusalOf } from '../problem.ts';
import { placeIn } from './field-places.ts';
import { bodyComes, restOfBody } from './rest-of-body.ts';

/** `prefix`: under which an application serves the routes. */
type Serving = { readonly heddle: Heddle; readonly prefix?: string };

export function refuse(
  { heddle, prefix = '' }: Serving,
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply | Promise<FastifyReply> {
  const refusal = refusalOf(thrown, request.query);
  const { errors } = refusal;
  const { route } = request.routeOptions.config ?? {};
  const { params, query, body, headers } = request;
  const asked = { params, query, body, headers };
  const error =
    route === undefined
      ? refusal.error
      : placed(refusal.error, (field) => placeIn(route, asked, field));
  if (error.code === 'internal') {
    const named = `${request.method} ${request.routeOptions.url ?? 'unknown'}`;
    heddle.runtime.log.warn('a request met a fault', { route: named, error: error.message });
  }
  const { retryAfterMs } = error.detail;
  const waitMs =
    typeof retryAfterMs === 'number' ? retryAfterMs : error.status === 503 ? 1_000 : null;
  if (waitMs !== null) void reply.header('retry-after', String(Math.ceil(waitMs / 1_000)));
  if (error.status === 401) void reply.header('www-authenticate', 'Bearer');
  void reply
    .code(error.status)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .serializer((text: unknown) => JSON.stringify(text));
  const send = (): FastifyReply => reply.send(problemOf(error, { errors, prefix }));
  return bodyComes(request.raw) ? restOfBody(request.raw).then(send) : send();
}
