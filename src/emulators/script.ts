/**
 * The script of an emulator's behaviour. It is plain data, so that it can be kept in a file and
 * sent to another process.
 */

/**
 * A time, drawn for each call. The tails are cut at `maxMs`, so that no call waits for ever by
 * chance.
 */
export type Spread =
  | { readonly kind: 'fixed'; readonly ms: number }
  | { readonly kind: 'uniform'; readonly minMs: number; readonly maxMs: number }
  | {
      readonly kind: 'lognormal';
      readonly medianMs: number;
      readonly sigma: number;
      readonly maxMs: number;
    };

/**
 * The errors that a provider can answer with. Each protocol has its own status and body for each.
 */
export const errorNames = [
  'invalid-request',
  'authentication',
  'billing',
  'credit-balance',
  'usage-limits',
  'organization-disabled',
  'organization-on-hold',
  'context-full',
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
 * - refuse: connections are refused and open ones are cut, as when the server has died.
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
 * A point in an answer: before anything is sent, after the headers, or before the n-th event (line)
 * or byte of the body, counted from 0. A point beyond the end means the last event or byte.
 */
export type Place = 'start' | 'headers' | { readonly event: number } | { readonly byte: number };

type FaultKind =
  /** Sent at once, without a slot; or after the latency, during which the call has held a slot. */
  | { readonly kind: 'error'; readonly error: ErrorName; readonly afterLatency: boolean }
  /** The stream begins as usual and has an error as its n-th event. */
  | { readonly kind: 'error-in-stream'; readonly error: ErrorName; readonly atEvent: number }
  /** Nothing more is sent, and the connection stays open. */
  | { readonly kind: 'hang'; readonly at: Place }
  /** The connection is closed. */
  | { readonly kind: 'cut'; readonly at: Place }
  /** The n-th event is broken JSON. */
  | { readonly kind: 'malformed'; readonly atEvent: number }
  /** The body is sent a few bytes at a time. */
  | { readonly kind: 'slow'; readonly bytes: number; readonly everyMs: number };

/**
 * A share of all calls, drawn by the seed, or the calls with these numbers; the first call has
 * number 1.
 */
type FaultShare =
  { readonly share: number } | { readonly calls: { readonly from: number; readonly to: number } };

export type Fault = FaultKind & FaultShare;

export type EmulatorScript = {
  /** From the call's arrival (or the end of its wait in the queue) to the end of the answer. */
  readonly latencyMs: Spread;
  /**
   * To the first text of the answer; null: everything is sent at once at the end, which costs
   * least.
   */
  readonly firstTokenMs: Spread | null;
  /** The number of pieces in which an answer's text is streamed. */
  readonly chunks: number;
  /** The number of calls that may be under way at once. */
  readonly ceiling: number;
  /**
   * The number of calls that may wait for a slot, as Ollama lets them; further ones are refused at
   * once.
   */
  readonly queueMax: number;
  /** The refusal of a call that finds no slot. `busy` is Ollama's 503 and Anthropic's 529. */
  readonly whenFull: 'rate-limited' | 'busy';
  /** Input and output together, refilled evenly; null: no limit. */
  readonly tokensPerMinute: number | null;
  /** The wait that a temporary refusal asks for; null: it gives no time. */
  readonly retryAfterMs: number | null;
  /** The size of the context window; null: no limit. */
  readonly contextTokens: number | null;
  /** The keys that are accepted; null: any key. */
  readonly apiKeys: readonly string[] | null;
  /** The models that exist; null: any name. */
  readonly models: readonly string[] | null;
  /** In force until it is set to null again. */
  readonly outage: OutageKind | null;
  readonly outages: readonly OutageWindow[];
  /** A call has one fault at most: the first in the list that applies. */
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
  /** A local Ollama is never out of quota, only busy, and gives no time. */
  ollama: { ...shared, whenFull: 'busy', retryAfterMs: null },
  openai: shared,
} as const satisfies Record<string, EmulatorScript>;
