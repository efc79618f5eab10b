/** What the client needs of a platform: `fetch`, its answers, and a signal that ends it. */

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
