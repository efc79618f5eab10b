/**
 * JSON Schemas as authors give them: as JSON, as a library's JSON with functions hidden in it, or as a Standard
 * Schema that can describe itself. What is kept is always plain JSON, made where the schema is given.
 */
import { refuseField } from './field.ts';
import { toJson, type Json } from './json.ts';
import { limits } from './limits.ts';
import { plainJson } from './plain/copy.ts';
import { isPlainObject } from './plain/kinds.ts';
import { keysOf, propertyOf, thrownText } from './thrown.ts';
import type { StandardSchema } from './standard-schema.ts';

/**
 * True for a schema of a library: one that checks values, or one that only describes them. JSON that a library
 * made may have a hidden `~standard`, and is JSON.
 */
export function isStandardSchema(given: unknown): given is StandardSchema {
  const standard = propertyOf(given, '~standard');
  const checks = typeof propertyOf(standard, 'validate') === 'function';
  if (!checks && typeof describeOf(standard) !== 'function') return false;
  return typeof given === 'function' || !isJsonLike(given) || keysOf(given).includes('~standard');
}

function describeOf(standard: unknown): unknown {
  return propertyOf(propertyOf(standard, 'jsonSchema'), 'input');
}

function isJsonLike(given: unknown): boolean {
  try {
    return isPlainObject(given as object, 1);
  } catch {
    return false;
  }
}

/** What a chart's text says of a schema of a library; undefined for any other value. Never throws. */
export function describedSchema(given: unknown): Json | undefined {
  if (!isStandardSchema(given)) return undefined;
  try {
    return schemaJson(given, 'schema');
  } catch (thrown) {
    return thrownText(thrown);
  }
}

/** Plain JSON of a JSON Schema, or of what a Standard Schema accepts. Throws by field. */
export function schemaJson(given: unknown, field: string): Json {
  if (isStandardSchema(given)) return describedBy(given, field);
  return jsonOf(given, field) ?? refuseField(field, 'must be a JSON Schema: an object');
}

/** A library's notes for itself are left out of the JSON Schema that it makes: TypeBox keeps some under symbols. */
function jsonOf(given: unknown, field: string): Json | undefined {
  const bytesMax = limits.payloadBytesMax;
  const isFrozen = false;
  return toJson(plainJson(given, { field, bytesMax, isFrozen, isSchema: true }).copy, field);
}

/** 2020-12 first; a library that cannot write it may write draft-07. */
const targets = ['draft-2020-12', 'draft-07'];

function describedBy(schema: StandardSchema, field: string): Json {
  const standard = schema['~standard'];
  const describe = describeOf(standard);
  if (typeof describe !== 'function') {
    return refuseField(field, `has no JSON Schema: ${mendOf(propertyOf(standard, 'vendor'))}`);
  }
  let why: string | undefined;
  for (const target of targets) {
    try {
      return jsonOf(Reflect.apply(describe, standard.jsonSchema, [{ target }]), field) ?? null;
    } catch (thrown) {
      why ??= thrownText(thrown);
    }
  }
  return refuseField(field, `gives no JSON Schema: ${why ?? 'it threw'}`);
}

function mendOf(vendor: unknown): string {
  if (vendor === 'valibot') {
    return 'wrap it in toStandardJsonSchema of @valibot/to-json-schema';
  }
  if (vendor === 'zod')
    return 'use zod 4.2 or newer, not zod/mini, or give z.toJSONSchema(schema, { io: "input" })';
  return 'give the JSON Schema itself';
}
