/**
 * One request and its streamed answer, under deadlines and bounds, as the SDK's `fetch`.
 *
 * It owns the request's life: when it is cut, and what was seen of the answer. It leaves the bytes'
 * sense to the SDK and the adapter, what a failure means to fault.ts.
 *
 * 1. It ends: by the answer's end, by silence longer than its limit, or at the deadline.
 * 2. The first reason to end it is kept in `breakage` (or `isAborted`), whatever error follows.
 * 3. One request leaves, to the address and with the headers that the adapter gave. What an SDK
 *    reads from the environment, or would send again, is not sent.
 * 4. What is read and not passed on is bounded: bytes in all, bytes in one line, an error's text.
 */
import { BrokenAnswer } from './broken-answer.ts';
import type { Breakage } from '../classification.ts';
import { BoundedBytes } from './bounded-bytes.ts';
import type { Connections } from './connections.ts';
import { ExchangeEnd } from './exchange-end.ts';
import { streamedAnswer } from './streamed-answer.ts';
import type { WireLimits } from './wire-limits.ts';

/** An error's text beyond this is of use to nobody. */
const errorBytesMax = 65_536;
/** After the result: how much, and how long, to get the socket back instead of a new one. */
const drainBytesMax = 65_536;
const drainMsMax = 1_000;

/** Turns what the network brings into what the SDK may read; throws a `BrokenAnswer`. */
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
  #errorText = '';
  #isBodyOver = false;
  #isEnough = false;
  #chunks: AsyncIterator<Uint8Array> | null = null;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#end = new ExchangeEnd(options.limits, options.signal);
    this.#bytes = new BoundedBytes(options.limits);
  }

  /** Null as long as no header has come. */
  get answer(): Answer | null {
    return this.#answer;
  }

  /** The body of an answer that is no success, cut to a bound. */
  get errorText(): string {
    return this.#errorText;
  }

  get breakage(): Breakage | null {
    return this.#end.breakage;
  }

  /** The answer has come to its end; without a result, that was too early. */
  get isOver(): boolean {
    return this.#isBodyOver;
  }

  get isAborted(): boolean {
    return this.#end.isAborted;
  }

  /** For the SDK. Only the body of what it asks for is taken. */
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
      this.#chunks = received.body[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
      if (status >= 200 && status < 300) return streamedAnswer(() => this.#next());
      return await this.#refusal(status);
    } catch (error) {
      waited();
      this.#end.break(this.#answer === null ? 'unreachable' : 'cut');
      throw error;
    }
  };

  /**
   * The result is whole: to the SDK the answer ends here. Who breaks off its stream instead makes it
   * abort its request, which costs it more than reading on.
   */
  suffices(): void {
    this.#isEnough = true;
  }

  /**
   * The call has its result, or has failed. A body that is as good as over is read to its end, so
   * that the socket can be used again; any other is cut.
   */
  finish({ isComplete }: { readonly isComplete: boolean }): void {
    this.#end.settle();
    if (this.#isBodyOver) return;
    if (isComplete && this.#chunks !== null) void this.#drain(this.#chunks);
    else this.#end.cut();
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
      return next === undefined || next.done === true ? null : next.value;
    } finally {
      waited();
    }
  }

  /**
   * The same status without its text, which is kept here: the SDKs read it without bound, and one
   * writes to the console of it.
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
    // A status that is no failure to the SDK (a redirect that nobody follows) must be one.
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
      // The result is there: how its connection ends is nobody's concern.
    } finally {
      clearTimeout(timer);
    }
  }
}

function oneHeader(value: string | string[] | undefined): string | null {
  return (Array.isArray(value) ? value[0] : value) ?? null;
}
