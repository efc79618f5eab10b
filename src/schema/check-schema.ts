/**
 * Whether a JSON Schema is one, said where it is given: every keyword holds what it may, every reference leads
 * somewhere, and none of them goes in a circle. It is pure and loads nothing, so a chart's turn and `toolLoop()`
 * can ask it. What passes here compiles (`compile-schema.ts`); a test holds the two against each other.
 */
import { refuseField } from '../domain/field.ts';
import { bytesOfJson, type Json, type JsonObject } from '../domain/json.ts';
import { limits } from '../domain/limits.ts';
import { dialectOf, knownDialects, type Dialect } from './dialect.ts';
import { isMembers, isNames, placeOf, wrongPattern, wrongValue } from './keywords.ts';
import { valueKeywords } from './parts.ts';
import { below, referenceKeywords, References, type Place } from './references.ts';

type Members = Readonly<Record<string, unknown>>;
type Refuse = (path: string, reason: string) => never;

const keyCharsShown = 64;
const pathCharsShown = 400;

export type CheckedSchema = {
  /** A copy, in which each reference is a JSON pointer from its root, without `$schema`, ids and anchors. */
  readonly schema: JsonObject;
  readonly dialect: Dialect;
};

/** Throws `invalid-field` and names the part that is wrong. */
export function checkSchema(schema: Json, field: string): CheckedSchema {
  const refuse: Refuse = (path, reason) =>
    refuseField(`${field}${path.slice(0, pathCharsShown)}`, reason);
  if (!isMembers(schema)) return refuse('', 'must be a JSON Schema: an object');
  const dialect =
    dialectOf(schema['$schema']) ?? refuse('.$schema', `must be one of ${knownDialects}`);
  if (bytesOfJson(schema) > limits.schemaBytesMax) {
    refuse('', `is larger than ${limits.schemaBytesMax} bytes as JSON`);
  }
  return { schema: new SchemaWalk(dialect, refuse).check(schema), dialect };
}

/** `inPlace`: the part is applied to the same value as the schema that holds it. */
type Part = Place & { readonly inPlace: boolean };

const inPlaceKeywords = new Set([
  'allOf',
  'anyOf',
  'dependencies',
  'dependentSchemas',
  'else',
  'if',
  'not',
  'oneOf',
  'then',
]);

class SchemaWalk {
  readonly #dialect: Dialect;
  readonly #refuse: Refuse;
  readonly #references: References;

  constructor(dialect: Dialect, refuse: Refuse) {
    this.#dialect = dialect;
    this.#refuse = refuse;
    this.#references = new References(dialect, refuse);
  }

  check(root: Members): JsonObject {
    const place = { path: '', pointer: '', base: this.#references.rootBase };
    this.#look(root, null, { ...place, inPlace: false });
    // What a reference leads to may hold references, and may stand where no keyword looks.
    for (let asked = this.#references.take(); asked !== null; asked = this.#references.take()) {
      const { from, to, path, pointer, base } = asked;
      this.#look(to, from, { path, pointer: pointer ?? '', base, inPlace: true });
    }
    this.#references.refuseCircles();
    const { $schema: _, ...copy } = this.#copy(root) as JsonObject;
    return copy;
  }

  #look(schema: unknown, holder: Members | null, part: Part): void {
    const { path, pointer, base, inPlace } = part;
    if (typeof schema === 'boolean') return;
    if (!isMembers(schema)) this.#refuse(path, 'must be a schema: an object, true or false');
    if (inPlace && holder !== null) this.#references.applied(holder, schema, path);
    if (this.#references.knows(schema)) return;
    const own = this.#references.identify(schema, { path, pointer, base });
    if (schema['$async'] === true) {
      this.#refuse(`${path}.$async`, 'is not taken: a value is checked at once');
    }
    if (schema['nullable'] === true && schema['type'] === undefined) {
      this.#refuse(`${path}.nullable`, 'needs a type beside it');
    }
    for (const [keyword, value] of Object.entries(schema)) {
      const at = step({ path, pointer, base: own }, keyword);
      const wrong = wrongValue(this.#dialect, keyword, value);
      if (wrong !== null) this.#refuse(at.path, wrong);
      this.#keyword(schema, keyword, at);
    }
    this.#references.refer(schema, { path, pointer, base: own });
  }

  #keyword(schema: Members, keyword: string, at: Place): void {
    const place = placeOf(this.#dialect, keyword);
    if (place === undefined) return;
    const value = schema[keyword];
    const inPlace = inPlaceKeywords.has(keyword);
    const look = (part: unknown, where: Place): void =>
      this.#look(part, schema, { ...where, inPlace });
    const isList = Array.isArray(value);
    if (place === 'schemas' || (place === 'schema-or-schemas' && isList)) {
      const isEmpty = !isList || (value.length === 0 && place === 'schemas');
      if (isEmpty) this.#refuse(at.path, 'must be a list of schemas that is not empty');
      value.forEach((part: unknown, i) => look(part, step(at, i)));
    } else if (place === 'map' || place === 'map-of-schemas-or-names') {
      if (!isMembers(value)) this.#refuse(at.path, 'must be an object of schemas');
      for (const [key, part] of Object.entries(value)) {
        const where = step(at, key);
        const wrong = keyword === 'patternProperties' ? wrongPattern(key) : null;
        if (wrong !== null) this.#refuse(where.path, wrong);
        if (place === 'map' || !isNames(part)) look(part, where);
      }
    } else if (isList) {
      this.#refuse(at.path, 'must be a schema; a tuple has its schemas in prefixItems');
    } else look(value, at);
  }

  /** Readers look for ids in parts that no keyword of theirs leads to, too; `isValue`: in values they do not. */
  #copy(part: unknown, isValue = false): Json {
    if (Array.isArray(part)) return part.map((item) => this.#copy(item, isValue));
    if (!isMembers(part)) return part as Json;
    const isSchema = this.#references.knows(part);
    const copy: Record<string, Json> = {};
    for (const [key, value] of Object.entries(part)) {
      const isName = isSchema ? names.has(key) : names.has(key) && typeof value === 'string';
      if (isName && (isSchema || !isValue)) continue;
      copy[key] = this.#copy(value, isValue || (isSchema && valueKeywords.has(key)));
    }
    if (!isSchema) return copy;
    // It says nothing, and ajv finds that `type: 'null'` contradicts it.
    if (copy['nullable'] === false) delete copy['nullable'];
    const pointers = referenceKeywords.flatMap(
      (keyword) => this.#references.pointerOf(part, keyword) ?? [],
    );
    for (const keyword of dynamicKeywords) delete copy[keyword];
    const [first, ...others] = pointers;
    if (first !== undefined) copy['$ref'] = first;
    if (others.length === 0) return copy;
    // A schema may have a plain and a dynamic reference.
    const more = others.map((pointer): Json => ({ $ref: pointer }));
    return { ...copy, allOf: [...((copy['allOf'] as readonly Json[] | undefined) ?? []), ...more] };
  }
}

const names = new Set(['$id', '$anchor', '$dynamicAnchor', '$recursiveAnchor']);
const dynamicKeywords = ['$dynamicRef', '$recursiveRef'];

function step({ path, pointer, base }: Place, key: string | number): Place {
  const shown = typeof key === 'number' ? `[${key}]` : `.${key.slice(0, keyCharsShown)}`;
  return { path: `${path}${shown}`, pointer: below(pointer, key), base };
}
