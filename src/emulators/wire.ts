/**
 * A wire: one protocol's paths, requests, answers and refusals. It is pure; the emulator decides
 * when a reply is sent and how much of it.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { FinishedAnswer, ModelRequest } from './model-request.ts';
import type { EmulatorScript, ErrorName } from './script.ts';

/** A reply as it is sent when no fault spoils it. */
export type WireReply = {
  readonly status: number;
  /** Names and values by turns, which is the form that `writeHead` takes fastest. */
  readonly headers: readonly string[];
  /** One frame per event or line; one for the whole of a plain body. */
  readonly frames: readonly string[];
  /**
   * The indexes of the frames with a piece of the answer: a stream may pause before each but the
   * first.
   */
  readonly pieces: readonly number[];
  readonly streamed: boolean;
};

/** The provider's state for the headers, and the values of which ids are made. */
export type ReplyContext = {
  /**
   * Unique within the emulator. Ids are made of it, so that they repeat when the script is
   * repeated.
   */
  readonly callNumber: number;
  readonly seed: number;
  /** Milliseconds since 1970. */
  readonly nowEpochMs: number;
  readonly latencyMs: number;
  readonly chunks: number;
  readonly retryAfterMs: number | null;
  readonly ceiling: number;
  readonly free: number;
  readonly tokens: {
    readonly perMinute: number;
    readonly left: number;
    readonly fullInMs: number;
  } | null;
};

export type WireCall = {
  readonly request: ModelRequest;
  readonly streamed: boolean;
  reply(answer: FinishedAnswer, context: ReplyContext): WireReply;
};

export type WirePage = {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Answers without taking a slot. Throws a WireRefusal. */
  reply(asked: WireRequest, context: ReplyContext): WireReply;
};

export type WireRequest = {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly script: EmulatorScript;
  readonly seed: number;
};

export interface Wire {
  /** The path to which model calls are posted. */
  readonly callPath: string;
  readonly pages: readonly WirePage[];
  /** Throws a WireRefusal when the provider would refuse the request. */
  readCall(asked: WireRequest): WireCall;
  refusal(refused: WireRefusal, context: ReplyContext): WireReply;
  /** An error as an event or a line of a stream that began well. */
  errorFrame(error: ErrorName, context: ReplyContext): string;
  notFound(path: string, context: ReplyContext): WireReply;
}

/** `busy` is the answer of a full provider; a script cannot name it as a fault. */
export class WireRefusal extends Error {
  readonly error: ErrorName | 'busy';
  /** Replaces the error's usual text. */
  readonly said: string | null;
  /** Replaces the time that the script gives. */
  readonly retryAfterMs: number | null;

  constructor(
    error: ErrorName | 'busy',
    said: string | null = null,
    retryAfterMs: number | null = null,
  ) {
    super(said ?? error);
    this.name = 'WireRefusal';
    this.error = error;
    this.said = said;
    this.retryAfterMs = retryAfterMs;
  }
}

export function invalid(said: string): never {
  throw new WireRefusal('invalid-request', said);
}

export type Members = Readonly<Record<string, unknown>>;

export function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** For members that are checked to be texts; any other value gives an empty text. */
export function asString(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Returns undefined when the body is no JSON. */
export function parseBody(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString()) as unknown;
  } catch {
    return undefined;
  }
}

/**
 * Cuts a text into at most `chunks` pieces of about equal length; it never parts a surrogate pair.
 */
export function piecesOf(text: string, chunks: number): string[] {
  if (chunks === 1 || text.length <= 1) return text === '' ? [] : [text];
  const size = Math.max(1, Math.ceil(text.length / chunks));
  const pieces: string[] = [];
  for (let from = 0; from < text.length;) {
    let to = from + size;
    const code = text.charCodeAt(to - 1);
    if (code >= 0xd800 && code < 0xdc00) to += 1;
    pieces.push(text.slice(from, to));
    from = to;
  }
  return pieces;
}
