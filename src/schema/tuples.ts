/** Schemas of the older dialects, as 2020-12 says the same. */
import type { Json, JsonObject } from '../domain/json.ts';
import { isMembers, isNames } from './keywords.ts';
import { withParts } from './parts.ts';

/** Tuples, and what depends on a property, have other keywords since; the rest means the same. */
export function as2020(schema: JsonObject): JsonObject {
  return converted(schema) as JsonObject;
}

function converted(schema: Json): Json {
  const copy = withParts(schema, '2019-09', converted);
  if (!isMembers(copy)) return copy;
  const { items, additionalItems, dependencies, $ref, ...others } = copy;
  return {
    ...others,
    ...(typeof $ref === 'string' ? { $ref: $ref.replaceAll(tupleItem, '/prefixItems/$1') } : {}),
    ...tuple(items, additionalItems),
    ...(isMembers(dependencies) ? dependents(dependencies) : {}),
  };
}

const tupleItem = /\/items\/(\d+)/g;

function tuple(items: Json | undefined, rest: Json | undefined): JsonObject {
  if (!Array.isArray(items)) return items === undefined ? {} : { items };
  return { prefixItems: items, ...(rest === undefined ? {} : { items: rest }) };
}

function dependents(dependencies: JsonObject): JsonObject {
  const all = Object.entries(dependencies);
  return {
    dependentRequired: Object.fromEntries(all.filter(([, value]) => isNames(value))),
    dependentSchemas: Object.fromEntries(all.filter(([, value]) => !isNames(value))),
  };
}
