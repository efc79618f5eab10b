/** Answers a request with an error: as problem+json, with what its client can do about it. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Heddle } from '../../library/library.ts';
import { placed, problemOf, refusalOf } from '../problem.ts';
import { placeIn } from './field-places.ts';

/** `prefix`: under which an application serves the routes. */
type Serving = { readonly heddle: Heddle; readonly prefix?: string };

export function refuse(
  { heddle, prefix = '' }: Serving,
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const refusal = refusalOf(thrown);
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
  return reply
    .code(error.status)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .serializer((body: unknown) => JSON.stringify(body))
    .send(problemOf(error, { errors, prefix }));
}
