/**
 * A provider: a source of model calls. heddle does the queueing, retries and waiting, and counts what
 * is spent. An implementation makes one attempt and says truthfully how it ended.
 */
import type { GenerateRequest, ModelDelta, ProviderAnswer } from '../domain/catalogue.ts';

/**
 * How a call failed, named by what must follow. `classification.ts` decides which kind a failure is.
 * - rate-limited: heddle's quota is used up (429, 529, busy). Wait, use no attempt.
 * - outage: the provider failed (5xx, refused connection, cut stream). Back off; past a threshold
 *   stall.
 * - refused: key or spend (401, 402, 403). Park the provider until a person acts.
 * - caller: this call itself is wrong (400, 413, 422, context overflow). Fail this call alone.
 * - retry-once: the next answer may differ (408, 409). A second such answer counts as `caller`.
 */
export type ProviderFaultKind = 'rate-limited' | 'outage' | 'refused' | 'caller' | 'retry-once';

/**
 * The error by which a `Provider` says that a call has failed. Any other error fails that call alone.
 */
export class ProviderFault extends Error {
  /** What must follow: see `ProviderFaultKind`. */
  readonly kind: ProviderFaultKind;
  /** How long the provider asked to wait; null when it did not say. */
  readonly retryAfterMs: number | null;
  /** Of a `caller` fault: the prompt does not fit the model's context. The call fails with `context-full`. */
  readonly isContextFull: boolean;
  /** Of an outage: an answer had begun, and did not come to its end. */
  readonly isCut: boolean;

  constructor(
    kind: ProviderFaultKind,
    message: string,
    retryAfterMs: number | null = null,
    {
      isContextFull = false,
      isCut = false,
    }: {
      /** The prompt does not fit the model's context. */
      readonly isContextFull?: boolean;
      /** An answer had begun, and did not come to its end. */
      readonly isCut?: boolean;
    } = {},
  ) {
    super(message);
    this.name = 'ProviderFault';
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
    this.isContextFull = isContextFull;
    this.isCut = isCut;
  }
}

/** One attempt at a model call. */
export type ProviderCall = {
  /**
   * The input of the call. The messages of a durable conversation are already in its `messages`, and the
   * history is valid: each tool call has one result, and no message is blank.
   */
  readonly input: GenerateRequest;
  /** The same for every attempt at one invocation: made of run, invocation id and incarnation. */
  readonly idempotencyKey: string;
  /** Counts from 1. */
  readonly attempt: number;
  /** Aborts the call. The promise then rejects, and nothing of the answer is kept. */
  readonly signal: AbortSignal;
  /** Receives text as it arrives. It is shown, never committed. */
  readonly onText?: (text: string) => void;
  /**
   * Receives text, reasoning and tool calls as they arrive. They are shown, never committed. A provider
   * calls either this or `onText`.
   */
  readonly onDelta?: (delta: ModelDelta) => void;
};

/**
 * The error with which an aborted call rejects. It is no fault, because it says nothing about the
 * provider.
 */
export function callAborted(signal: AbortSignal): Error {
  return new Error('The call was aborted.', { cause: signal.reason });
}

/** The name of a preference of a call: a provider that does not know it leaves it out. */
export type CallPreference = 'temperature' | 'stopSequences' | 'reasoning' | 'cache';
export const callPreferences: readonly CallPreference[] = [
  'temperature',
  'stopSequences',
  'reasoning',
  'cache',
];

/** What a provider can do beside text and tools. */
export type ProviderSupport = {
  /** Takes images as bytes, or as bytes and as addresses. Without it, calls with images go elsewhere. */
  readonly images?: 'bytes' | 'bytes-and-urls';
  /** Obeys `toolChoice`. Without it, calls with a tool choice go elsewhere. */
  readonly toolChoice?: boolean;
  /**
   * Holds the model to `schema` itself; `without-tools`: only in calls that offer no tools. Elsewhere heddle tells the
   * model the schema in words.
   */
  readonly schema?: boolean | 'without-tools';
  /** The preferences that it knows. Default: `temperature`. */
  readonly preferences?: readonly CallPreference[];
};

/** Of a provider that stands in for any other. */
export const supportsAll: ProviderSupport = {
  images: 'bytes-and-urls',
  toolChoice: true,
  schema: true,
  preferences: callPreferences,
};

/** The price of a million tokens. */
export type Price = {
  /** The price of a million tokens of input. */
  readonly input: number;
  /** The price of a million tokens of output. */
  readonly output: number;
  /** The price of a million tokens that were read from the provider's cache. Default: `input`. */
  readonly cacheRead?: number;
  /** The price of a million tokens that were written to the provider's cache. Default: `input`. */
  readonly cacheWrite?: number;
  /** The price of a million tokens of reasoning. Default: `output`. */
  readonly reasoning?: number;
};

/**
 * A source of model calls. heddle queues, retries and waits; a provider makes one attempt when it is
 * called.
 */
export interface Provider {
  /** The name that `generate` uses for this provider. */
  readonly name: string;
  /** How many calls may be under way at once for each of its models: an upper bound. */
  readonly ceiling: number;
  /**
   * How many calls to begin with, if the ceiling is untested: heddle then raises the number step by
   * step to find what the provider takes. Default: the ceiling, which is then believed until a 429.
   */
  readonly startsAt?: number | undefined;
  /**
   * The first one serves calls that name no model. Without a list the provider takes any model and any
   * tier.
   */
  readonly models?: readonly string[] | undefined;
  /** Maps each tier to a model, for calls that name a tier. */
  readonly tiers?: Readonly<Record<string, string>> | undefined;
  /** Providers whose calls count against the same account: falling back on them adds no capacity. */
  readonly sharesCeilingWith?: readonly string[] | undefined;
  /**
   * The price of a million tokens, in any one currency, for budgets of cost: one price for all models,
   * or a price for each model by its name. A model that is not named costs nothing.
   */
  readonly pricePerMillion?: Price | Readonly<Record<string, Price>> | undefined;
  /** What it can do beside text and tools. Default: nothing of it. */
  readonly supports?: ProviderSupport | undefined;
  /** Resolves with a complete answer, or rejects with a `ProviderFault`. */
  call(call: ProviderCall): Promise<ProviderAnswer>;
  /** Gives back what the provider holds, such as sockets. Called once, after the last call has ended. */
  close?(): Promise<void>;
}
