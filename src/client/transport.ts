/**
 * One request to the API, and its repetitions.
 *
 * 1. Every POST is sent with an idempotency key, made once for all tries of a request: so it may be sent again after a
 *    lost connection, and counts once.
 * 2. A request is sent again when the API says that it may (429, 503, a retryable refusal, a first one that still
 *    runs) or was not reached, until `retryMs` are over since the first of those; `Retry-After` is honoured.
 * 3. A write under a condition on a version is not sent again after a lost connection: it may have been done, and would
 *    be refused then as if another writer had come first.
 */
import { bodyText } from './records/body-text.ts';
import { HeddleRequestError, problemOf } from './problem.ts';
import { bytesOf, streamOf } from './fetch-like.ts';
import type { AbortLike, ByteStream, FetchAnswer, FetchInit, FetchLike } from './fetch-like.ts';

export type TransportOptions = {
  readonly url: string;
  readonly token: string | undefined;
  readonly tenant: string | undefined;
  readonly fetch: FetchLike;
  readonly timeoutMs: number;
  readonly retryMs: number;
};

type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
export type Asked = {
  readonly query?: Query;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortLike | undefined;
  /** Default: one that is made for this request. */
  readonly idempotencyKey?: string | undefined;
  /** False: the route is about no tenant, and takes none. Default true. */
  readonly ofTenant?: boolean;
  /**
   * Whether it may be sent again though it may have been done: by its key, because a repeat changes nothing, or not.
   * Default: a POST by its key, others because they are harmless.
   */
  readonly repeat?: Repeat;
};
type Repeat = 'by-key' | 'harmless' | 'not';
export type Answered<Body> = {
  readonly status: number;
  readonly body: Body;
  readonly header: (name: string) => string | null;
};

/** `end`: the caller's signal is not listened to any more. */
type OpenStream = { readonly bytes: ByteStream; readonly end: () => void };

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** What the API takes for a token. No header carries other letters, and `fetch` would call that an answer that is missing. */
const bearer = /^[\x21-\x7e]{1,512}$/;
const noToken = {
  code: 'token-refused',
  detail: 'This is no token of heddle’s: one has 1 to 512 letters of ASCII and no spaces.',
  status: 401,
  retryable: false,
};

const firstPauseMs = 50;
const longestPauseMs = 5_000;

export class Transport {
  readonly #options: TransportOptions;

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  async ask<Body>(method: Method, path: string, asked: Asked = {}): Promise<Answered<Body>> {
    const init = this.#init(method, asked);
    const url = this.urlOf(path, asked);
    let untilMs: number | null = null;
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      try {
        return await this.#once<Body>(url, init, asked.signal);
      } catch (error) {
        const shown = error instanceof Refused ? error.error : error;
        if (
          !(shown instanceof HeddleRequestError) ||
          !isRepeatable(shown, repeatOf(method, asked.repeat))
        )
          throw shown;
        untilMs ??= Date.now() + this.#options.retryMs;
        const waitMs = Math.max(pauseMs, error instanceof Refused ? (error.afterMs ?? 0) : 0);
        if (Date.now() + waitMs > untilMs) throw shown;
        await pause(waitMs * (1 + Math.random() / 4), asked.signal);
      }
    }
  }

  /** An answer of bytes. Not repeated: who asks for one asks again when it is wanted. */
  async bytes(path: string, asked: Asked = {}): Promise<Uint8Array> {
    const url = this.urlOf(path, asked);
    const limit = limited(this.#options.timeoutMs, asked.signal);
    try {
      return await this.#reached(async () => {
        const init = { ...this.#init('GET', asked), signal: limit.signal };
        const answer = await this.#options.fetch(url, init);
        if (answer.status === 200) return bytesOf(streamOf(answer));
        throw new HeddleRequestError(problemOf(answer.status, await answer.text()));
      }, asked.signal);
    } finally {
      limit.end();
    }
  }

  /** Opens a stream: its answer has begun. Not repeated: whoever reads it knows from where to go on. */
  async stream(path: string, asked: Asked): Promise<OpenStream> {
    const { signal } = asked;
    const method = asked.body === undefined ? 'GET' : 'POST';
    const init = this.#init(method, { ...asked, repeat: 'harmless' });
    const headers = { ...init.headers, accept: 'text/event-stream' };
    const url = this.urlOf(path, asked);
    // Its answer must begin in time; how long it goes on then is its reader's to bound.
    const limit = limited(this.#options.timeoutMs, signal);
    const { end } = limit;
    try {
      return await this.#reached(async () => {
        const answer = await this.#options.fetch(url, { ...init, headers, signal: limit.signal });
        if (answer.status === 200) {
          limit.begun();
          return { bytes: streamOf(answer), end };
        }
        throw new HeddleRequestError(problemOf(answer.status, await answer.text()));
      }, signal);
    } catch (error) {
      end();
      throw error;
    }
  }

  urlOf(path: string, { query = {}, ofTenant = true }: Asked = {}): string {
    const search = new URLSearchParams();
    const { tenant } = this.#options;
    if (ofTenant && tenant !== undefined) search.set('tenant', tenant);
    for (const [key, value] of Object.entries(query)) {
      if (value === undefined) continue;
      search.set(key, typeof value === 'object' ? value.join(',') : String(value));
    }
    const text = search.toString();
    return `${this.#options.url}${path}${text === '' ? '' : `?${text}`}`;
  }

  #init(method: Method, { body, headers = {}, repeat, idempotencyKey }: Asked): FetchInit {
    const token = this.#options.token?.trim();
    if (token !== undefined && !bearer.test(token)) throw new HeddleRequestError(noToken);
    const isKeyed = repeatOf(method, repeat) === 'by-key';
    const key = isKeyed ? (idempotencyKey ?? crypto.randomUUID()) : undefined;
    return {
      method,
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: bodyText(body) }),
    };
  }

  async #once<Body>(
    url: string,
    init: FetchInit,
    signal: AbortLike | undefined,
  ): Promise<Answered<Body>> {
    const limit = limited(this.#options.timeoutMs, signal);
    const { answer, text } = await this.#reached(async () => {
      try {
        const answer = await this.#options.fetch(url, { ...init, signal: limit.signal });
        return { answer, text: await answer.text() };
      } finally {
        limit.end();
      }
    }, signal);
    const { status } = answer;
    if (status < 200 || status > 299) {
      throw new Refused(new HeddleRequestError(problemOf(status, text)), afterMsOf(answer));
    }
    try {
      const body = (text === '' ? null : JSON.parse(text)) as Body;
      return { status, body, header: (name) => answer.headers.get(name) };
    } catch (error) {
      throw new HeddleRequestError({ ...problemOf(status, text), retryable: false }, error);
    }
  }

  /** Does it, and makes an error of heddle's of a connection that failed. An abort of the caller's stays one. */
  async #reached<Result>(
    work: () => Promise<Result>,
    signal: AbortLike | undefined,
  ): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      if (signal?.aborted === true || error instanceof HeddleRequestError) throw error;
      const said = error instanceof Error ? (causeOf(error) ?? error.message) : String(error);
      const detail = `No answer from ${this.#options.url}: ${said}`;
      throw new HeddleRequestError(
        { code: 'unreachable', detail, status: 0, retryable: true },
        error,
      );
    }
  }
}

/** A refusal, and when the API wants to be asked again. */
class Refused extends Error {
  readonly error: HeddleRequestError;
  readonly afterMs: number | null;

  constructor(error: HeddleRequestError, afterMs: number | null) {
    super(error.message);
    this.error = error;
    this.afterMs = afterMs;
  }
}

const repeatOf = (method: Method, repeat: Repeat | undefined): Repeat =>
  repeat ?? (method === 'POST' ? 'by-key' : 'harmless');

function isRepeatable(error: HeddleRequestError, repeat: Repeat): boolean {
  if (error.status === 0 || error.code === 'no-heddle') {
    return error.retryable && repeat !== 'not';
  }
  return error.retryable || error.status === 429;
}

/** A signal that aborts with the caller's, or after `forMs`. */
function limited(forMs: number, outer: AbortLike | undefined): Limit {
  const abort = new AbortController();
  const late = `no answer within ${forMs} ms`;
  const begun = ringAfter(forMs, () => abort.abort(new Error(late)));
  const follow = (): void => abort.abort(outer?.reason);
  if (outer?.aborted === true) follow();
  else outer?.addEventListener('abort', follow, { once: true });
  const end = (): void => {
    begun();
    outer?.removeEventListener('abort', follow);
  };
  return { signal: abort.signal, begun, end };
}

type Limit = {
  readonly signal: AbortSignal;
  /** From then on only the caller's signal ends it. */
  readonly begun: () => void;
  readonly end: () => void;
};

function afterMsOf({ headers }: FetchAnswer): number | null {
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : null;
}

const causeOf = ({ cause }: Error): string | undefined =>
  cause instanceof Error ? cause.message : undefined;

/** About 24.8 days: a platform's timer that is given more rings at once. */
const partMsMax = 2_147_483_647;

/** Rings after `ms`; `Infinity`: never. Returns what ends that. */
export function ringAfter(ms: number, ring: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const arm = (leftMs: number): void => {
    if (leftMs === Number.POSITIVE_INFINITY) return;
    const partMs = Math.min(leftMs, partMsMax);
    timer = setTimeout(() => (leftMs > partMs ? arm(leftMs - partMs) : ring()), partMs);
  };
  arm(ms);
  return () => clearTimeout(timer);
}

/** Throws for what is no time: a timer takes it for none, and a sum with it is never over. */
export function checkMs(given: unknown, name: string): void {
  if (typeof given === 'number' && given >= 0) return;
  throw new RangeError(`${name} must be milliseconds, 0 or more, not ${String(given)}`);
}

export function pause(ms: number, signal?: AbortLike): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      cancel();
      reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
    };
    const cancel = ringAfter(ms, () => {
      signal?.removeEventListener('abort', end);
      resolve();
    });
    if (signal?.aborted === true) end();
    else signal?.addEventListener('abort', end, { once: true });
  });
}
