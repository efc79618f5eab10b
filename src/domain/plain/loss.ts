/**
 * The slow search, made only after a failed copy: which part of a value JSON would lose, by its path, and in
 * words that say what to do. It makes the same checks as `copy.ts`, in the same order.
 */
import { heddleError } from '../errors.ts';
import { limits } from '../limits.ts';
import { cleanText, keysOf, propertyOf, thrownText, whenRejected } from '../thrown.ts';
import { hasSymbolKeys, isInvalidDate, isPlainList, isPlainObject, toJsonOf } from './kinds.ts';
import { isSafeText } from './safe-text.ts';

type Loss = { readonly path: string; readonly reason: string };

/** Throws `invalid-json`. `thrown`: the error that a getter or the like threw while the value was copied. */
export function explainLoss(
  value: unknown,
  of: {
    readonly field: string;
    readonly isFrozen: boolean;
    readonly isSchema: boolean;
    readonly thrown: unknown;
  },
): never {
  const { path, reason } = new Search(of.isFrozen, of.isSchema).find(value, of.field) ?? {
    path: of.field,
    reason:
      of.thrown === undefined
        ? 'would not come back from JSON as it is'
        : `cannot be read: ${thrownText(of.thrown)}`,
  };
  throw heddleError('invalid-json', { field: cleanText(path), reason });
}

class Search {
  readonly #isFrozen: boolean;
  readonly #isSchema: boolean;
  /** The path of the part that is being read: an error that reading throws does not name it. */
  #at = '';

  constructor(isFrozen: boolean, isSchema: boolean) {
    this.#isFrozen = isFrozen;
    this.#isSchema = isSchema;
  }

  find(value: unknown, field: string): Loss | null {
    try {
      return this.#look(value, field, 0);
    } catch (error) {
      return { path: this.#at, reason: `cannot be read: ${thrownText(error)}` };
    }
  }

  #look(part: unknown, path: string, depth: number): Loss | null {
    this.#at = path;
    const isTooDeep = depth > limits.jsonDepthMax;
    if (isTooDeep) return { path, reason: `nested deeper than ${limits.jsonDepthMax}` };
    if (part === undefined || part === null || typeof part === 'boolean') return null;
    const reason = this.#ofScalar(part);
    if (reason !== null) return { path, reason };
    if (typeof part === 'string' || typeof part === 'number') return null;
    const toJson = toJsonOf(part);
    if (toJson === undefined) return this.#lookInto(part, path, depth);
    const told: unknown = toJson.call(part, '');
    if (told === null && isInvalidDate(part)) return { path, reason: lostWords('an invalid Date') };
    const isThing =
      typeof told === 'object' || typeof told === 'function' || typeof told === 'bigint';
    return isThing && told !== null
      ? this.#lookInto(told, path, depth)
      : this.#look(told, path, depth);
  }

  #ofScalar(part: unknown): string | null {
    switch (typeof part) {
      case 'string':
        return isSafeText(part) ? null : 'holds a NUL character or a lone surrogate';
      case 'number':
        if (!Number.isFinite(part)) return 'is not a finite number';
        return this.#isFrozen && Object.is(part, -0) ? 'negative zero is lost in JSON' : null;
      case 'symbol':
        return 'symbol is lost in JSON';
      default:
        return null;
    }
  }

  #lookInto(part: unknown, path: string, depth: number): Loss | null {
    if (typeof part !== 'object' || part === null) {
      return { path, reason: `${typeof part} is lost in JSON` };
    }
    return Array.isArray(part)
      ? this.#inList(part, path, depth)
      : this.#inObject(part, path, depth);
  }

  #inList(list: readonly unknown[], path: string, depth: number): Loss | null {
    if (!isPlainList(list)) return { path, reason: lostWords(`a ${classOf(list)}`) };
    for (let i = 0; i < list.length; i++) {
      if (!Object.hasOwn(list, i)) return { path, reason: listWords };
      const item = list[i];
      const below = `${path}[${i}]`;
      if (item === undefined) return { path: below, reason: 'undefined is lost in JSON' };
      const found = this.#look(item, below, depth + 1);
      if (found !== null) return found;
    }
    return Object.keys(list).length === list.length ? null : { path, reason: listWords };
  }

  #inObject(part: object, path: string, depth: number): Loss | null {
    const keys = Object.keys(part);
    if (!isPlainObject(part, keys.length)) {
      return { path, reason: lostWords(`a ${classOf(part)}`) };
    }
    if (!this.#isSchema && hasSymbolKeys(part))
      return { path, reason: 'symbol keys are lost in JSON' };
    for (const key of keys) {
      const below = `${path}.${key.slice(0, keyCharsShown)}`;
      this.#at = below;
      const item = (part as Record<string, unknown>)[key];
      if (item === undefined) continue;
      if (key === '__proto__') return { path: below, reason: 'this key is not allowed' };
      if (!isSafeText(key)) return { path, reason: 'a key holds NUL or a lone surrogate' };
      const found = this.#look(item, below, depth + 1);
      if (found !== null) return found;
    }
    return null;
  }
}

const keyCharsShown = 100;
const listWords = 'an array with holes or names beside its items is lost in JSON';

function lostWords(what: string): string {
  return `${what} does not survive JSON; use plain objects, arrays and scalars`;
}

function classOf(thing: object): string {
  const name = propertyOf(propertyOf(Object.getPrototypeOf(thing), 'constructor'), 'name');
  return typeof name === 'string' && name !== ''
    ? cleanText(name.slice(0, keyCharsShown))
    : 'class instance';
}

const hushedMax = 10_000;

/**
 * Handles the rejections of all promises in a value that was handed over. A promise in the place of a value is
 * refused, and its rejection would be unhandled and end the process. `seen`: a value whose parts are known to
 * hold no promise.
 */
export function hushPromises(value: unknown, seen?: unknown): void {
  const known = new Set<unknown>([seen, ...keysOf(seen).map((key) => propertyOf(seen, key))]);
  let left = hushedMax;
  const hush = (part: unknown, depth: number): void => {
    left -= 1;
    if (left < 0 || depth > limits.jsonDepthMax) return;
    if (typeof part !== 'object' || part === null || known.has(part)) return;
    known.add(part);
    whenRejected(part, () => undefined);
    for (const key of keysOf(part)) {
      if (left < 0) return;
      hush(propertyOf(part, key), depth + 1);
    }
  };
  hush(value, 0);
}
