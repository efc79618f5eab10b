/** How long a provider asks to wait, from the headers of its answer. */
import { capacityDefaults } from '../domain/capacity-settings.ts';

/** Reads one header of an answer, by its lower-case name; null when it is not there. */
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
