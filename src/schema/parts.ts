/** The schemas that stand in a schema. */
import type { Json, JsonObject } from '../domain/json.ts';
import type { Dialect } from './dialect.ts';
import { isMembers, isNames, placeOf } from './keywords.ts';

/** Keywords that hold values, which may look like schemas and are none. */
export const valueKeywords: ReadonlySet<string> = new Set(['const', 'default', 'enum', 'examples']);

/**
 * A copy, with `change` made of each schema that stands directly in this one. What stands under a keyword that is
 * not known counts as a schema too, because references may lead there.
 */
export function withParts(schema: Json, dialect: Dialect, change: (part: Json) => Json): Json {
  if (Array.isArray(schema)) return schema.map(change);
  if (!isMembers(schema)) return schema;
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => {
      if (valueKeywords.has(key)) return [key, value];
      const place = placeOf(dialect, key);
      const isMap = place === 'map' || place === 'map-of-schemas-or-names';
      if (isMap && isMembers(value)) return [key, changedMembers(value, change)];
      if (Array.isArray(value)) return [key, value.map(change)];
      return [key, change(value)];
    }),
  );
}

function changedMembers(map: JsonObject, change: (part: Json) => Json): JsonObject {
  return Object.fromEntries(
    Object.entries(map).map(([key, part]) => [key, isNames(part) ? part : change(part)]),
  );
}
