/**
 * What callers give by name: options, queries, owners, policies. They come from programs without
 * types as well, so the type is looked at before any key, and each key is read once.
 */
import { refuseField } from './field.ts';
import { HeddleError } from './errors.ts';

const shownCharsMax = 64;

/**
 * The known keys of an object, read once into a plain one. Refused is whatever else was given in its
 * place (null, a text, a list, a date …), a key that nobody reads, and what throws when it is read.
 * `keys` null: it is something that heddle gave out, and whoever has it may have added to it.
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
  // Only what is named in `Options` was taken over; each value is checked by its reader.
  return known as Options;
}

/** The items of a list, read once. Refused is what is no list, is too long, or throws when it is read. */
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
