/**
 * A thrown value as plain JSON that a chart can keep. Whatever was thrown, this function ends and does not
 * throw (promise 13), and its result is at most `thrownBytesMax` as JSON: parts that do not fit are left out
 * or cut.
 */
import { bytesOfJson, toJson, toSafeText, type Json } from './json.ts';
import { limits } from './limits.ts';
import { isA, keysOf, propertyOf, thrownText } from './thrown.ts';

/** How deep causes of causes are followed. */
const causesMax = 8;
/** Bytes of an error's name. */
const nameBytesMax = 1_000;
/** Fields of an error that are looked at. */
const fieldsMax = 100;
/** With fewer bytes left the cause is left out: nothing useful would fit. */
const causeBytesMin = 100;

/**
 * JSON objects, lists and texts stay as they are. An Error becomes `{ name, message, code?, its own JSON
 * fields, cause? }`, and so does a value that has no JSON. Charts read `error.message`, and check whether
 * there is an error, so a number, a boolean and null get the same shape, with the value itself in `value`.
 */
export function thrownJson(thrown: unknown): Json {
  return told(thrown, limits.thrownBytesMax, 0);
}

function told(thrown: unknown, bytesMax: number, depth: number): Json {
  if (typeof thrown === 'string') return cut(thrown, bytesMax);
  if (typeof thrown === 'object' && thrown !== null && !isA(thrown, Error)) {
    const copy = jsonOf(thrown, bytesMax);
    if (typeof copy === 'object' && copy !== null) return copy;
  }
  return ofError(thrown, bytesMax, depth);
}

/** Undefined for a value that is no JSON, or has more bytes. */
function jsonOf(value: unknown, bytesMax: number): Json | undefined {
  try {
    return toJson(value, 'thrown', bytesMax);
  } catch {
    return undefined;
  }
}

/** `ofError` handles these keys itself, or leaves them out. */
const known = new Set(['name', 'message', 'code', 'cause', 'stack', '__proto__']);

function ofError(thrown: unknown, bytesMax: number, depth: number): Json {
  const name = typeof thrown === 'function' ? undefined : propertyOf(thrown, 'name');
  const message = propertyOf(thrown, 'message');
  const fields: Record<string, Json> = {
    name: cut(typeof name === 'string' && name !== '' ? name : 'Error', nameBytesMax),
    message: '',
  };
  fields['message'] = cut(
    typeof message === 'string' ? message : thrownText(thrown),
    bytesMax - bytesOfJson(fields),
  );
  let left = bytesMax - bytesOfJson(fields);
  const add = (key: string, value: unknown): void => {
    const spare = left - bytesOfJson(key) - 2;
    const json = value === undefined || spare <= 0 ? undefined : jsonOf(value, spare);
    if (json === undefined) return;
    fields[key] = json;
    left = spare - bytesOfJson(json);
  };
  const code = propertyOf(thrown, 'code');
  if (typeof code === 'string') add('code', toSafeText(code));
  if (typeof code === 'number') add('code', code);
  if (thrown === null || typeof thrown === 'number' || typeof thrown === 'boolean') {
    add('value', thrown);
  }
  for (const key of keysOf(thrown).slice(0, fieldsMax)) {
    if (!known.has(key)) add(toSafeText(key), propertyOf(thrown, key));
  }
  const cause = propertyOf(thrown, 'cause');
  const spare = left - bytesOfJson('cause') - 2;
  if (cause !== undefined && depth < causesMax && spare > causeBytesMin) {
    fields['cause'] = told(cause, spare, depth + 1);
  }
  return fields;
}

/** The longest beginning of a text that fits, quotes included. */
function cut(text: string, bytesMax: number): string {
  let part = toSafeText(text.slice(0, bytesMax));
  for (let bytes = bytesOfJson(part); bytes > bytesMax && part !== ''; bytes = bytesOfJson(part)) {
    const share = Math.floor(part.length * (bytesMax / bytes)) - 1;
    part = toSafeText(part.slice(0, Math.max(0, share)));
  }
  return part;
}
