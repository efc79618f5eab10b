/**
 * One address of a provider, with the key for it: makes attempts there and says how they ended.
 *
 * It owns the key and the sockets. It leaves to the adapters what is sent and what an answer means.
 *
 * 1. The key is held only in private fields and in the request. It appears in no error, and not in
 *    what `inspect` or JSON show.
 * 2. An attempt resolves with a result that the adapter calls complete, or rejects with a
 *    `ProviderFault`, or with `callAborted` if its signal aborted it. Then its socket is free or
 *    closed.
 */
import { asText, asWhole, refuseField } from '../../domain/field.ts';
import { callAborted, type ProviderCall } from '../port.ts';
import { Connections } from './sockets/connections.ts';
import { Exchange, type Sieve } from './exchange.ts';
import { faultOf } from './faults/fault.ts';
import type { ToldError } from './faults/told-error.ts';
import type { WireLimits } from './wire-limits.ts';

const ceilingMax = 10_000;

export type EndpointOptions = {
  /** The slots of each model. As many sockets are opened for each. */
  readonly ceiling: number;
  readonly models: number;
  readonly baseUrl: string;
  readonly path: string;
  /** Further paths that people take for a part of the base URL, such as `/v1`. */
  readonly ownPaths?: readonly string[];
  readonly apiKey: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly limits: WireLimits;
  /** The status that means busy, for a provider that gives errors no type; else null. */
  readonly busyStatus: number | null;
};

export type Attempt<Result> = {
  readonly sieve?: Sieve;
  run(exchange: Exchange): Promise<Result>;
  /** The error that the provider reported inside the stream; null if it reported none. */
  told(error: unknown): ToldError | null;
};

export class Endpoint {
  readonly ceiling: number;
  readonly #limits: WireLimits;
  readonly #url: string;
  readonly #secret: string | null;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #connections: Connections;
  readonly #busyStatus: number | null;

  /** Throws `invalid-field` and names the option. */
  constructor(options: EndpointOptions) {
    const { apiKey } = options;
    if (apiKey === '') refuseField('apiKey', 'must not be empty');
    const bounds = { min: 1, max: ceilingMax, fallback: 1 };
    this.ceiling = asWhole(options.ceiling, 'ceiling', bounds);
    this.#limits = options.limits;
    this.#url = checkBaseUrl(options) + options.path;
    this.#secret = apiKey;
    this.#busyStatus = options.busyStatus;
    this.#headers = {
      'content-type': 'application/json',
      accept: 'application/json',
      // heddle counts and searches the bytes as they come, so they must not be compressed.
      'accept-encoding': 'identity',
      'user-agent': 'heddle',
      ...options.headers,
      ...(apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }),
    };
    const { deadlineMsMax } = options.limits;
    this.#connections = new Connections({
      connections: this.ceiling * options.models,
      deadlineMsMax,
    });
  }

  async attempt<Result>(call: ProviderCall, attempt: Attempt<Result>): Promise<Result> {
    const { signal } = call;
    if (signal.aborted) throw callAborted(signal);
    const exchange = new Exchange({
      connections: this.#connections,
      url: this.#url,
      headers: this.#headers,
      limits: this.#limits,
      signal,
      ...(attempt.sieve === undefined ? {} : { sieve: attempt.sieve }),
    });
    let isComplete = false;
    try {
      const result = await attempt.run(exchange);
      isComplete = true;
      return result;
    } catch (error) {
      if (exchange.isAborted) throw callAborted(signal);
      const told = attempt.told(error);
      throw faultOf({
        error,
        exchange,
        told,
        secret: this.#secret,
        busyStatus: this.#busyStatus,
        url: this.#url,
        nowMs: Date.now(),
      });
    } finally {
      exchange.finish({ isComplete });
    }
  }

  async close(): Promise<void> {
    await this.#connections.close();
  }
}

/** Returns the URL without a slash at its end. */
function checkBaseUrl({ baseUrl, path, ownPaths = [] }: EndpointOptions): string {
  const text = asText(baseUrl, 'baseUrl');
  if (!URL.canParse(text)) refuseField('baseUrl', 'must be a URL such as https://host');
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    refuseField('baseUrl', 'must begin with https:// or http://');
  }
  if (url.username !== '' || url.password !== '') {
    refuseField('baseUrl', 'must not hold a name or password; give apiKey');
  }
  if (url.search !== '' || url.hash !== '') refuseField('baseUrl', 'must end with its path');
  const base = `${url.origin}${url.pathname}`.replace(/\/+$/, '');
  const own = [path, ...ownPaths].find((end) => base.endsWith(end));
  if (own !== undefined) {
    refuseField('baseUrl', `must not end with ${own}: write ${base.slice(0, -own.length)}`);
  }
  return base;
}
