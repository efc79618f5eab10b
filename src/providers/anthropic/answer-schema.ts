/**
 * A JSON Schema as Anthropic's structured output takes it. What it does not take, such as a pattern or a
 * bound, moves to the description, where the model reads it; heddle checks the answer against the whole
 * schema. Pure.
 */
import type { Json, JsonObject } from '../../domain/json.ts';

const formats = new Set(
  'date-time time date duration email hostname uri ipv4 ipv6 uuid'.split(' '),
);
const depthMax = 64;

/** Null for a schema that cannot be written so, such as one that allows any value somewhere. */
export function answerSchema(schema: Json, depth = 0): JsonObject | null {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return null;
  if (depth > depthMax) return null;
  const { $ref: ref, $defs, definitions, $schema: _, $id: __, ...rest } = schema as JsonObject;
  const defs = { ...named($defs, '$defs', depth), ...named(definitions, 'definitions', depth) };
  if (Object.values(defs).includes(null)) return null;
  if (ref !== undefined) return { ...defs, $ref: ref };
  const body = bodyOf(rest, depth);
  return body === null ? null : { ...defs, ...body };
}

function bodyOf(given: JsonObject, depth: number): JsonObject | null {
  const { title, description, ...rest } = given;
  const said: JsonObject = title === undefined ? {} : { title };
  // Parts of an object that each take no further field fit no object together.
  if (rest['allOf'] !== undefined) return null;
  const written = unionOf(rest, depth) ?? literalsOf(rest) ?? typedOf(rest, depth);
  if (written === null) return null;
  const { kept, left } = written;
  const more = Object.entries(left).map(([key, value]) => `${key}: ${JSON.stringify(value)}`);
  const words = [
    ...(typeof description === 'string' ? [description] : []),
    ...(more.length === 0 ? [] : [`{${more.join(', ')}}`]),
  ];
  return { ...kept, ...said, ...(words.length === 0 ? {} : { description: words.join('\n\n') }) };
}

/** What is written, and what is only told. */
type Written = { readonly kept: JsonObject; readonly left: JsonObject };

function unionOf({ anyOf, oneOf, ...left }: JsonObject, depth: number): Written | null {
  const of = anyOf ?? oneOf;
  if (!Array.isArray(of)) return null;
  const list = of.map((one: Json) => answerSchema(one, depth + 1));
  if (list.includes(null)) return null;
  return { kept: { anyOf: list }, left };
}

function literalsOf({ enum: values, const: value, ...rest }: JsonObject): Written | null {
  const isPlain = (one: Json): boolean => typeof one !== 'object' || one === null;
  if (Array.isArray(values) && values.length > 0 && values.every(isPlain)) {
    const { type: _, ...left } = rest;
    return { kept: { enum: values }, left };
  }
  if (value === undefined || !isPlain(value)) return null;
  const { type: _, ...left } = rest;
  return { kept: { const: value }, left };
}

function typedOf({ type, ...rest }: JsonObject, depth: number): Written | null {
  const kind = type ?? ('properties' in rest ? 'object' : undefined);
  if (kind === undefined) return null;
  const types: readonly Json[] = Array.isArray(kind) ? kind : [kind];
  let kept: JsonObject = { type: kind };
  let left: JsonObject = rest;
  if (types.includes('object')) {
    const { properties, required, additionalProperties, ...more } = left;
    const fields = namedIn(properties, depth);
    // An object of any fields cannot be written: `additionalProperties` must be false.
    if (fields === null || (properties === undefined && additionalProperties !== false))
      return null;
    const isOpen = additionalProperties !== undefined && typeof additionalProperties === 'object';
    kept = {
      ...kept,
      properties: fields,
      ...(required === undefined ? {} : { required }),
      additionalProperties: false,
    };
    left = isOpen ? { ...more, additionalProperties } : more;
  }
  if (types.includes('array')) {
    const { items, minItems, ...more } = left;
    const item = items === undefined ? null : answerSchema(items, depth + 1);
    if (item === null) return null;
    const isTaken = minItems === 0 || minItems === 1;
    kept = { ...kept, items: item, ...(isTaken ? { minItems } : {}) };
    left = minItems === undefined || isTaken ? more : { ...more, minItems };
  }
  const { format, ...more } = left;
  if (types.includes('string') && typeof format === 'string' && formats.has(format)) {
    return { kept: { ...kept, format }, left: more };
  }
  return { kept, left };
}

function named(given: Json | undefined, name: string, depth: number): Record<string, Json | null> {
  return given === undefined ? {} : { [name]: namedIn(given, depth) };
}

function namedIn(given: Json | undefined, depth: number): JsonObject | null {
  if (given === undefined) return {};
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return null;
  const entries = Object.entries(given as JsonObject).map(
    ([key, schema]) => [key, answerSchema(schema, depth + 1)] as const,
  );
  if (entries.some(([, schema]) => schema === null)) return null;
  return Object.fromEntries(entries) as JsonObject;
}
