/**
 * `heddle/server`: heddle behind HTTP. It puts a heddle, the door to it and the routes together; the application
 * keeps its heddle, and closes it.
 */
import type { FastifyPluginAsync } from 'fastify';
import { Doorkeeper } from './access/doorkeeper.ts';
import { apiPlugin, createApi } from './api/server.ts';
import type { RateBounds } from './api/requests/rate.ts';
import { refuseField } from './domain/field.ts';
import { asBoolean, asText, asWhole } from './domain/field.ts';
import { asOptions } from './domain/options.ts';
import { heddleError } from './domain/errors.ts';
import { propertyOf, thrownText } from './domain/thrown.ts';
import type { Heddle } from './heddle.ts';
import { Inspector } from './api/inspector/inspector.ts';
import { inspectingOf, type InspectOptions } from './api/inspector/settings.ts';
import { addressOf } from './api/streams/relay/address.ts';
import { Streams } from './api/streams/streams.ts';

/** Options of `serve`. Each may be left out. */
export type ServeOptions = {
  /** Default 127.0.0.1. Anything but this machine needs a token, and heddle refuses to listen without one. */
  readonly host?: string;
  /** Default 7070; 0 takes any that is free. */
  readonly port?: number;
  /** A first token, which may do everything. Default: HEDDLE_TOKEN. */
  readonly token?: string;
  /** True: a token is needed from this machine too. */
  readonly tokensAlways?: boolean;
  /**
   * Where other replicas reach this one, such as `http://10.0.0.4:7070`, so that each can tell its clients of all.
   * Default: the address that it listens on, or the machine's own where that is every one. For a plugin: none.
   */
  readonly address?: string;
  /** False: the pages at `/ui` are not served. Default true. */
  readonly pages?: boolean;
  /**
   * True, or options: Stately's inspector may connect at `/inspect`, and be told of runs that it names by run, user or
   * agent. A page there hands them to stately.ai. Default false.
   */
  readonly inspect?: boolean | InspectOptions;
  /** How many requests of one token this replica answers within a time. Default 50,000 in 10 s. */
  readonly rate?: {
    /** How many. */
    readonly max: number;
    /** Within how long, in ms. */
    readonly windowMs: number;
  };
};

/** A server that listens. */
export type Server = {
  /** Its address, such as `http://127.0.0.1:7070`. */
  readonly url: string;
  /** The port that it listens on. */
  readonly port: number;
  /** Answers those who wait, and listens no more. The heddle stays open. */
  close(): Promise<void>;
};

export type { Heddle };
export type { InspectOptions } from './api/inspector/settings.ts';
export type { RedactedAt, Redactor } from './api/inspector/frames/redaction.ts';

const keys = [
  'host',
  'port',
  'token',
  'tokensAlways',
  'address',
  'rate',
  'pages',
  'inspect',
] as const;
const defaultPort = 7_070;

/** Listens. Throws `token-needed` where everybody could get in, and `closed` for a heddle that is closed. */
export async function serve(heddle: Heddle, options: ServeOptions = {}): Promise<Server> {
  checkHeddle(heddle);
  const given = asOptions(options, 'serve', keys);
  const host = given.host === undefined ? '127.0.0.1' : asText(given.host, 'serve.host');
  const bounds = { min: 0, max: 65_535, fallback: defaultPort };
  const port = asWhole(given.port, 'serve.port', bounds);
  const doorkeeper = doorkeeperOf(heddle, given);
  await doorkeeper.listens(host);
  const streams = new Streams(heddle);
  const rate = rateOf(given.rate);
  const pages = asBoolean(given.pages, 'serve.pages', true);
  const inspector = inspectorOf(given.inspect, { heddle, streams });
  const app = await createApi({ heddle, doorkeeper, streams, rate, pages, inspector });
  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    throw heddleError('listen-failed', { host, port, reason: thrownText(error) }, { cause: error });
  }
  const [address] = app.addresses() as readonly { readonly port: number }[];
  const taken = address?.port ?? port;
  const named = host.includes(':') ? `[${host}]` : host;
  streams.reachedAt(given.address ?? addressOf(host, taken));
  return { url: `http://${named}:${taken}`, port: taken, close: () => app.close() };
}

/** Options of the plugin: those of `serve` but for where to listen, which the application decides. */
export type PluginOptions = Omit<ServeOptions, 'port'> & {
  /** The heddle that is served. */
  readonly heddle: Heddle;
};

/**
 * The routes inside a Fastify of the application's own: `app.register(heddlePlugin, { heddle })`. `host` says where
 * that Fastify listens; without it a token is always needed.
 */
export const heddlePlugin: FastifyPluginAsync<PluginOptions> = async (app, options) => {
  const { heddle, host, ...given } = options;
  checkHeddle(heddle);
  const always = given.tokensAlways ?? host === undefined;
  const doorkeeper = doorkeeperOf(heddle, { ...given, tokensAlways: always });
  await doorkeeper.listens(host ?? '0.0.0.0');
  const streams = new Streams(heddle);
  streams.reachedAt(given.address ?? null);
  await app.register(apiPlugin, {
    heddle,
    doorkeeper,
    streams,
    rate: rateOf(given.rate),
    pages: asBoolean(given.pages, 'serve.pages', true),
    inspector: inspectorOf(given.inspect, { heddle, streams }),
  });
};

/** By its parts, because an application may have bundled another copy of the class. */
function checkHeddle(given: unknown): void {
  const isHeddle = typeof propertyOf(given, 'checkOpen') === 'function';
  if (!isHeddle) refuseField('heddle', 'must be what createHeddle resolves to; await it');
  (given as Heddle).checkOpen();
}

function inspectorOf(
  given: unknown,
  of: { readonly heddle: Heddle; readonly streams: Streams },
): Inspector | null {
  const inspecting = inspectingOf(given);
  return inspecting === null ? null : new Inspector({ ...of, inspecting });
}

function doorkeeperOf({ runtime }: Heddle, given: ServeOptions): Doorkeeper {
  const token = given.token ?? process.env['HEDDLE_TOKEN'];
  const tokensAlways = asBoolean(given.tokensAlways, 'serve.tokensAlways', false);
  if (token !== undefined && typeof token !== 'string')
    refuseField('serve.token', 'must be a text');
  const { store, clock } = runtime;
  return new Doorkeeper({ store, nowMs: () => clock.nowMs(), firstToken: token, tokensAlways });
}

function rateOf(given: unknown): RateBounds | undefined {
  if (given === undefined) return undefined;
  const rate = asOptions(given as RateBounds, 'serve.rate', ['max', 'windowMs']);
  const bounds = { min: 1, max: 1_000_000_000, fallback: 1 };
  if (rate.max === undefined) refuseField('serve.rate.max', 'must be given');
  if (rate.windowMs === undefined) refuseField('serve.rate.windowMs', 'must be given');
  return {
    max: asWhole(rate.max, 'serve.rate.max', bounds),
    windowMs: asWhole(rate.windowMs, 'serve.rate.windowMs', { ...bounds, min: 1_000 }),
  };
}
