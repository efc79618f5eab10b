/** Checks of single fields at the edge. Each throws `invalid-field` and names the field. */
import { heddleError } from './errors.ts';
import { isSafeText, type Json, type JsonObject } from './json.ts';

export function refuseField(field: string, reason: string): never {
  throw heddleError('invalid-field', { field, reason });
}

export function asObject(value: unknown, field: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    refuseField(field, 'must be an object');
  }
  return value as JsonObject;
}

/** Refuses unknown keys: a misspelt option must not be ignored in silence. */
export function onlyKeys(value: JsonObject, field: string, keys: readonly string[]): void {
  for (const key in value) {
    if (!keys.includes(key)) {
      refuseField(`${field}.${key.slice(0, 64)}`, `is unknown; known are ${keys.join(', ')}`);
    }
  }
}

export function asText(value: Json | undefined, field: string): string {
  if (typeof value !== 'string' || !isSafeText(value)) refuseField(field, 'must be a text');
  return value;
}

export function asBoolean(value: Json | undefined, field: string, fallback: boolean): boolean {
  if (value === undefined || value === null) return fallback;
  if (typeof value !== 'boolean') refuseField(field, 'must be true or false');
  return value;
}

/** A whole number within bounds; `fallback` when it is not given. */
export function asWhole<Fallback>(
  value: Json | undefined,
  field: string,
  bounds: { readonly min: number; readonly max: number; readonly fallback: Fallback },
): number | Fallback {
  if (value === undefined || value === null) return bounds.fallback;
  if (typeof value !== 'number' || !Number.isInteger(value))
    refuseField(field, 'must be a whole number');
  if (value < bounds.min || value > bounds.max) {
    refuseField(field, `must be from ${bounds.min} to ${bounds.max}`);
  }
  return value;
}

export function asOneOf<Name extends string>(
  value: Json | undefined,
  field: string,
  names: readonly Name[],
  fallback?: Name,
): Name {
  if ((value === undefined || value === null) && fallback !== undefined) return fallback;
  const found = names.find((name) => name === value);
  if (found === undefined) refuseField(field, `must be one of ${names.join(', ')}`);
  return found;
}
