/**
 * The HTTP server: the table of routes over one heddle.
 *
 * It owns the way of a request: who asks, how often, whether there is room, what it names, what is answered. It
 * leaves to the routes what is done, and to the library what may be done.
 *
 * 1. A request is refused before its body is read where its token does not allow it.
 * 2. A request that is refused has changed nothing (promise 11), and no fault of a client is a 5xx.
 * 3. A close answers those who wait, then takes no more. Of a server of heddle's own it takes `closeMsMax` at most.
 */
import rateLimit from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import fastify, {
  type FastifyInstance,
  type FastifyPluginAsync,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import {
  jsonSchemaTransformObject,
  serializerCompiler,
  validatorCompiler,
} from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Doorkeeper } from '../access/doorkeeper.ts';
import type { HeadersGiven } from '../access/loopback.ts';
import { checkScope, tenantScopeOf, type Principal } from '../access/principal.ts';
import { checkAll } from '../access/scopes.ts';
import { heddleError } from '../domain/errors.ts';
import type { Heddle } from '../library/library.ts';
import { answerTo } from './requests/answer-to.ts';
import { plainNames } from './requests/path-names.ts';
import { refuse } from './requests/refuse.ts';
import { Requests } from './requests/idempotency.ts';
import { takeJsonAlone } from './requests/json-body.ts';
import { arrivesWithinMs, refuseBytes } from './requests/malformed.ts';
import { addInspector } from './inspector/door.ts';
import type { Inspector } from './inspector/inspector.ts';
import { Layouts } from './charts/layouts.ts';
import { addPages } from './pages/pages.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { Overload } from './overload.ts';
import { operationOf, withMediaTypes } from './openapi.ts';
import { checkRate, rateDefault, type RateBounds } from './requests/rate.ts';
import { bodyBytesMax, problemSchema } from './problem.ts';
import type { Route } from './route.ts';
import { routes } from './routes.ts';
import { uiFiles } from './pages/ui-files.ts';
import { addUi } from './pages/ui-pages.ts';
import { addRelay, sendStream } from './serve-streams.ts';
import type { Streams } from './streams/streams.ts';
import { heddleVersion } from './version.ts';

export type ApiOptions = {
  readonly heddle: Heddle;
  readonly doorkeeper: Doorkeeper;
  readonly rate?: RateBounds | undefined;
  readonly overload?: Overload;
  readonly streams: Streams;
  /** False: no pages at `/ui`. Default true. */
  readonly pages?: boolean;
  /** Null: no inspector may connect. */
  readonly inspector?: Inspector | null;
};

/** An application may have a `principal` of its own on its requests, and documents of its own under `swagger`. */
declare module 'fastify' {
  interface FastifyRequest {
    heddlePrincipal: Principal | null;
  }
  interface FastifyInstance {
    heddleDocument?: () => ReturnType<FastifyInstance['swagger']>;
  }
  interface FastifyContextConfig {
    route?: Route;
  }
}

/** What is the same for every request, as its hooks and handlers see it. */
type Serving = ApiOptions & {
  readonly overload: Overload;
  readonly metrics: Metrics;
  readonly closing: AbortController;
  readonly limit: ReturnType<FastifyInstance['createRateLimit']>;
  /** Under which an application serves the routes; empty for a server of heddle's own. */
  readonly prefix: string;
  readonly requests: Requests;
  readonly layouts: Layouts;
};

/** A server of its own; it does not listen yet. */
export async function createApi(options: ApiOptions): Promise<FastifyInstance> {
  const app = fastify({
    bodyLimit: bodyBytesMax,
    requestTimeout: arrivesWithinMs,
    clientErrorHandler: refuseBytes,
    frameworkErrors: (error, request, reply) => void refuse(options, error, request, reply),
    // It is refused as all else is, by `admit`.
    http: { requireHostHeader: false },
    keepAliveTimeout: 72_000,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    routerOptions: { maxParamLength: 600 },
    logger: false,
  });
  await app.register(apiPlugin, options);
  // A browser that opens the server's address gets to the pages.
  if (options.pages !== false) {
    app.get('/', { schema: { hide: true } }, async (_, reply) => reply.redirect('/ui/activity'));
  }
  app.setNotFoundHandler(refuseUnknown);
  app.setErrorHandler((error, request, reply) => refuse(options, error, request, reply));
  app.addHook('preClose', async () => cutLate(app));
  // A client that waits for leave to send its body (`Expect`) gets it from Node; any other expectation is ignored.
  app.server.on('checkExpectation', (...asked) => app.server.emit('request', ...asked));
  await app.ready();
  return app;
}

/** How long a close waits for who does not send his request whole, or does not take his answer. */
const closeMsMax = 8_000;

/** Node looks at its time limits no more when its server closes, and would wait for ever. */
function cutLate(app: FastifyInstance): void {
  setTimeout(() => app.server.closeAllConnections(), closeMsMax).unref();
}

/** The same routes inside a Fastify of the host's own. */
export const apiPlugin: FastifyPluginAsync<ApiOptions> = async (app, options) => {
  const { max, windowMs } = options.rate ?? rateDefault;
  await app.register(swagger, {
    decorator: 'heddleDocument',
    openapi: {
      openapi: '3.1.0',
      info: { title: 'heddle', version: heddleVersion },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    },
    transform: operationOf,
    transformObject: (document) => withMediaTypes(jsonSchemaTransformObject(document)),
  });
  await app.register(rateLimit, { global: false });
  takeJsonAlone(app);
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.decorateRequest('heddlePrincipal', null);
  const overload = options.overload ?? new Overload();
  overload.start();
  const serving: Serving = {
    ...options,
    overload,
    metrics: createMetrics(options.heddle),
    closing: new AbortController(),
    prefix: app.prefix,
    // Told here, because the limiter may be one that the application has registered for itself.
    limit: app.createRateLimit({ max, timeWindow: windowMs, keyGenerator: callerOf }),
    requests: new Requests(),
    layouts: new Layouts(),
  };
  app.addHook('preClose', async () => {
    serving.closing.abort();
    await Promise.all([serving.streams.close(), serving.inspector?.close()]);
  });
  app.addHook('onClose', async () => {
    overload.close();
    serving.metrics.close();
    await serving.layouts.close();
  });
  app.addHook('onRequest', (request, reply) => admit(serving, request, reply));
  app.addHook('onResponse', async (request, reply) => {
    serving.metrics.answered(request.routeOptions.url ?? 'unknown', reply);
  });
  app.setErrorHandler((error, request, reply) => refuse(serving, error, request, reply));
  // Without a prefix, what is no route here may be one of the application's.
  if (app.prefix !== '') app.setNotFoundHandler(refuseUnknown);
  for (const one of routes) app.route(served(serving, one));
  addRelay(app, options.streams);
  addPages(app, serving.metrics, (request, reply) => admitScrape(serving, request, reply));
  if (options.pages !== false) {
    const opened = (): void => serving.layouts.warm();
    addUi(app, { files: () => uiFiles(), opened });
  }
  const { inspector = null } = options;
  if (inspector !== null)
    await addInspector(app, inspector, (...asked) => admitInspector(serving, ...asked));
};

function refuseUnknown(request: FastifyRequest): never {
  throw heddleError('route-unknown', { method: request.method, path: pathOf(request) });
}

const pathOf = ({ url }: FastifyRequest): string => url.split('?')[0]?.slice(0, 200) ?? '';

const callerOf = (request: FastifyRequest): string =>
  request.heddlePrincipal === null ? request.ip : `token ${request.heddlePrincipal.by}`;

/** Who asks, whether they may, and whether there is room: before the body is read. */
async function admit(
  serving: Serving,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const { route } = request.routeOptions.config;
  if (route === undefined || route.scope === null) return;
  const principal = await principalOf(serving, request, reply);
  request.heddlePrincipal = principal;
  checkScope(principal, route.scope);
  await checkRate(serving, request, reply);
  const trouble = route.always === true ? null : serving.overload.trouble;
  if (trouble !== null) throw heddleError('overloaded', { what: trouble, retryAfterMs: 5_000 });
}

/** A token that is not known here counts for the address that it came from, before the database is asked for it. */
async function principalOf(
  serving: Serving,
  request: FastifyRequest,
  reply: FastifyReply,
  headers: HeadersGiven = request.headers,
): Promise<Principal> {
  if (!serving.doorkeeper.knows(headers)) await checkRate(serving, request, reply);
  return serving.doorkeeper.admit(headers);
}

/** `headers`: with the token where a WebSocket may have it. */
async function admitInspector(
  serving: Serving,
  headers: HeadersGiven,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<{ readonly principal: Principal; readonly allowed: () => Promise<void> }> {
  const principal = await principalOf(serving, request, reply, headers);
  request.heddlePrincipal = principal;
  checkScope(principal, 'inspect');
  await checkRate(serving, request, reply);
  const allowed = async (): Promise<void> =>
    checkScope(await serving.doorkeeper.admit(headers), 'inspect');
  return { principal, allowed };
}

/** A route as Fastify takes it. */
function served(serving: Serving, route: Route): Parameters<FastifyInstance['route']>[0] {
  const tenant = route.ofTenant ? { tenant: z.string().min(1).max(256).optional() } : {};
  const query = (route.query ?? z.object({})).extend(tenant).strict();
  return {
    method: route.method,
    url: route.path,
    // Of the route, because the server may be an application's, with a bound of its own.
    bodyLimit: bodyBytesMax,
    config: { route },
    schema: {
      hide: true,
      summary: route.summary,
      ...(route.scope === null ? {} : { security: [{ token: [route.scope] }] }),
      ...(route.params === undefined ? {} : { params: route.params }),
      ...(route.body === undefined ? {} : { body: route.body }),
      querystring: query,
      response: { ...route.answers, '4xx': problemSchema, '5xx': problemSchema },
    },
    preValidation: async (request) => {
      request.params = plainNames(request.params);
    },
    handler: async (request, reply) => {
      const principal = request.heddlePrincipal ?? { by: 'nobody', scopes: [], tenant: null };
      const answer = await answerTo(serving, route, principal, request);
      if (answer.send !== undefined) {
        // Who asks for the head alone follows nothing.
        if (request.method === 'HEAD') return reply.type('text/event-stream').send();
        return sendStream(reply, answer.send);
      }
      for (const [name, value] of Object.entries(answer.headers ?? {})) {
        void reply.header(name, name === 'location' ? serving.prefix + value : value);
      }
      if (serving.closing.signal.aborted) void reply.header('connection', 'close');
      return reply.code(answer.status).send(answer.body);
    },
  };
}

/** `/metrics` counts runs of all tenants and names gates, so it is for tokens of all tenants. */
async function admitScrape(
  serving: Serving,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const principal = await principalOf(serving, request, reply);
  request.heddlePrincipal = principal;
  checkScope(principal, 'read');
  checkAll(tenantScopeOf(principal));
  await checkRate(serving, request, reply);
}
