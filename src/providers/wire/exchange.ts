/**
 * One request and its streamed answer, under deadlines and bounds, given to the SDK as its `fetch`.
 *
 * It owns the request's life: when it is cut, and what was seen of the answer. The SDK and the adapter
 * decide what the bytes mean, and fault.ts what a failure means.
 *
 * 1. It ends: by the answer's end, by silence longer than its limit, or at the deadline.
 * 2. The first reason to end it is kept in `breakage` (or `isAborted`), whatever error follows.
 * 3. One request leaves, to the address and with the headers that the adapter gave. Headers that an
 *    SDK reads from the environment, and repeated requests, are not sent.
 * 4. What is read and not passed on is bounded: bytes in all, bytes in one line, an error's text.
 */
import { BrokenAnswer } from './faults/broken-answer.ts';
import type { Breakage } from '../classification.ts';
import type { Connections } from './sockets/connections.ts';
import { BoundedBytes } from './bounded-bytes.ts';
import { ExchangeEnd } from './exchange-end.ts';
import { beginsPacked, isPacked, unpacked, withFirst } from './unpacked.ts';
import type { WireLimits } from './wire-limits.ts';

/** More of an error's text than this has no use. */
const errorBytesMax = 65_536;
/**
 * After the result: how many bytes, and for how long, are read to keep the socket for another request.
 */
const drainBytesMax = 65_536;
const drainMsMax = 1_000;

/** Turns the bytes from the network into those that the SDK may read. Throws a `BrokenAnswer`. */
export type Sieve = {
  pass(chunk: Uint8Array): Uint8Array;
  end(): Uint8Array;
};

export type ExchangeOptions = {
  readonly connections: Connections;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly limits: WireLimits;
  readonly signal: AbortSignal;
  readonly sieve?: Sieve;
};

type Answer = {
  readonly status: number;
  readonly header: (name: string) => string | null;
};

export class Exchange {
  readonly #options: ExchangeOptions;
  readonly #end: ExchangeEnd;
  readonly #bytes: BoundedBytes;
  #answer: Answer | null = null;
  #isSent = false;
  #failure: unknown;
  #errorText = '';
  #isBodyOver = false;
  #isEnough = false;
  #chunks: AsyncIterator<Uint8Array> | null = null;
  /** The first chunk of the body, for the words of a fault. */
  #first: Uint8Array | null = null;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#end = new ExchangeEnd(options.limits, options.signal);
    this.#bytes = new BoundedBytes(options.limits);
  }

  /** Null as long as no header has come. */
  get answer(): Answer | null {
    return this.#answer;
  }

  /** The body of an answer whose status is no success, cut to a bound. */
  get errorText(): string {
    return this.#errorText;
  }

  /** How the body of an answer begins that looked like a success. */
  get beginning(): string {
    return new TextDecoder().decode((this.#first ?? new Uint8Array(0)).subarray(0, 4_096));
  }

  /** Why no answer began. The SDKs wrap this error, and one of them loses it. */
  get failure(): unknown {
    return this.#failure;
  }

  get breakage(): Breakage | null {
    return this.#end.breakage;
  }

  /** The answer's body has ended. If the attempt has no result then, the answer was cut short. */
  get isOver(): boolean {
    return this.#isBodyOver;
  }

  get isAborted(): boolean {
    return this.#end.isAborted;
  }

  /** The SDK's `fetch`. Of its arguments only the body is used. */
  readonly fetch = async (_url: unknown, init?: { readonly body?: unknown }): Promise<Response> => {
    const body = init?.body;
    if (this.#isSent || typeof body !== 'string') {
      throw new TypeError('an exchange sends one text, once');
    }
    this.#isSent = true;
    const { connections, url, headers, limits } = this.#options;
    const { signal } = this.#end;
    const waited = this.#end.within(limits.firstByteMsMax, 'idle');
    try {
      const received = await connections.post({ url, headers, body, signal });
      waited();
      const { statusCode: status } = received;
      this.#answer = { status, header: (name) => oneHeader(received.headers[name]) };
      this.#chunks = this.#open(received.body as AsyncIterable<Uint8Array>);
      if (status >= 200 && status < 300) return streamedAnswer(() => this.#next());
      return await this.#refusal(status);
    } catch (error) {
      waited();
      this.#failure = error;
      this.#end.break(this.#answer === null ? 'unreachable' : 'cut');
      throw error;
    }
  };

  /**
   * The result is complete, so the SDK now sees the end of the answer. If the adapter broke off the
   * SDK's stream instead, the SDK would abort its request, which costs more than reading on.
   */
  suffices(): void {
    this.#isEnough = true;
  }

  /**
   * The call has its result, or has failed. After a result the rest of the body is read, so that the
   * socket can be used again; otherwise the socket is cut.
   */
  finish({ isComplete }: { readonly isComplete: boolean }): void {
    this.#end.settle();
    if (this.#isBodyOver) return;
    if (isComplete && this.#chunks !== null) void this.#drain(this.#chunks);
    else this.#end.cut();
  }

  #open(body: AsyncIterable<Uint8Array>): AsyncIterator<Uint8Array> {
    const encoding = this.#answer?.header('content-encoding') ?? null;
    const packed = isPacked(encoding);
    if (packed === false) return body[Symbol.asyncIterator]();
    if (packed === true) return unpacked(body, encoding ?? '');
    // The status of a refusal says enough.
    if (this.#answer !== null && this.#answer.status >= 300) return body[Symbol.asyncIterator]();
    this.#end.break('unreadable');
    throw new BrokenAnswer('unreadable', `its body is packed as ${encoding}`);
  }

  /** Null at the end, or when what has come is enough. A chunk is never empty. */
  async #next(): Promise<Uint8Array | null> {
    const { sieve } = this.#options;
    try {
      for (;;) {
        if (this.#isBodyOver || this.#isEnough) return null;
        const read = await this.#read();
        if (read === null) this.#isBodyOver = true;
        else this.#bytes.count(read);
        const passed = read === null ? sieve?.end() : (sieve?.pass(read) ?? read);
        if (passed !== undefined && passed.length > 0) return passed;
      }
    } catch (error) {
      this.#end.break(error instanceof BrokenAnswer ? error.breakage : 'cut');
      throw error;
    }
  }

  async #read(): Promise<Uint8Array | null> {
    const waited = this.#end.within(this.#options.limits.idleMsMax, 'idle');
    try {
      const next = await this.#chunks?.next();
      if (next === undefined || next.done === true) return null;
      if (this.#first !== null) return next.value;
      this.#first = next.value;
      return beginsPacked(next.value) ? await this.#unpackFrom(next.value) : next.value;
    } finally {
      waited();
    }
  }

  /** The body is packed, and no header says so. */
  async #unpackFrom(first: Uint8Array): Promise<Uint8Array | null> {
    if (this.#chunks === null) return first;
    this.#chunks = unpacked(withFirst(first, this.#chunks), 'gzip');
    const { done, value } = await this.#chunks.next();
    if (done === true) return null;
    this.#first = value;
    return value;
  }

  /**
   * Returns the same status without the error's text. The text is kept here, because the SDKs read it
   * without a bound, and one of them writes it to the console.
   */
  async #refusal(status: number): Promise<Response> {
    const decoder = new TextDecoder();
    let bytes = 0;
    for (;;) {
      const chunk = await this.#read();
      if (chunk === null) this.#isBodyOver = true;
      if (chunk === null || bytes > errorBytesMax) break;
      this.#errorText += decoder.decode(chunk.subarray(0, errorBytesMax - bytes), { stream: true });
      bytes += chunk.length;
    }
    // The SDK must see a failure, so a status that it would not take for one (such as a redirect)
    // becomes 502.
    const shown = status >= 400 && status <= 599 ? status : 502;
    const headers = { 'content-type': 'application/json' };
    return new Response('{}', { status: shown, headers });
  }

  async #drain(chunks: AsyncIterator<Uint8Array>): Promise<void> {
    const timer = setTimeout(() => this.#end.cut(), drainMsMax);
    // A process that has its result may end.
    timer.unref();
    try {
      for (let bytes = 0; bytes <= drainBytesMax;) {
        const { done, value } = await chunks.next();
        if (done === true) return;
        bytes += value.length;
      }
      this.#end.cut();
    } catch {
      // The result is there, so an error of its connection does not matter.
    } finally {
      clearTimeout(timer);
    }
  }
}

function oneHeader(value: string | string[] | undefined): string | null {
  return (Array.isArray(value) ? value[0] : value) ?? null;
}

/** Made with the first answer, because naming the class loads all of Node's own `fetch`. */
let headers: Headers | undefined;

/**
 * A successful answer as the SDKs read it: a status, headers, and a body that is pulled chunk by
 * chunk.
 *
 * It stands in for a `Response` over a `ReadableStream`, which takes a tenth to a third of the time
 * that a call costs this process. It has all that the SDKs use: a body that can be read once, as an
 * iterable (Anthropic's) or with a reader (Ollama's).
 *
 * 1. Nothing is read ahead: a chunk is pulled only when the SDK asks for it.
 */
function streamedAnswer(next: () => Promise<Uint8Array | null>): Response {
  const read = async (): Promise<IteratorResult<Uint8Array, undefined>> => {
    const value = await next();
    return value === null ? { done: true, value: undefined } : { done: false, value };
  };
  // If the SDK stops reading early, its exchange is cut, or drained, when the attempt ends.
  const over = { done: true, value: undefined } as const;
  const body = {
    [Symbol.asyncIterator]: () => ({ next: read, return: async () => Promise.resolve(over) }),
    getReader: () => ({ read, releaseLock: () => undefined }),
  };
  headers ??= new Headers();
  const answer = { ok: true, status: 200, url: '', headers, body };
  // This has only a part of what the type promises, but all that the SDKs read: the adapters' tests go
  // through both SDKs, and would fail if an SDK read more.
  return answer as unknown as Response;
}
