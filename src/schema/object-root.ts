/**
 * A JSON Schema as providers take it for the arguments of a tool: of 2020-12, its root an object without `anyOf`,
 * `oneOf` and `allOf`. A root that is more becomes one object that takes whatever the root takes, and perhaps more:
 * the author's own schema still decides. What no object fits is refused.
 */
import { refuseField } from '../domain/field.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { checkSchema } from './check-schema.ts';
import { isMembers } from './keywords.ts';
import { mergedAll, mergedAny, type ObjectSchema } from './merged-objects.ts';
import { withParts } from './parts.ts';
import { as2020 } from './tuples.ts';

/** Throws `invalid-field`, with what to do. */
export function objectRoot(schema: Json, field: string): JsonObject {
  const checked = checkSchema(schema, field);
  const root = checked.dialect === '2020-12' ? checked.schema : as2020(checked.schema);
  const isPlain = root['type'] === 'object' && !Object.keys(root).some((key) => notAtRoot.has(key));
  const flat = isPlain ? root : flattened(root, field);
  // Providers ask for them.
  const made = { ...flat, type: 'object', properties: flat['properties'] ?? {} };
  roots.add(made);
  return made;
}

const roots = new WeakSet<object>();

/** True for what `objectRoot` has made: nothing is left to do. */
export function isObjectRoot(schema: object): boolean {
  return roots.has(schema);
}

const combined = ['$ref', 'allOf', 'anyOf', 'oneOf'];
/** What providers refuse at the root, or read as a whole value. */
const notAtRoot = new Set([...combined, 'const', 'enum', 'if', 'then', 'else', 'not', 'nullable']);

function flattened(root: JsonObject, field: string): JsonObject {
  const { $defs = {}, definitions, ...top } = root;
  const whole = pointsAtRoot(root) ? freeName($defs as JsonObject) : null;
  const defs = whole === null ? $defs : { ...($defs as JsonObject), [whole]: top };
  // A reference to the root means the root as it was.
  const moved = (part: JsonObject): JsonObject =>
    whole === null ? part : (movedTo(`#/$defs/${whole}`, part) as JsonObject);
  const kept = moved({
    ...(Object.keys(defs as JsonObject).length === 0 ? {} : { $defs: defs }),
    ...(definitions === undefined ? {} : { definitions }),
  });
  const flat = new Flattening(kept, field).object(moved(top));
  if (flat === null) {
    return refuseField(
      field,
      'must be of an object, for a model gives a tool its arguments by name: ' +
        'take an object with this value under a name',
    );
  }
  return { ...flat, ...kept };
}

const stepsMax = 1_000;

class Flattening {
  readonly #defs: JsonObject;
  readonly #field: string;
  #steps = 0;

  constructor(defs: JsonObject, field: string) {
    this.#defs = defs;
    this.#field = field;
  }

  /** The object that takes what the schema takes of objects; null when it takes none. */
  object(schema: unknown): ObjectSchema | null {
    this.#steps += 1;
    if (this.#steps > stepsMax) refuseField(this.#field, 'combines too many schemas at its root');
    if (schema === true) return {};
    if (!isMembers(schema)) return null;
    const { $ref, allOf, anyOf, oneOf, ...own } = schema as JsonObject;
    const types = [own['type'] ?? 'object'].flat();
    if (!types.includes('object') || !hasObject(own)) return null;
    const parts: (ObjectSchema | null)[] = [withoutValues(own)];
    if (typeof $ref === 'string') parts.push(this.object(targetOf($ref, this.#defs)));
    for (const part of listOf(allOf)) parts.push(this.object(part));
    for (const forms of [anyOf, oneOf]) {
      if (forms === undefined) continue;
      const objects = listOf(forms).map((form) => this.object(form));
      parts.push(mergedAny(objects.filter((form) => form !== null)));
    }
    return mergedAll(parts);
  }
}

/** False when a constant, a list of values or a `not` leaves no object. */
function hasObject({ const: constant, enum: values, not }: JsonObject): boolean {
  if (constant !== undefined && !isMembers(constant)) return false;
  if (values !== undefined && !listOf(values).some(isMembers)) return false;
  return !(not === true || (isMembers(not) && Object.keys(not).length === 0));
}

function withoutValues(own: JsonObject): ObjectSchema {
  return Object.fromEntries(
    Object.entries(own).filter(([key]) => !notAtRoot.has(key) && key !== 'type'),
  );
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

/** What a reference leads to: `checkSchema` has found it, and made it a pointer, or it is a dialect's own. */
function targetOf(pointer: string, defs: JsonObject): Json {
  if (!pointer.startsWith('#')) return true;
  const keys = pointer.split('/').slice(1);
  return keys.reduce<Json>((at, key) => {
    const name = decodeURIComponent(key).replaceAll('~1', '/').replaceAll('~0', '~');
    return (at as JsonObject)[name] ?? {};
  }, defs);
}

/** True for a reference to a part of the root itself, which the flat root will not have. */
function isToRoot($ref: Json | undefined): $ref is string {
  return typeof $ref === 'string' && /^#(?!\/(\$defs|definitions)\/)/.test($ref);
}

function pointsAtRoot(schema: Json): boolean {
  let found = isMembers(schema) && isToRoot(schema['$ref']);
  withParts(schema, '2020-12', (part) => {
    found ||= pointsAtRoot(part);
    return part;
  });
  return found;
}

function movedTo(place: string, schema: Json): Json {
  const copy = withParts(schema, '2020-12', (part) => movedTo(place, part));
  if (!isMembers(copy) || !isToRoot(copy['$ref'])) return copy;
  return { ...copy, $ref: `${place}${copy['$ref'].slice(1)}` };
}

function freeName(defs: JsonObject): string {
  let name = 'arguments';
  while (name in defs) name += '_';
  return name;
}
