/**
 * Whether a JSON Schema is one that `strict` takes: the server then holds the model to it by grammar. OpenAI
 * refuses `strict` with any other schema, so such a schema is sent without it. heddle checks the answer in
 * both cases.
 */
import type { Json, JsonObject } from '../../domain/json.ts';

const depthMax = 10;
const propertiesMax = 5_000;
const enumValuesMax = 1_000;

/** The keywords of the subset. One that stands here is either obeyed or only told to the model. */
const known = new Set(
  `$schema $defs definitions $ref type properties required additionalProperties items enum const anyOf
  title description pattern format multipleOf minimum maximum exclusiveMinimum exclusiveMaximum minItems
  maxItems`.split(/\s+/),
);

type Counts = { properties: number; enumValues: number };

/**
 * The schema as it is sent with `strict`; null where it does not fit. Objects that leave open whether they
 * may have further properties are closed: what fits then fits the schema as it was, too.
 */
export function strictSchema(schema: Json): JsonObject | null {
  if (!isObject(schema) || schema['type'] !== 'object') return null;
  const counts = { properties: 0, enumValues: 0 };
  const strict = strictOf(schema, 1, counts);
  const fits = counts.properties <= propertiesMax && counts.enumValues <= enumValuesMax;
  return fits && isObject(strict) ? strict : null;
}

/** Undefined where it does not fit. */
function strictOf(schema: Json, depth: number, counts: Counts): Json | undefined {
  if (!isObject(schema) || depth > depthMax) return undefined;
  const strict: [string, Json][] = [];
  for (const [key, value] of Object.entries(schema)) {
    if (!known.has(key)) return undefined;
    const part = partOf(key, value, depth, counts);
    if (part === undefined) return undefined;
    strict.push([key, part]);
  }
  const made = Object.fromEntries(strict);
  return isObjectType(made['type']) || made['properties'] !== undefined ? closed(made) : made;
}

function partOf(key: string, value: Json, depth: number, counts: Counts): Json | undefined {
  switch (key) {
    case '$defs':
    case 'definitions':
      return eachOf(value, depth, counts);
    case 'properties':
      if (isObject(value)) counts.properties += Object.keys(value).length;
      return eachOf(value, depth + 1, counts);
    case 'items':
      return strictOf(value, depth + 1, counts);
    case 'anyOf': {
      if (!Array.isArray(value)) return undefined;
      const parts = value.map((one: Json) => strictOf(one, depth, counts));
      return parts.includes(undefined) ? undefined : (parts as Json[]);
    }
    case 'enum':
      if (Array.isArray(value)) counts.enumValues += value.length;
      return value;
    default:
      return value;
  }
}

function eachOf(schemas: Json, depth: number, counts: Counts): Json | undefined {
  if (!isObject(schemas)) return undefined;
  const parts = Object.entries(schemas).map(
    ([name, one]) => [name, strictOf(one, depth, counts)] as const,
  );
  if (parts.some(([, one]) => one === undefined)) return undefined;
  return Object.fromEntries(parts) as Json;
}

/** All properties of an object must be required, and no others allowed. */
function closed(schema: JsonObject): Json | undefined {
  const { properties = {}, required = [], additionalProperties = false } = schema;
  if (additionalProperties !== false || !isObject(properties) || !Array.isArray(required)) {
    return undefined;
  }
  const names = Object.keys(properties);
  const areRequired = names.every((name) => required.includes(name));
  if (!areRequired || required.length !== names.length) return undefined;
  return { ...schema, properties, required, additionalProperties: false };
}

function isObjectType(type: Json | undefined): boolean {
  return type === 'object' || (Array.isArray(type) && type.includes('object'));
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
