/** Several object schemas as one. */
import type { Json, JsonObject } from '../domain/json.ts';

/** A schema of objects without a combination of schemas at its root. Its `type` is left out. */
export type ObjectSchema = JsonObject;

/** An object that fits all. Null when one of them fits nothing. */
export function mergedAll(parts: readonly (ObjectSchema | null)[]): ObjectSchema | null {
  let all: ObjectSchema = {};
  for (const part of parts) {
    if (part === null) return null;
    all = both(all, part);
  }
  return all;
}

function both(one: ObjectSchema, other: ObjectSchema): ObjectSchema {
  const required = [...new Set([...namesOf(one), ...namesOf(other)])];
  return {
    // Bounds of one and of the other: the narrower is not looked for, as the author's schema decides.
    ...other,
    ...one,
    ...given('description', wordsOf([one, other])),
    ...given('properties', membersOf([one, other], allOf)),
    ...given('patternProperties', membersOf([one, other], allOf, 'patternProperties')),
    ...given('required', required.length === 0 ? undefined : required),
    ...given('additionalProperties', narrower(one, other)),
  };
}

/**
 * Each of two parts that end with `additionalProperties: false` would refuse what only the other has. Together they
 * end after the properties of both.
 */
function narrower(one: ObjectSchema, other: ObjectSchema): Json | undefined {
  return one['additionalProperties'] ?? other['additionalProperties'];
}

/** An object that takes what any of the forms takes. Null when there is no form. */
export function mergedAny(forms: readonly ObjectSchema[]): ObjectSchema | null {
  const [first, ...others] = forms;
  if (first === undefined) return null;
  if (others.length === 0) return first;
  const required = others.reduce<readonly string[]>(
    (names, form) => names.filter((name) => namesOf(form).includes(name)),
    namesOf(first),
  );
  const isClosed = forms.every(
    (form) => form['additionalProperties'] === false && form['patternProperties'] === undefined,
  );
  const names = forms.map((form) => `(${Object.keys(propertiesOf(form)).join(', ')})`);
  return {
    description: [`Give the properties of one of: ${[...new Set(names)].join(', ')}.`]
      .concat(wordsOf(forms) ?? [])
      .join(' '),
    ...given('properties', membersOf(forms, anyOf)),
    ...given('required', required.length === 0 ? undefined : required),
    ...given('additionalProperties', isClosed ? false : undefined),
  };
}

function given(key: string, value: Json | undefined): JsonObject {
  return value === undefined ? {} : { [key]: value };
}

function propertiesOf(schema: ObjectSchema, key = 'properties'): JsonObject {
  return (schema[key] ?? {}) as JsonObject;
}

function namesOf({ required }: ObjectSchema): readonly string[] {
  return (required ?? []) as readonly string[];
}

function wordsOf(parts: readonly ObjectSchema[]): string | undefined {
  const words = parts.flatMap(({ description }) =>
    typeof description === 'string' ? description : [],
  );
  return words.length === 0 ? undefined : [...new Set(words)].join(' ');
}

type Combine = (schemas: readonly Json[]) => Json;

const allOf: Combine = (schemas) => ({ allOf: schemas });

/** Constants of the forms of a union, such as the words that tell them apart, become one list. */
const anyOf: Combine = (schemas) => {
  const values = schemas.map(valuesOf);
  if (values.some((some) => some === null)) return { anyOf: schemas };
  return { enum: [...new Set(values.flatMap((some) => some ?? []))] };
};

function valuesOf(schema: Json): readonly Json[] | null {
  const { const: constant, enum: values } = (
    typeof schema === 'object' ? schema : {}
  ) as JsonObject;
  if (typeof constant === 'string') return [constant];
  const isTexts = Array.isArray(values) && values.every((value) => typeof value === 'string');
  return isTexts ? values : null;
}

/** The members of all, by name; those of one name are combined, unless they are the same. */
function membersOf(
  parts: readonly ObjectSchema[],
  combine: Combine,
  key = 'properties',
): JsonObject | undefined {
  const byName = new Map<string, Map<string, Json>>();
  for (const part of parts) {
    for (const [name, schema] of Object.entries(propertiesOf(part, key))) {
      const known = byName.get(name) ?? new Map<string, Json>();
      byName.set(name, known.set(JSON.stringify(schema), schema));
    }
  }
  if (byName.size === 0) return undefined;
  return Object.fromEntries(
    [...byName].map(([name, schemas]) => {
      const [only, ...others] = schemas.values();
      return [name, others.length === 0 ? (only ?? true) : combine([...schemas.values()])];
    }),
  );
}
