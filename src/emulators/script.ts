/** How an emulator behaves: plain data, so that a script can lie in a file and be sent anywhere. */

/** How long something takes. The tails are cut at `maxMs`, so that no call waits for ever by chance. */
export type Spread =
  | { readonly kind: 'fixed'; readonly ms: number }
  | { readonly kind: 'uniform'; readonly minMs: number; readonly maxMs: number }
  | {
      readonly kind: 'lognormal';
      readonly medianMs: number;
      readonly sigma: number;
      readonly maxMs: number;
    };

/** What a provider can refuse with. Each protocol has its own status and body for each. */
export const errorNames = [
  'invalid-request',
  'authentication',
  'billing',
  'spend-limit',
  'contract-spend-limit',
  'ramp-limit',
  'permission',
  'not-found',
  'too-large',
  'rate-limited',
  'server-error',
  'unavailable',
  'timeout',
  'overloaded',
] as const;
export type ErrorName = (typeof errorNames)[number];

/**
 * - refuse: nobody listens, and who is connected is cut off, as when the server has died.
 * - hang: calls are taken and never answered.
 */
export const outageKinds = ['server-error', 'unavailable', 'overloaded', 'refuse', 'hang'] as const;
export type OutageKind = (typeof outageKinds)[number];

/** Times count from the emulator's start. */
export type OutageWindow = {
  readonly kind: OutageKind;
  readonly fromMs: number;
  readonly toMs: number;
};

/**
 * A place in an answer: before anything is sent, after the headers, or before the n-th event (line) or
 * byte of the body, from 0. A place behind the end means the last one in it.
 */
export type Place = 'start' | 'headers' | { readonly event: number } | { readonly byte: number };

type FaultKind =
  /** At once, holding no slot; or after the latency, having held one for nothing. */
  | { readonly kind: 'error'; readonly error: ErrorName; readonly afterLatency: boolean }
  /** The stream begins well and brings an error as its n-th event. */
  | { readonly kind: 'error-in-stream'; readonly error: ErrorName; readonly atEvent: number }
  /** Nothing more comes, and the connection stays. */
  | { readonly kind: 'hang'; readonly at: Place }
  /** The connection ends. */
  | { readonly kind: 'cut'; readonly at: Place }
  /** The n-th event is broken JSON. */
  | { readonly kind: 'malformed'; readonly atEvent: number }
  /** The body comes a few bytes at a time. */
  | { readonly kind: 'slow'; readonly bytes: number; readonly everyMs: number };

/** A share of all calls, drawn by the seed, or calls by their number: the first that comes is 1. */
type FaultShare =
  { readonly share: number } | { readonly calls: { readonly from: number; readonly to: number } };

export type Fault = FaultKind & FaultShare;

export type EmulatorScript = {
  /** From the call's arrival (or its turn in the queue) to the end of the answer. */
  readonly latencyMs: Spread;
  /** To the answer's first text; null: everything comes at once at the end, which costs least. */
  readonly firstTokenMs: Spread | null;
  /** Pieces that an answer's text is streamed in. */
  readonly chunks: number;
  /** Calls that may be under way at once. */
  readonly ceiling: number;
  /** Calls that may wait for a slot, as Ollama lets them; all others are refused at once. */
  readonly queueMax: number;
  /** What a call is told that finds no slot. `busy` is Ollama's 503 and Anthropic's 529. */
  readonly whenFull: 'rate-limited' | 'busy';
  /** Of input and output together, refilled evenly; null: without bound. */
  readonly tokensPerMinute: number | null;
  /** What a refusal for now asks to wait; null: it names no time. */
  readonly retryAfterMs: number | null;
  /** The context window; null: without bound. */
  readonly contextTokens: number | null;
  /** Keys that are let in; null: any. */
  readonly apiKeys: readonly string[] | null;
  /** Models that are there; null: any. */
  readonly models: readonly string[] | null;
  /** Until it is set to null again. */
  readonly outage: OutageKind | null;
  readonly outages: readonly OutageWindow[];
  /** One call has one fault at most: the first that is due. */
  readonly faults: readonly Fault[];
};

const shared: EmulatorScript = {
  latencyMs: { kind: 'fixed', ms: 0 },
  firstTokenMs: null,
  chunks: 4,
  ceiling: 120,
  queueMax: 0,
  whenFull: 'rate-limited',
  tokensPerMinute: null,
  retryAfterMs: 1_000,
  contextTokens: null,
  apiKeys: null,
  models: null,
  outage: null,
  outages: [],
  faults: [],
};

export const defaultScripts = {
  anthropic: shared,
  /** A real Ollama is never out of quota, only busy, and names no time. */
  ollama: { ...shared, whenFull: 'busy', retryAfterMs: null },
} as const satisfies Record<string, EmulatorScript>;
