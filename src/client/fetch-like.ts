/** What the client needs of a platform: `fetch`, its answers, and a signal that ends it. */
import { HeddleRequestError } from './problem.ts';

/**
 * A signal that ends a request, as `AbortController` gives it. The types here name nothing of a platform's: a program
 * without the DOM's types and without Node's can use them.
 */
export type AbortLike = {
  /** True when it has ended. */
  readonly aborted: boolean;
  /** The reason, in words. */
  readonly reason: unknown;
  /** Hears of the end. */
  addEventListener(
    type: 'abort',
    listener: () => void,
    options?: { readonly once?: boolean },
  ): void;
  /** Hears it no more. */
  removeEventListener(type: 'abort', listener: () => void): void;
};
/** Bytes as they arrive: a `ReadableStream` of them. */
export type ByteStream = {
  /** Reads it. */
  getReader(): {
    /** The next bytes. */
    read(): Promise<{
      /** True when there are no more. */
      readonly done: boolean;
      /** The value. */
      readonly value?: Uint8Array | undefined;
    }>;
    /** Ends the reading. */
    cancel(reason?: unknown): Promise<unknown>;
  };
};

/** As `fetch`: from any HTTP library, or an API in this process. */
export type FetchLike = (url: string, init: FetchInit) => Promise<FetchAnswer>;
/** What a request is made of. */
export type FetchInit = {
  /** The HTTP method. */
  readonly method: string;
  /** The headers. */
  readonly headers: Record<string, string>;
  /** The body. */
  readonly body?: string;
  /** Ends the request. */
  readonly signal?: AbortLike;
};
/** An answer, of which the body is read once. */
export type FetchAnswer = {
  /** The status. */
  readonly status: number;
  /** The headers. */
  readonly headers: {
    /** The value of a header; null when it is not there. */
    get(name: string): string | null;
  };
  /** The body. */
  readonly body: ByteStream | null;
  /** The words. */
  text(): Promise<string>;
};

const unstreamed =
  'The body of this answer cannot be read while it comes: give createClient a `fetch` whose answers have a ReadableStream as their `body`.';

/** Some kinds of `fetch` give an answer without a body, or with a stream of another kind. No other try is better. */
export function streamOf({ body, status }: FetchAnswer): ByteStream {
  const given = body as Partial<ByteStream> | null | undefined;
  if (typeof given?.getReader === 'function') return body as ByteStream;
  throw new HeddleRequestError({ code: 'no-stream', detail: unstreamed, status, retryable: false });
}

/** All bytes of a stream. */
export async function bytesOf(stream: ByteStream): Promise<Uint8Array> {
  const reader = stream.getReader();
  const parts: Uint8Array[] = [];
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    if (read.value !== undefined) parts.push(read.value);
  }
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
