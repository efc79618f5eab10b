/**
 * A request's body as JSON. A value that JSON would lose or change (a Map, NaN, a function) is refused by its path, as
 * the library refuses it, and is not sent as another one.
 */
import { HeddleRequestError } from '../problem.ts';

/** Throws `invalid-json`. Properties that are undefined are left out, and `toJSON` is obeyed. */
export function bodyText(body: unknown): string {
  const paths = new Map<unknown, string>();
  const checked = function (this: unknown, key: string, value: unknown): unknown {
    const holder = paths.get(this);
    const path = holder === undefined ? 'body' : `${holder}.${key}`;
    const reason = lossOf(value, Array.isArray(this));
    if (reason !== null) throw refused(`${path}: ${reason}`);
    if (typeof value === 'object' && value !== null) paths.set(value, path);
    return value;
  };
  try {
    return JSON.stringify(body, checked);
  } catch (error) {
    if (error instanceof HeddleRequestError) throw error;
    // A list that holds itself, a getter or a `toJSON` that throws.
    throw refused(`body: ${error instanceof Error ? error.message : String(error)}`, error);
  }
}

function lossOf(value: unknown, isInList: boolean): string | null {
  switch (typeof value) {
    case 'undefined':
      return isInList ? 'undefined is lost in JSON' : null;
    case 'number':
      return Number.isFinite(value) ? null : 'is not a finite number';
    case 'object':
      return value === null || isPlain(value) ? null : 'is no plain object, and JSON would lose it';
    case 'bigint':
    case 'function':
    case 'symbol':
      return `${typeof value} is lost in JSON`;
    default:
      return null;
  }
}

/** A list, or an object that no class has made, of any realm: the prototype of its prototype is null. */
function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function refused(detail: string, cause?: unknown): HeddleRequestError {
  return new HeddleRequestError(
    { code: 'invalid-json', detail: `${detail}.`, status: 0, retryable: false },
    cause,
  );
}
