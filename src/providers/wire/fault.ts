/** Makes the `ProviderFault` that the pool and people read from what an exchange saw. */
import { toSafeText } from '../../domain/json.ts';
import { BrokenAnswer } from './broken-answer.ts';
import { type Breakage, classify } from '../classification.ts';
import { ProviderFault } from '../port.ts';
import type { Exchange } from './exchange.ts';
import { readToldError, type ToldError } from './told-error.ts';
import { capacityDefaults } from '../../domain/capacity-settings.ts';

const textCharsMax = 500;

const breakageTexts: Readonly<Record<Breakage, string>> = {
  unreachable: 'cannot be reached',
  cut: 'cut its answer short',
  idle: 'sent nothing for too long',
  deadline: 'did not come to an end in time',
  unreadable: 'sent what its protocol does not know',
  'context-overflow': 'cut the prompt to make it fit',
  'too-large': 'sent too much',
};

export type FailedAttempt = {
  readonly error: unknown;
  readonly exchange: Exchange;
  /** The error that an event in the stream reported; null if there was none. */
  readonly told: ToldError | null;
  /** The status by which the provider says that it is busy, if it gives errors no type. */
  readonly busyStatus: number | null;
  /** Removed from every text, because a provider may echo it. */
  readonly secret: string | null;
  readonly nowMs: number;
};

/** The fault has no `cause`, because the SDK's errors carry requests and headers. */
export function faultOf(attempt: FailedAttempt): ProviderFault {
  const { error, exchange, nowMs } = attempt;
  const { answer } = exchange;
  const isRefusal = answer !== null && (answer.status < 200 || answer.status >= 300);
  const told = isRefusal ? refusal(attempt, answer.status) : attempt.told;
  const status = isRefusal ? answer.status : null;
  const early = exchange.isOver ? 'cut' : null;
  const breakage = exchange.breakage ?? breakageIn(error) ?? early;
  const header = answer?.header ?? (() => null);
  const retryAfterMs = readRetryAfter(header, nowMs);
  if (told === null && breakage === null) {
    // Neither the provider nor the network failed: the request could not even be made.
    return new ProviderFault('caller', shown(attempt, `the call failed: ${reasonIn(error)}`));
  }
  const { type = null, code = null, text = null } = told ?? {};
  const asksToWait = retryAfterMs !== null;
  const kind = classify({ status, type, code, breakage, asksToWait });
  const words = [status === null ? null : `HTTP ${status}`, type, code].filter(isThere).join(' ');
  const requestId = header('request-id');
  const what = told === null && breakage !== null ? brokenText(breakage, error) : (text ?? '');
  const message = [words, what].filter((part) => part !== '').join(': ');
  const request = requestId === null ? '' : ` (request ${requestId})`;
  return new ProviderFault(kind, shown(attempt, message, request), retryAfterMs);
}

/**
 * The busy status counts only with a body in the provider's own form. A proxy that refuses with the
 * same status sends another body, which means that the server cannot be reached.
 */
function refusal({ busyStatus, exchange }: FailedAttempt, status: number): ToldError {
  const told = readToldError(exchange.errorText);
  const isOwn = told.type === null && told.text !== exchange.errorText;
  return isOwn && status === busyStatus ? { ...told, type: 'busy' } : told;
}

function breakageIn(error: unknown): Breakage | null {
  if (error instanceof BrokenAnswer) return error.breakage;
  // The SDK parses the events itself.
  return error instanceof SyntaxError ? 'unreadable' : null;
}

function brokenText(breakage: Breakage, error: unknown): string {
  return `the provider ${breakageTexts[breakage]} (${reasonIn(error)})`;
}

/** The code of the deepest cause, such as ECONNREFUSED; else its message. */
function reasonIn(error: unknown): string {
  let cause = error;
  for (let depth = 0; depth < 5; depth++) {
    if (!(cause instanceof Error) || cause.cause === undefined) break;
    cause = cause.cause;
  }
  if (!(cause instanceof Error)) return 'no reason given';
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}

function shown({ secret }: FailedAttempt, message: string, suffix = ''): string {
  // The secret is removed before the text is cut: a cut could leave a part of the key.
  const safe = (text: string): string => (secret === null ? text : text.replaceAll(secret, '***'));
  const text = safe(message);
  const cut = text.length > textCharsMax ? `${text.slice(0, textCharsMax)}…` : text;
  return toSafeText(cut + safe(suffix).slice(0, 100));
}

function isThere(text: string | null): text is string {
  return text !== null && text !== '';
}

/**
 * How long a provider asks to wait, from the headers of its answer.
 *
 * Reads one header of an answer, by its lower-case name; null when it is not there.
 */
type HeaderReader = (name: string) => string | null;

const { retryAfterMsMin, retryAfterMsMax } = capacityDefaults.given;

const decimal = /^\d{1,12}(\.\d{1,12})?$/;
/** The three forms of RFC 9110 §5.6.7 begin with a day's name. `Date.parse` alone accepts far more. */
const httpDate = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6},? .{10,30}$/;

/**
 * From `retry-after-ms`, else `Retry-After` in seconds or as a date, within the bounds. Null if
 * neither is there or can be read: then the pool chooses the wait.
 */
export function readRetryAfter(header: HeaderReader, nowMs: number): number | null {
  const waitMs = readDelay(header('retry-after-ms'), 1) ?? readSeconds(header, nowMs);
  if (waitMs === null) return null;
  return Math.min(retryAfterMsMax, Math.max(retryAfterMsMin, Math.ceil(waitMs)));
}

function readSeconds(header: HeaderReader, nowMs: number): number | null {
  const text = header('retry-after');
  return readDelay(text, 1_000) ?? readDate(text, nowMs);
}

function readDelay(text: string | null, unitMs: number): number | null {
  return text !== null && decimal.test(text.trim()) ? Number(text) * unitMs : null;
}

function readDate(text: string | null, nowMs: number): number | null {
  if (text === null || !httpDate.test(text.trim())) return null;
  const atMs = Date.parse(text.trim());
  // A time in the past gives a negative wait, which becomes the lower bound.
  return Number.isNaN(atMs) ? null : atMs - nowMs;
}
