/** What a route is asked, from a request that has passed its schemas, and what it answers. */
import type { FastifyRequest } from 'fastify';
import type { Doorkeeper } from '../../access/doorkeeper.ts';
import { tenantScopeOf, type Principal } from '../../access/principal.ts';
import { tenantIn } from '../../access/scopes.ts';
import { heddleError } from '../../domain/errors.ts';
import { limits } from '../../domain/limits.ts';
import type { Heddle } from '../../library/library.ts';
import type { Clock } from '../../library/live/live.ts';
import type { Layouts } from '../charts/layouts.ts';
import type { Answer, Route } from '../route.ts';
import type { Streams } from '../streams/streams.ts';
import { requestAsked, type Requests } from './idempotency.ts';
import { Waiting } from './waiting.ts';

type Answering = {
  readonly heddle: Heddle;
  readonly doorkeeper: Doorkeeper;
  readonly streams: Streams;
  readonly inspector?: unknown;
  readonly layouts: Layouts;
  readonly requests: Requests;
  readonly closing: AbortController;
};

const partsOf = ({ params, query, body }: FastifyRequest) => ({ params, query, body });

type Headers = Readonly<Record<string, string | undefined>>;

/** A header that the document does not have is not read. */
function headersOf({ headers = {} }: Route, given: Headers): Headers {
  const names = Object.keys(headers).map((name) => name.toLowerCase());
  return Object.fromEntries(names.map((name) => [name, given[name]]));
}

/**
 * Asks the route, once for each key. A change waits for a store that does not answer, and is made when it does; who
 * has asked is told before, after `limits.answerMsMax`.
 */
export function answerTo(
  serving: Answering,
  route: Route,
  principal: Principal,
  request: FastifyRequest,
): Promise<Answer> {
  const waiting = new Waiting(serving.closing.signal, request.raw.socket);
  const answer = asked(serving, route, { principal, request, waiting }).finally(() =>
    waiting.end(),
  );
  const isChange = route.method !== 'GET' && route.changesNothing !== true;
  return isChange ? inTime(answer, serving.heddle.runtime.clock) : answer;
}

function inTime(answer: Promise<Answer>, clock: Pick<Clock, 'setTimer'>): Promise<Answer> {
  const ms = limits.answerMsMax;
  return new Promise((resolve, reject) => {
    const late = clock.setTimer(ms, () => {
      const reason = `not within ${ms} ms. The request may be carried out yet; send it again under its Idempotency-Key`;
      reject(heddleError('store-unavailable', { reason }));
    });
    answer.finally(late).then(resolve, reject);
  });
}

type Asking = {
  readonly principal: Principal;
  readonly request: FastifyRequest;
  readonly waiting: Waiting;
};

async function asked(
  serving: Answering,
  route: Route,
  { principal, request, waiting }: Asking,
): Promise<Answer> {
  const { heddle, doorkeeper, streams, layouts, requests } = serving;
  const headers = request.headers as Headers;
  const keyed = requestAsked(route, { ...partsOf(request), headers });
  const { tenant } = request.query as { readonly tenant?: string };
  const scope = tenantScopeOf(principal);
  const within = tenantIn(scope, route.ofTenant ? tenant : undefined);
  // Of a route that is claimed, effects are not the request's one effect.
  const own = route.keyed === 'in-commit' ? keyed : null;
  const ask = {
    heddle: heddle.as(scope, principal.by, { request: own }),
    host: heddle,
    request: own,
    principal,
    tenant: within.tenant,
    within,
    params: request.params,
    query: request.query,
    body: request.body,
    headers: headersOf(route, headers),
    streams,
    hasInspector: (serving.inspector ?? null) !== null,
    layouts,
    admitted: () => doorkeeper.admit(request.headers),
    get closing() {
      return waiting.signal;
    },
  };
  if (keyed === null) return route.handle(ask);
  return requests.once(route, keyed, {
    store: heddle.runtime.store,
    clock: heddle.runtime.clock,
    within: tenantIn(scope, tenant ?? route.tenantOf?.(request.body) ?? within.tenant),
    carryOut: (claimed) =>
      route.handle(
        claimed === null ? ask : { ...ask, heddle: heddle.as(scope, principal.by, { claimed }) },
      ),
    again: (cameTo) => route.again(cameTo, ask),
  });
}
