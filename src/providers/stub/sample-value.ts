/**
 * The smallest value that fits an ordinary JSON Schema, so that agents which ask for structured answers run
 * without a model. It reads the keywords that schemas of answers mostly have. A value that does not fit
 * after all is told of where every answer is checked. Pure.
 */
import type { Json, JsonObject } from '../../domain/json.ts';

/** Schemas may refer to themselves. */
const depthMax = 16;

export function sampleValue(schema: Json, root: Json = schema, depth = 0): Json {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return null;
  if (depth > depthMax) return null;
  const given = schema as JsonObject;
  const at = (inner: Json): Json => sampleValue(inner, root, depth + 1);
  if (given['const'] !== undefined) return given['const'];
  if (Array.isArray(given['enum'])) return (given['enum'][0] as Json | undefined) ?? null;
  if (typeof given['$ref'] === 'string') return at(referred(root, given['$ref']));
  for (const key of ['anyOf', 'oneOf'] as const) {
    const options = given[key];
    if (Array.isArray(options)) return at({ ...without(given, key), ...asObject(options[0]) });
  }
  if (Array.isArray(given['allOf'])) {
    return at(Object.assign(without(given, 'allOf'), ...given['allOf'].map(asObject)) as Json);
  }
  return ofType(given, at);
}

function ofType(given: JsonObject, at: (inner: Json) => Json): Json {
  const types = Array.isArray(given['type']) ? (given['type'] as Json[]) : [given['type']];
  switch (types[0] ?? (given['properties'] === undefined ? 'string' : 'object')) {
    case 'object':
      return objectOf(given, at);
    case 'array': {
      const items = given['items'] ?? {};
      return Array.from({ length: Number(given['minItems'] ?? 0) }, () => at(items));
    }
    case 'integer':
      return Math.ceil(lowest(given));
    case 'number':
      return lowest(given);
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return 'text'.padEnd(Number(given['minLength'] ?? 0), '.').slice(0, textMax(given));
  }
}

function objectOf(given: JsonObject, at: (inner: Json) => Json): Json {
  const properties = asObject(given['properties'] ?? {});
  const required = Array.isArray(given['required']) ? (given['required'] as Json[]) : [];
  const names = required.filter((name) => typeof name === 'string');
  return Object.fromEntries(names.map((name) => [name, at(properties[name] ?? {})]));
}

function lowest({ minimum, exclusiveMinimum, maximum }: JsonObject): number {
  if (typeof exclusiveMinimum === 'number') return exclusiveMinimum + 1;
  if (typeof minimum === 'number') return minimum;
  return typeof maximum === 'number' ? Math.min(maximum, 0) : 0;
}

function textMax({ maxLength }: JsonObject): number {
  return typeof maxLength === 'number' ? maxLength : Infinity;
}

function referred(root: Json, ref: string): Json {
  if (!ref.startsWith('#')) return null;
  let value: Json | undefined = root;
  for (const key of ref.slice(1).split('/').filter(Boolean)) {
    value = asObject(value)[key.replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  return value ?? null;
}

function asObject(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : {};
}

function without(given: JsonObject, key: string): Record<string, Json> {
  return Object.fromEntries(Object.entries(given).filter(([name]) => name !== key));
}
