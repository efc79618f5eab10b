/**
 * What each keyword of JSON Schema must hold, by dialect. A keyword that is not in the table is an annotation,
 * and may hold anything.
 */
import type { Dialect } from './dialect.ts';

/** Keywords that hold schemas: `map` is an object of schemas, whatever its keys are. */
export type SchemaPlace =
  'schema' | 'schemas' | 'map' | 'schema-or-schemas' | 'map-of-schemas-or-names';

/** Keywords that hold anything else. */
type Value =
  | 'boolean'
  | 'count'
  | 'list'
  | 'names'
  | 'names-map'
  | 'number'
  | 'pattern'
  | 'positive'
  | 'text'
  | 'type';

type Keywords<Holds extends string> = ReadonlyMap<string, Holds>;

/** Read from lists, because an object may have no key `then`: it would count as a promise. */
function keywordsOf<Holds extends string>(
  ...lists: readonly (readonly [Holds, readonly string[]])[]
): Keywords<Holds> {
  return new Map(lists.flatMap(([holds, keywords]) => keywords.map((key) => [key, holds])));
}

const placesOfAll = keywordsOf<SchemaPlace>(
  ['schema', ['additionalProperties', 'contains', 'else', 'if', 'not', 'propertyNames', 'then']],
  ['schemas', ['allOf', 'anyOf', 'oneOf']],
  ['map', ['$defs', 'definitions', 'patternProperties', 'properties']],
  ['map-of-schemas-or-names', ['dependencies']],
);
const placesSince2019 = keywordsOf<SchemaPlace>(
  ['schema', ['unevaluatedItems', 'unevaluatedProperties']],
  ['map', ['dependentSchemas']],
);
const tuplesBefore2020 = keywordsOf<SchemaPlace>(
  ['schema', ['additionalItems']],
  ['schema-or-schemas', ['items']],
);
const tuplesSince2020 = keywordsOf<SchemaPlace>(
  ['schema', ['items']],
  ['schemas', ['prefixItems']],
);

const places: Readonly<Record<Dialect, Keywords<SchemaPlace>>> = {
  '2020-12': new Map([...placesOfAll, ...placesSince2019, ...tuplesSince2020]),
  '2019-09': new Map([...placesOfAll, ...placesSince2019, ...tuplesBefore2020]),
  'draft-07': new Map([...placesOfAll, ...tuplesBefore2020]),
};

const valuesOfAll = keywordsOf<Value>(
  // `nullable` is not of JSON Schema but of OpenAPI; validators know it.
  ['boolean', ['nullable', 'uniqueItems']],
  ['count', ['maxItems', 'maxLength', 'maxProperties', 'minItems', 'minLength', 'minProperties']],
  ['list', ['enum']],
  ['names', ['required']],
  ['number', ['exclusiveMaximum', 'exclusiveMinimum', 'maximum', 'minimum']],
  ['pattern', ['pattern']],
  ['positive', ['multipleOf']],
  ['text', ['$comment', '$id', '$ref', 'description', 'format', 'title']],
  ['type', ['type']],
);
const valuesSince2019 = keywordsOf<Value>(
  ['boolean', ['$recursiveAnchor']],
  ['count', ['maxContains', 'minContains']],
  ['names-map', ['dependentRequired']],
  ['text', ['$anchor', '$dynamicAnchor', '$dynamicRef', '$recursiveRef']],
);

const values: Readonly<Record<Dialect, Keywords<Value>>> = {
  '2020-12': new Map([...valuesOfAll, ...valuesSince2019]),
  '2019-09': new Map([...valuesOfAll, ...valuesSince2019]),
  'draft-07': valuesOfAll,
};

/** How the keyword holds schemas; undefined when it holds none. */
export function placeOf(dialect: Dialect, keyword: string): SchemaPlace | undefined {
  return places[dialect].get(keyword);
}

/** Why the keyword may not hold this value, in words; null when it may. */
export function wrongValue(dialect: Dialect, keyword: string, value: unknown): string | null {
  const holds = values[dialect].get(keyword);
  return holds === undefined ? null : checks[holds](value);
}

/** True for a JSON object. */
export function isMembers(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown): value is number => typeof value === 'number';
export const isNames = (value: unknown): boolean => Array.isArray(value) && value.every(isText);

const mustBe =
  (what: string, is: (value: unknown) => boolean) =>
  (value: unknown): string | null =>
    is(value) ? null : `must be ${what}`;

const checks: Readonly<Record<Value, (value: unknown) => string | null>> = {
  boolean: mustBe('true or false', (value) => typeof value === 'boolean'),
  count: mustBe('a whole number from 0', (value) => Number.isInteger(value) && Number(value) >= 0),
  list: mustBe('a list that is not empty', (value) => Array.isArray(value) && value.length > 0),
  names: mustBe('a list of names', isNames),
  'names-map': mustBe(
    'an object of lists of names',
    (value) => isMembers(value) && Object.values(value).every(isNames),
  ),
  number: mustBe('a number', isNumber),
  pattern: (value) => (isText(value) ? wrongPattern(value) : 'must be a text'),
  positive: mustBe('a number above 0', (value) => isNumber(value) && value > 0),
  text: mustBe('a text', isText),
  type: wrongType,
};

const types = ['string', 'number', 'integer', 'boolean', 'object', 'array', 'null'];

function wrongType(value: unknown): string | null {
  const given: readonly unknown[] = Array.isArray(value) ? value : [value];
  const isKnown = given.length > 0 && given.every((name) => isText(name) && types.includes(name));
  if (!isKnown) return `must be one of ${types.join(', ')}, or a list of them`;
  return new Set(given).size < given.length ? 'names a type twice' : null;
}

export function wrongPattern(pattern: string): string | null {
  try {
    patternOf(pattern);
    return null;
  } catch (error) {
    return `is no regular expression: ${error instanceof Error ? error.message : 'it cannot be read'}`;
  }
}

/**
 * JSON Schema wants patterns with the flag `u`. Many are written for engines that take `\-` and the like, which
 * that flag forbids, so those are read without it.
 */
export function patternOf(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'u');
  } catch {
    return new RegExp(pattern);
  }
}
