/**
 * The only way from any value to plain JSON: a copy of it that is ours, made in one walk. So a run
 * holds nothing of the author's objects: no getter, proxy, hidden key, prototype or object of
 * another realm.
 *
 * It decides which values count as plain. `loss.ts` puts into words why a value is not plain.
 * `kinds.ts` tells kinds of objects apart.
 *
 * 1. JSON and Postgres give back exactly the copy that is returned.
 * 2. Only a property that is `undefined` is lost in silence: it counts as absent. Keys that are not
 *    enumerable, and inherited keys, are not looked at.
 * 3. The walk ends, whatever value it gets: depth and size are bounded on the way.
 */
import { heddleError } from '../errors.ts';
import { limits } from '../limits.ts';
import { hasSymbolKeys, isInvalidDate, isPlainList, isPlainObject, toJsonOf } from './kinds.ts';
import { explainLoss, hushPromises } from './loss.ts';
import type { Json } from './json-type.ts';
import { isSafeText } from './safe-text.ts';

export type PlainOptions = {
  /** The value's name in errors. */
  readonly field: string;
  readonly bytesMax: number;
  /** The copy is frozen, and parts that it shares with the frozen `before` are taken over without a look. */
  readonly isFrozen: boolean;
  readonly before?: unknown;
  /** Keys that are symbols are left out: in a JSON Schema they are a library's own notes (TypeBox). */
  readonly isSchema?: boolean;
};

const lost = Symbol('lost');
const tooLarge = Symbol('too large');

/** `charsMin`: the least number of characters of the copy's JSON, without the parts of `before`. */
export function plainJson(
  value: unknown,
  { field, bytesMax, isFrozen, before, isSchema = false }: PlainOptions,
): { readonly copy: Json | undefined; readonly charsMin: number } {
  const walk = new Walk(bytesMax, isFrozen, isSchema);
  let copy: unknown;
  let thrown: unknown;
  try {
    copy = walk.part(value, before, '', 0);
  } catch (error) {
    copy = lost;
    thrown = error;
  }
  if (copy === lost) {
    hushPromises(value);
    explainLoss(value, { field, isFrozen, isSchema, thrown });
  }
  if (copy === tooLarge) {
    hushPromises(value);
    throw heddleError('payload-too-large', { field, bytesMax });
  }
  return { copy: copy as Json | undefined, charsMin: bytesMax - walk.left };
}

const nothing: readonly unknown[] = [];
const nowhere: Readonly<Record<string, unknown>> = Object.freeze(
  Object.create(null) as Record<string, unknown>,
);

class Walk {
  left: number;
  readonly #isFrozen: boolean;
  readonly #isSchema: boolean;

  constructor(charsMax: number, isFrozen: boolean, isSchema: boolean) {
    this.left = charsMax;
    this.#isFrozen = isFrozen;
    this.#isSchema = isSchema;
  }

  part(value: unknown, before: unknown, key: string, depth: number): unknown {
    if (depth > limits.jsonDepthMax) return lost;
    switch (typeof value) {
      case 'string':
        this.left -= value.length + 2;
        if (this.left < 0) return tooLarge;
        return value === before || isSafeText(value) ? value : lost;
      case 'number':
        this.left -= 1;
        if (!Number.isFinite(value) || (this.#isFrozen && Object.is(value, -0))) return lost;
        return value + 0;
      case 'boolean':
      case 'undefined':
        return value;
      case 'object':
        if (value === null || (this.#isFrozen && value === before)) return value;
        return this.#thing(value, before, key, depth);
      case 'function':
      case 'bigint':
        return this.#thing(value, before, key, depth);
      default:
        return lost;
    }
  }

  /** The result of `toJSON` is not asked for a `toJSON` of its own. */
  #thing(value: object | bigint, before: unknown, key: string, depth: number): unknown {
    const toJson = toJsonOf(value);
    if (toJson === undefined) return this.#container(value, before, depth);
    const told: unknown = toJson.call(value, key);
    if (told === null && isInvalidDate(value)) return lost;
    const isThing = typeof told === 'function' || typeof told === 'bigint' || isObject(told);
    return isThing ? this.#container(told, before, depth) : this.part(told, before, key, depth);
  }

  #container(value: object | bigint, before: unknown, depth: number): unknown {
    if (!isObject(value)) return lost;
    this.left -= 2;
    if (this.left < 0) return tooLarge;
    return Array.isArray(value)
      ? this.#list(value, Array.isArray(before) ? before : nothing, depth)
      : this.#object(value, isObject(before) ? before : nowhere, depth);
  }

  #list(value: readonly unknown[], before: readonly unknown[], depth: number): unknown {
    if (!isPlainList(value)) return lost;
    const copy: unknown[] = [];
    for (let i = 0; i < value.length; i++) {
      this.left -= 1;
      if (this.left < 0) return tooLarge;
      const item = this.part(value[i], before[i], String(i), depth + 1);
      if (item === lost || item === tooLarge) return item;
      if (item === undefined) return lost;
      copy.push(item);
    }
    // A list can carry more than its items: the result of `String.match` has `index` and `input`.
    if (Object.keys(value).length !== copy.length) return lost;
    return this.#isFrozen ? Object.freeze(copy) : copy;
  }

  #object(value: object, before: Readonly<Record<string, unknown>>, depth: number): unknown {
    const keys = Object.keys(value);
    if (!isPlainObject(value, keys.length)) return lost;
    if (!this.#isSchema && hasSymbolKeys(value)) return lost;
    const copy: Record<string, unknown> = {};
    for (const key of keys) {
      this.left -= key.length + 3;
      if (this.left < 0) return tooLarge;
      const known = before[key];
      const item = this.part((value as Record<string, unknown>)[key], known, key, depth + 1);
      if (item === undefined) continue;
      if (item === lost || item === tooLarge) return item;
      if (key === '__proto__' || (known === undefined && !isSafeText(key))) return lost;
      copy[key] = item;
    }
    return this.#isFrozen ? Object.freeze(copy) : copy;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
