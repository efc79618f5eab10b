/** Makes the `ProviderFault` that the pool and people read from what an exchange saw. */
import { toSafeText } from '../../../domain/json.ts';
import { BrokenAnswer } from './broken-answer.ts';
import { type Breakage, rowOf } from '../../classification.ts';
import { ProviderFault } from '../../port.ts';
import type { Exchange } from '../exchange.ts';
import { brokenText, pageText, reasonIn, redirectText } from './fault-words.ts';
import { readToldError, type ToldError } from './told-error.ts';
import { capacityDefaults } from '../../../domain/capacity-settings.ts';

const textCharsMax = 500;
const suffixCharsMax = 400;
/** A shorter key is no secret, and to take it out of a text would take words out. */
const secretCharsMin = 8;

export type FailedAttempt = {
  readonly error: unknown;
  readonly exchange: Exchange;
  /** The error that an event in the stream reported; null if there was none. */
  readonly told: ToldError | null;
  /** The status by which the provider says that it is busy, if it gives errors no type. */
  readonly busyStatus: number | null;
  /** Removed from every text, because a provider may echo it. */
  readonly secret: string | null;
  /** Where the request went; it holds no key. */
  readonly url: string;
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
  const { type = null, code = null, text = null, isForeign = false } = told ?? {};
  const asksToWait = retryAfterMs !== null;
  const seen = { type, code, text: isForeign ? null : text, breakage, asksToWait };
  const row = rowOf({ ...seen, status: status ?? told?.status ?? null });
  const { kind, isContextFull = false } = row;
  const named = new Set([status === null ? null : `HTTP ${status}`, type, code].filter(isThere));
  const words = [...named].join(' ');
  const what = told === null && breakage !== null ? broken(attempt, breakage) : (text ?? '');
  const message = [words, what].filter((part) => part !== '').join(': ');
  const isOfAddress = kind === 'outage' || kind === 'refused' || isForeign;
  const suffix = `${requestOf(header('request-id'))}${isOfAddress ? ` at ${attempt.url}` : ''}`;
  const more = { isContextFull, isCut: told === null && breakage === 'cut' };
  return new ProviderFault(kind, shown(attempt, message, suffix), retryAfterMs, more);
}

function requestOf(id: string | null): string {
  return id === null ? '' : ` (request ${id.slice(0, 100)})`;
}

/**
 * The busy status counts only with a body in the provider's own form. A proxy that refuses with the
 * same status sends another body, which means that the server cannot be reached.
 */
function refusal({ busyStatus, exchange, url }: FailedAttempt, status: number): ToldError {
  const told = readToldError(exchange.errorText);
  if (told.isForeign === true) {
    const location = exchange.answer?.header('location') ?? null;
    const redirect = status >= 300 && status <= 399 ? redirectText(location, url) : null;
    return { ...told, text: redirect ?? pageText(exchange.errorText) ?? told.text };
  }
  return told.type === null && status === busyStatus ? { ...told, type: 'busy' } : told;
}

function breakageIn(error: unknown): Breakage | null {
  if (error instanceof BrokenAnswer) return error.breakage;
  // The SDK parses the events itself.
  return error instanceof SyntaxError ? 'unreadable' : null;
}

function broken({ error, exchange }: FailedAttempt, breakage: Breakage): string {
  const cause = breakage === 'unreachable' ? (exchange.failure ?? error) : error;
  return brokenText(breakage, cause, pageText(exchange.beginning));
}

function shown({ secret }: FailedAttempt, message: string, suffix = ''): string {
  // The secret is removed before the text is cut: a cut could leave a part of the key.
  const isSecret = secret !== null && secret.length >= secretCharsMin;
  const safe = (text: string): string => (isSecret ? text.replaceAll(secret, '***') : text);
  const text = safe(message);
  const cut = text.length > textCharsMax ? `${text.slice(0, textCharsMax)}…` : text;
  return toSafeText(cut + safe(suffix).slice(0, suffixCharsMax));
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
