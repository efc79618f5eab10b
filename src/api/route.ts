/**
 * What a route is. There is one table of them (routes.ts): the server, the OpenAPI document, the page of the
 * documentation and the tests of access are made from it, so none of them can know a route that another does not.
 */
import type { ServerResponse } from 'node:http';
import type { z } from 'zod';
import type { Principal } from '../access/principal.ts';
import type { OneTenant } from '../domain/scope.ts';
import type { Heddle } from '../library/library.ts';
import type { CallerHeddle } from '../library/caller/caller-heddle.ts';
import type { TokenScope } from '../store/access-rows.ts';
import type { RequestAsked } from '../store/requests/request-rows.ts';
import type { Layouts } from './charts/layouts.ts';
import type { Streams } from './streams/streams.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** What a route is asked. Its parts fit the route's schemas. */
export type Ask<Params, Query, Body> = {
  /** Its calls stay within the tenants that the principal may name. */
  readonly heddle: CallerHeddle;
  readonly principal: Principal;
  /** Set for a request with an Idempotency-Key whose effect keeps it. */
  readonly request: RequestAsked | null;
  /** The process itself, for what is about no tenant. */
  readonly host: Pick<Heddle, 'runtime'>;
  /** The tenant that is meant, and that the principal may name; `within` proves it to the store. */
  readonly tenant: string;
  readonly within: OneTenant;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** Those that the route declares, by names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly streams: Streams;
  /** Inspectors may connect to this server. */
  readonly hasInspector: boolean;
  readonly layouts: Layouts;
  /** Asks again who asks: a token may be revoked while it is answered. */
  readonly admitted: () => Promise<Principal>;
  /** Aborts when the server closes, or when who asks has gone: whoever waits answers what there is. */
  readonly closing: AbortSignal;
};

export type Answer = {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** In place of a body: sends a stream, and resolves when it is over. Throws at once, before it has sent anything. */
  readonly send?: (response: ServerResponse) => Promise<void>;
};

type Schemas = {
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
};
type Nothing = z.ZodObject<Record<never, z.ZodType>>;

type RouteParts = {
  readonly method: Method;
  /** As in `/v1/runs/:runId`. */
  readonly path: string;
  /** Null: everybody may ask. */
  readonly scope: TokenScope | null;
  /** One sentence, for the documentation. */
  readonly summary: string;
  /** It is about one tenant: the query names it. */
  readonly ofTenant: boolean;
  /** Answered even while this replica is overloaded: commands to runs, and whether it is well. */
  readonly always?: true;
  /** A POST that changes nothing, and so takes no Idempotency-Key. */
  readonly changesNothing?: true;
  /** The headers that it reads, by name, with what each means. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A tenant that the body may name in place of the query. */
  readonly tenantOf?: (body: unknown) => string | undefined;
  /** By status: what is answered. Problems are not listed, for every route has them. */
  readonly answers: Readonly<Record<number, z.ZodType>>;
  /** Of what it answers; JSON where it names none. */
  readonly mediaTypes?: readonly string[];
};

type AnyAsk = Ask<unknown, unknown, unknown>;

export type Route = RouteParts &
  Schemas & {
    readonly handle: (ask: AnyAsk) => Promise<Answer>;
    /** Answers what the effect of an earlier request has come to. */
    readonly again: (cameTo: unknown, ask: AnyAsk) => Answer;
    /**
     * How it takes an Idempotency-Key. Every POST does, unless it changes nothing: `in-commit` when it says what its
     * effect is, for then the row of the request stands in the effect's own transaction; otherwise `claimed`, and then
     * its effects must bear a second try. See idempotency.ts.
     */
    readonly keyed: 'in-commit' | 'claimed' | 'no';
  };

type Asked<Params extends z.ZodType, Query extends z.ZodType, Body extends z.ZodType> = Ask<
  z.output<Params>,
  z.output<Query>,
  z.output<Body>
>;

/** A route with the types of its own schemas, as one among all. */
export function route<
  Params extends z.ZodObject = Nothing,
  Query extends z.ZodObject = Nothing,
  Body extends z.ZodType = z.ZodUndefined,
  CameTo = never,
>(
  given: RouteParts & {
    readonly params?: Params;
    readonly query?: Query;
    readonly body?: Body;
  } & (
      | { readonly handle: (ask: Asked<Params, Query, Body>) => Promise<Answer> }
      | {
          /** One effect in one transaction, with the request of `ask.heddle` or `ask.request`. What it gives is JSON. */
          readonly effect: (ask: Asked<Params, Query, Body>) => Promise<CameTo>;
          /** Says what the effect has come to: the same for the request and for each repeat. */
          readonly answer: (cameTo: CameTo, ask: Asked<Params, Query, Body>) => Answer;
        }
    ),
): Route {
  // The server hands over only what has passed these very schemas.
  const asGiven = given as unknown as RouteParts & Schemas;
  if ('handle' in given) {
    const handle = given.handle as Route['handle'];
    const keyed = given.method === 'POST' && given.changesNothing !== true ? 'claimed' : 'no';
    const again = (): never => {
      throw new TypeError('a claimed request is answered by its claim');
    };
    return { ...asGiven, handle, again, keyed };
  }
  const effect = given.effect as (ask: AnyAsk) => Promise<CameTo>;
  const again = given.answer as unknown as Route['again'];
  const handle = async (ask: AnyAsk): Promise<Answer> => again(await effect(ask), ask);
  return { ...asGiven, handle, again, keyed: 'in-commit' };
}
