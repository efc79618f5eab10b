/**
 * JSON as heddle stores it. Everything durable (inputs, payloads, contexts, outputs) passes
 * `toJson` at its entrance: API, model output, task output. What JSON or Postgres would lose or
 * refuse is refused here, by field, so that nothing behind the edge has to think about it.
 */
import { heddleError } from './errors.ts';
import { limits } from './limits.ts';

type JsonScalar = string | number | boolean | null;
export type Json = JsonScalar | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** True without NUL, which Postgres text cannot hold, and lone surrogates, which UTF-8 loses. */
export function isSafeText(text: string): boolean {
  return text.isWellFormed() && !text.includes('\u0000');
}

/** Drops NUL characters and replaces lone surrogates by U+FFFD: for text that a model wrote. */
export function toSafeText(text: string): string {
  return isSafeText(text) ? text : text.replaceAll('\u0000', '').toWellFormed();
}

/**
 * A model's JSON, made fit to keep: texts as by `toSafeText`, -0 as 0. Undefined where no mend leaves
 * its sense: nested too deep, a number beyond all bounds, or a key `__proto__`.
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

function refuse(field: string, reason: string): never {
  throw heddleError('invalid-json', { field, reason });
}

function checkObject(value: object, field: string, depth: number): void {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    const name = (prototype as { constructor?: { name?: string } }).constructor?.name ?? 'class';
    refuse(field, `a ${name} does not survive JSON; use plain objects, arrays and scalars`);
  }
  for (const key in value) {
    if (key === '__proto__') refuse(`${field}.${key}`, 'this key is not allowed');
    if (!isSafeText(key)) refuse(field, 'a key holds NUL or a lone surrogate');
    checkJson((value as Record<string, unknown>)[key], `${field}.${key}`, depth + 1);
  }
  // `for … in` passes symbols by, as JSON would: losing them silently is what this file prevents.
  if (Object.getOwnPropertySymbols(value).length > 0) refuse(field, 'symbol keys are lost in JSON');
}

/**
 * Throws `invalid-json`, naming the field, when `value` would not come back from JSON and Postgres
 * exactly as it went in. An object's property that is `undefined` counts as such a loss.
 */
export function checkJson(value: unknown, field = 'value', depth = 0): asserts value is Json {
  if (depth > limits.jsonDepthMax) refuse(field, `nested deeper than ${limits.jsonDepthMax}`);
  switch (typeof value) {
    case 'string':
      if (!isSafeText(value)) refuse(field, 'holds a NUL character or a lone surrogate');
      return;
    case 'number':
      if (!Number.isFinite(value)) refuse(field, 'is not a finite number');
      if (Object.is(value, -0)) refuse(field, 'negative zero is lost in JSON');
      return;
    case 'boolean':
      return;
    case 'object':
      if (value === null) return;
      if (Array.isArray(value)) {
        for (let i = 0; i < value.length; i++) {
          checkJson(value[i], `${field}[${i}]`, depth + 1);
        }
        return;
      }
      checkObject(value, field, depth);
      return;
    default:
      refuse(field, `${typeof value} is lost in JSON`);
  }
}

/**
 * A plain-JSON copy of what a caller handed in: `undefined` properties are left out and `toJSON`
 * (dates) is honoured, as every JSON API does; anything else that would be lost is refused.
 * Returns null for undefined.
 */
export function toJson(value: unknown, field = 'value', bytesMax = limits.payloadBytesMax): Json {
  if (value === undefined) return null;
  const text = encode(value, field);
  if (text === undefined) refuse(field, `${typeof value} is lost in JSON`);
  // A character is at least one byte, and the exact count is only worth its price near the bound.
  if (text.length > bytesMax || (text.length * 3 > bytesMax && utf8Bytes(text) > bytesMax)) {
    throw heddleError('payload-too-large', { field, bytesMax });
  }
  const copy: unknown = JSON.parse(text);
  checkJson(copy, field);
  return copy;
}

function encode(value: unknown, field: string): string | undefined {
  try {
    const text = JSON.stringify(value, (key, item: unknown) => {
      if (typeof item === 'number' && !Number.isFinite(item)) {
        refuse(key === '' ? field : `${field}.${key}`, 'is not a finite number');
      }
      if (item instanceof Map || item instanceof Set || item instanceof RegExp) {
        refuse(key === '' ? field : `${field}.${key}`, 'a Map, Set or RegExp is lost in JSON');
      }
      return item;
    });
    return text;
  } catch (error) {
    if (error instanceof RangeError) refuse(field, `nested deeper than ${limits.jsonDepthMax}`);
    if (error instanceof TypeError) refuse(field, error.message);
    throw error;
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
