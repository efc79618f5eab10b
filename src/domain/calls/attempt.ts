/**
 * Attempts of provider calls, as they are kept. heddle tries a call until it has an answer or is wrong by itself; a
 * run hears only of that end, so its attempts are kept beside what it took.
 */
import type { TokenUsage } from '../model/model-call.ts';

/**
 * How an attempt ended.
 *
 * - answered: it has an answer.
 * - failed: the call itself was refused, or its answer was of no use: that is its result.
 * - rate-limited: the provider asked to wait (429).
 * - outage: the provider failed, or nobody answered.
 * - cut: an answer had begun and did not come to its end.
 * - refused: key or spend were refused.
 * - retry-once: the provider answered with a conflict or a time-out of its own (408, 409).
 * - timed-out: it took longer than `attemptTimeoutMs` allows.
 * - aborted: its run had left the call, or its replica closed.
 */
export type AttemptEnd =
  | 'answered'
  | 'failed'
  | 'rate-limited'
  | 'outage'
  | 'cut'
  | 'refused'
  | 'retry-once'
  | 'timed-out'
  | 'aborted';

/** One attempt, as the journal notes it beside its result. Times are by the clock of the replica that made it. */
export type AttemptNote = {
  /** Its number, from 1. One that was rate-limited or refused leaves its number to the next. */
  readonly attempt: number;
  /** The gate: the provider, or the provider with one of its models. */
  readonly provider: string;
  /** How it ended. */
  readonly how: AttemptEnd;
  /** When the request was sent, in ms since 1970. */
  readonly sentAtMs: number;
  /** When it ended, in ms since 1970. */
  readonly endedAtMs: number;
  /** How long the provider asked to wait, where it said so. */
  readonly waitMs?: number;
  /** What the fault said. */
  readonly fault?: string;
  /** The tokens that it has cost, where that is known and its result does not say so. */
  readonly usage?: TokenUsage;
};

/** One attempt of one call of a run. */
export type Attempt = AttemptNote & {
  /** The id of the call's invocation. */
  readonly invocationId: string;
  /** Which start of the invocation. */
  readonly incarnation: number;
  /** The run's newest turn when it ended; the turn that took its result, where one did. */
  readonly turn: number;
  /** How many attempts this stands for: 429s of one call within a second may stand together. */
  readonly count: number;
};
