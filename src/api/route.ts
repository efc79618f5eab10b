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
import type { Streams } from './streams/streams.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** What a route is asked. Its parts fit the route's schemas. */
export type Ask<Params, Query, Body> = {
  /** Its calls stay within the tenants that the principal may name. */
  readonly heddle: CallerHeddle;
  readonly principal: Principal;
  /** The process itself, for what is about no tenant. */
  readonly host: Pick<Heddle, 'runtime'>;
  /** The tenant that is meant, and that the principal may name; `within` proves it to the store. */
  readonly tenant: string;
  readonly within: OneTenant;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly streams: Streams;
  /** Asks again who asks: a token may be revoked while it is answered. */
  readonly admitted: () => Promise<Principal>;
  /** Aborts when the server closes: whoever waits answers what there is. */
  readonly closing: AbortSignal;
};

export type Answer = {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** In place of a body: sends a stream, and resolves when it is over. */
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
  /** It takes an Idempotency-Key: a repeat has one effect. */
  readonly takesKey?: true;
  /** By status: what is answered. Problems are not listed, for every route has them. */
  readonly answers: Readonly<Record<number, z.ZodType>>;
};

export type Route = RouteParts &
  Schemas & { readonly handle: (ask: Ask<unknown, unknown, unknown>) => Promise<Answer> };

/** A route with the types of its own schemas, as one among all. */
export function route<
  Params extends z.ZodObject = Nothing,
  Query extends z.ZodObject = Nothing,
  Body extends z.ZodType = z.ZodUndefined,
>(
  given: RouteParts & {
    readonly params?: Params;
    readonly query?: Query;
    readonly body?: Body;
    readonly handle: (
      ask: Ask<z.output<Params>, z.output<Query>, z.output<Body>>,
    ) => Promise<Answer>;
  },
): Route {
  // The server hands over only what has passed these very schemas.
  return given as unknown as Route;
}
