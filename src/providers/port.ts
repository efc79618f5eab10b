/**
 * A provider: a source of model calls. heddle owns queueing, retries, waiting and spend; an
 * implementation makes one attempt and says truthfully how it ended.
 */
import type { GenerateInput, GenerateOutput } from '../domain/catalogue.ts';
import type { RateLimits } from './rate-limits.ts';

/**
 * How a call failed, by what must follow (design §5). `classification.ts` says which it is.
 * - rate-limited: our quota (429, 529, busy). Wait, consume no attempt.
 * - outage: theirs (5xx, refused connection, cut stream). Back off; past a threshold stall.
 * - refused: key or spend (401, 402, 403). Park the provider for a person.
 * - caller: this call's own fault (400, 413, 422, context overflow). Fail this call alone.
 * - retry-once: an answer that may differ next time (408, 409). The second one is the caller's.
 */
export type ProviderFaultKind = 'rate-limited' | 'outage' | 'refused' | 'caller' | 'retry-once';

export class ProviderFault extends Error {
  readonly kind: ProviderFaultKind;
  /** What the provider asked to wait; null when it did not say. */
  readonly retryAfterMs: number | null;

  constructor(kind: ProviderFaultKind, message: string, retryAfterMs: number | null = null) {
    super(message);
    this.name = 'ProviderFault';
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
  }
}

export type ProviderCall = {
  readonly input: GenerateInput;
  /** The same for every attempt at one invocation: run, invocation id and incarnation. */
  readonly idempotencyKey: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** Aborts the call; the promise then rejects, and nothing of it is kept. */
  readonly signal: AbortSignal;
  /** Text as it arrives: shown, never committed. */
  readonly onText?: (text: string) => void;
  /** What the provider says is left of our quota, with any answer of its: a hint for the gate. */
  readonly onLimits?: (limits: RateLimits) => void;
};

/** How an aborted call rejects: it is no fault, for it says nothing about the provider. */
export function callAborted(signal: AbortSignal): Error {
  return new Error('The call was aborted.', { cause: signal.reason });
}

/** What a million tokens cost. */
export type Price = { readonly input: number; readonly output: number };

export interface Provider {
  readonly name: string;
  /** Calls that may be under way at once, for each of its models: an upper bound. */
  readonly ceiling: number;
  /**
   * With how many to begin when the ceiling is a bound that nobody has tried: what it really takes
   * is found by ramping up. Default: the ceiling, which is then believed until a 429.
   */
  readonly startsAt?: number | undefined;
  /** The first is for calls that name none. Without a list it takes any model and any tier. */
  readonly models?: readonly string[] | undefined;
  /** The models of calls that name a tier instead. */
  readonly tiers?: Readonly<Record<string, string>> | undefined;
  /** Providers whose calls the same account counts: falling back on them adds nothing. */
  readonly sharesCeilingWith?: readonly string[] | undefined;
  /**
   * What a million tokens cost, in any one currency, for budgets of cost: one price for all models,
   * or a price for each by its name. What is not named costs nothing.
   */
  readonly pricePerMillion?: Price | Readonly<Record<string, Price>> | undefined;
  /** Resolves with a complete result, or rejects with a ProviderFault. */
  call(call: ProviderCall): Promise<GenerateOutput>;
  /** Gives back what it holds, such as sockets. Called once, when no call is under way any more. */
  close?(): Promise<void>;
}
