/**
 * JSON as heddle stores it. Everything durable (inputs, payloads, contexts, outputs) passes `toJson` where it
 * enters heddle: API, model output, task output. Values that JSON or Postgres would lose or refuse are refused
 * here, by field, so that no code behind the edge has to check again.
 */
import { heddleError } from './errors.ts';
import { limits } from './limits.ts';
import { plainJson } from './plain/copy.ts';
import { isSafeText } from './plain/safe-text.ts';
import type { Json } from './plain/json-type.ts';

export { isSafeText } from './plain/safe-text.ts';

export type { Json, JsonObject } from './plain/json-type.ts';

/** Drops NUL characters and replaces lone surrogates by U+FFFD: for text that a model wrote. */
export function toSafeText(text: string): string {
  return isSafeText(text) ? text : text.replaceAll('\u0000', '').toWellFormed();
}

/**
 * A model's JSON, made fit to keep: texts as by `toSafeText`, -0 as 0. Undefined where a mend would change the
 * meaning: nested too deep, a number that is not finite, or a key `__proto__`.
 */
export function toSafeJson(value: unknown, depth = 0): Json | undefined {
  if (depth > limits.jsonDepthMax) return undefined;
  if (typeof value === 'string') return toSafeText(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : undefined;
  if (typeof value === 'boolean' || value === null) return value;
  if (typeof value !== 'object') return undefined;
  if (Array.isArray(value)) {
    const items = value.map((item) => toSafeJson(item, depth + 1));
    return items.some((item) => item === undefined) ? undefined : (items as Json[]);
  }
  const copy: Record<string, Json> = {};
  for (const [key, item] of Object.entries(value)) {
    const safe = toSafeJson(item, depth + 1);
    if (safe === undefined || toSafeText(key) === '__proto__') return undefined;
    copy[toSafeText(key)] = safe;
  }
  return copy;
}

/**
 * A plain-JSON copy of a caller's value; undefined only for undefined, because absent is not null. `undefined`
 * properties are left out and `toJSON` is obeyed; a part that JSON would lose is refused by its path.
 */
export function toJson(
  value: unknown,
  field = 'value',
  bytesMax: number = limits.payloadBytesMax,
): Json | undefined {
  const { copy, charsMin } = plainJson(value, { field, bytesMax, isFrozen: false });
  // One character is at most six in JSON, a number at most 25 characters: bytes are counted exactly only near
  // the bound.
  if (charsMin * 13 > bytesMax) checkBytes(copy, field, bytesMax);
  return copy;
}

/** The length of the value's JSON in bytes. */
export function bytesOfJson(value: Json): number {
  return utf8Bytes(JSON.stringify(value));
}

function checkBytes(copy: Json | undefined, field: string, bytesMax: number): void {
  const text = JSON.stringify(copy) ?? '';
  if (text.length > bytesMax || (text.length * 3 > bytesMax && utf8Bytes(text) > bytesMax)) {
    throw heddleError('payload-too-large', { field, bytesMax });
  }
}

function utf8Bytes(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code >= 0xd800 && code < 0xe000 ? 2 : 3;
  }
  return bytes;
}
