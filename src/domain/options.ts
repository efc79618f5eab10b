/**
 * Objects that callers give with named fields: options, queries, owners, policies. They also come from
 * programs without types, so the type is checked before any key, and each key is read once.
 */
import { refuseField } from './field.ts';
import { HeddleError } from './errors.ts';

const shownCharsMax = 64;

/**
 * The known keys of an object, read once into a plain object. Refuses a value that is no such object (null, a
 * text, a list, a date …), an unknown key, and an object that throws when it is read. `keys` null takes every
 * key: the object came from heddle, and the caller may have added keys to it.
 */
export function asOptions<Options extends object>(
  value: Options,
  field: string,
  keys: readonly (keyof Options & string)[] | null,
): Options {
  try {
    return knownOf(value, field, keys);
  } catch (error) {
    if (error instanceof HeddleError) throw error;
    return refuseField(field, 'cannot be read');
  }
}

function knownOf<Options extends object>(
  value: unknown,
  field: string,
  keys: readonly (keyof Options & string)[] | null,
): Options {
  const isNamed = Object.prototype.toString.call(value) === '[object Object]';
  if (typeof value !== 'object' || value === null || !isNamed) {
    refuseField(field, 'must be an object');
  }
  const known: Record<string, unknown> = {};
  const names: readonly string[] | null = keys;
  for (const key in value) {
    if (names?.includes(key) === false) {
      refuseField(
        `${field}.${key.slice(0, shownCharsMax)}`,
        `is unknown; known are ${names.join(', ')}`,
      );
    }
    known[key] = (value as Record<string, unknown>)[key];
  }
  // Only keys of `Options` were taken over; the code that reads a value checks it.
  return known as Options;
}

/** The items of a list, read once. Refuses a value that is no list, is too long, or throws when it is read. */
export function asList(
  value: unknown,
  field: string,
  of: { readonly max: number; readonly what: string },
): readonly unknown[] {
  let items: readonly unknown[] | null = null;
  try {
    if (Array.isArray(value)) items = value.length > of.max ? null : Array.from(value as unknown[]);
  } catch {
    return refuseField(field, 'cannot be read');
  }
  return items ?? refuseField(field, `must be a list of at most ${of.max} ${of.what}`);
}
