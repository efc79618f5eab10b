/** A schema that is wrong is told so by the part that is wrong; one that passes compiles. */
import { toStandardJsonSchema } from '@valibot/to-json-schema';
import { type } from 'arktype';
import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Json } from '../../src/domain/json.ts';
import { checkSchema } from '../../src/schema/check-schema.ts';
import { compileSchema } from '../../src/schema/compile-schema.ts';

const draft07 = 'http://json-schema.org/draft-07/schema#';
const draft2019 = 'https://json-schema.org/draft/2019-09/schema';

function refusalOf(schema: Json): string {
  try {
    checkSchema(schema, 'f');
    return 'taken';
  } catch (error) {
    return (error as Error).message;
  }
}

describe('a wrong schema', () => {
  it.each<readonly [schema: Json, words: string]>([
    [null, 'f must be a JSON Schema: an object.'],
    [true, 'f must be a JSON Schema: an object.'],
    [[], 'f must be a JSON Schema: an object.'],
    [{ type: 'nonsense' }, 'f.type must be one of string,'],
    [{ type: [] }, 'f.type must be one of string,'],
    [{ type: ['string', 'string'] }, 'f.type names a type twice.'],
    [{ properties: [] }, 'f.properties must be an object of schemas.'],
    [{ properties: { a: 1 } }, 'f.properties.a must be a schema: an object, true or false.'],
    [{ allOf: [] }, 'f.allOf must be a list of schemas that is not empty.'],
    [{ anyOf: [{ minLength: -1 }] }, 'f.anyOf[0].minLength must be a whole number from 0.'],
    [{ exclusiveMinimum: true }, 'f.exclusiveMinimum must be a number.'],
    [{ required: true }, 'f.required must be a list of names.'],
    [{ enum: [] }, 'f.enum must be a list that is not empty.'],
    [{ multipleOf: 0 }, 'f.multipleOf must be a number above 0.'],
    [{ pattern: '(' }, 'f.pattern is no regular expression: '],
    [{ patternProperties: { '[': {} } }, 'f.patternProperties.[ is no regular expression: '],
    [{ items: [{}] }, 'f.items must be a schema; a tuple has its schemas in prefixItems.'],
    [{ $schema: draft07, if: 5 }, 'f.if must be a schema: an object, true or false.'],
    [{ $schema: 'http://json-schema.org/draft-04/schema#' }, 'f.$schema must be one of '],
    [{ $schema: 7 }, 'f.$schema must be one of '],
    [{ $async: true }, 'f.$async is not taken'],
    [{ properties: { a: { $async: true } } }, 'f.properties.a.$async is not taken'],
    [{ nullable: true }, 'f.nullable needs a type beside it.'],
    [{ $ref: '#/$defs/none' }, 'f.$ref leads to nothing in this schema.'],
    [{ $ref: 'other.json' }, 'f.$ref leads to nothing in this schema.'],
    [{ $ref: 'https://example.com/a' }, 'f.$ref leads to nothing in this schema.'],
    [{ $ref: '#%' }, 'f.$ref leads to nothing in this schema.'],
    [{ $ref: '#/x', x: { type: 5 } }, 'f.$ref.type must be one of string,'],
    [{ $ref: '#' }, 'f.$ref leads back to itself.'],
    [{ $defs: { a: { anyOf: [{ $ref: '#/$defs/a' }] } } }, '.$ref leads back to itself.'],
    [{ $id: 'https://json-schema.org/draft/2020-12/schema' }, 'f.$id is the id of a dialect'],
    [{ $defs: { a: { $id: 'x' }, b: { $id: 'x' } } }, 'f.$defs.b.$id is given to two schemas.'],
    [{ $id: 'x#y' }, 'f.$id must be a URI without a fragment.'],
    [{ $anchor: '1' }, 'f.$anchor must fit '],
    [
      {
        $dynamicRef: '#n',
        $defs: { a: { $dynamicAnchor: 'n' }, b: { $id: 'b', $dynamicAnchor: 'n' } },
      },
      'f.$dynamicRef is not taken where it can lead to several schemas: write $ref.',
    ],
    [{ description: 'x'.repeat(300_000) }, 'f is larger than 65536 bytes as JSON.'],
  ])('%#', (schema, words) => {
    expect(refusalOf(schema)).toContain(words);
  });
});

describe('a schema that is right', () => {
  it('keeps what it says; its references become pointers from its root', () => {
    const named = { $id: 'https://example.com/tree', $anchor: 'tree', type: 'object' };
    const schema = {
      ...named,
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      properties: {
        byId: { $ref: 'https://example.com/tree' },
        byName: { items: { $ref: '#tree' } },
        relative: { $ref: 'leaf#/properties/a~1b' },
        constant: { const: { $id: 'kept', $ref: 'kept' } },
      },
      $defs: { 'l f': { $id: 'leaf', properties: { 'a/b': { type: 'string' } } } },
    };
    expect(checkSchema(schema, 'f')).toEqual({
      dialect: '2020-12',
      schema: {
        type: 'object',
        properties: {
          byId: { $ref: '#' },
          byName: { items: { $ref: '#' } },
          relative: { $ref: '#/$defs/l%20f/properties/a~1b' },
          constant: { const: { $id: 'kept', $ref: 'kept' } },
        },
        $defs: { 'l f': { properties: { 'a/b': { type: 'string' } } } },
      },
    });
  });

  it('resolves dynamic references that can lead to one schema only', async () => {
    const items = { $dynamicRef: '#node' };
    const tree = { $dynamicAnchor: 'node', type: 'object', properties: { kids: { items } } };
    const old = {
      $schema: draft2019,
      $recursiveAnchor: true,
      type: 'object',
      properties: { kids: { items: { $recursiveRef: '#' } } },
    };
    for (const schema of [tree, old]) {
      const check = await compileSchema(schema, 'f');
      expect(check({ kids: [{ kids: [{}] }] })).toBeNull();
      expect(check({ kids: [{ kids: [1] }] })).toBe('value/kids/0/kids/0 must be object');
    }
  });

  const schemas: Readonly<Record<string, () => unknown>> = {
    zod: () => z.toJSONSchema(z.object({ at: z.email(), tags: z.array(z.enum(['a'])).min(1) })),
    'zod, draft-07': () => z.toJSONSchema(z.tuple([z.string()]), { target: 'draft-07' }),
    'zod, recursive': () => {
      const node = z.object({
        get kids() {
          return z.array(node);
        },
      });
      return z.toJSONSchema(node);
    },
    valibot: () =>
      toStandardJsonSchema(v.object({ at: v.pipe(v.string(), v.email()) }))[
        '~standard'
      ].jsonSchema.input({ target: 'draft-07' }),
    arktype: () => type({ at: 'string.email', 'n?': 'number.integer < 5' }).toJsonSchema(),
  };
  it.each(Object.keys(schemas))('of %s', async (name) => {
    const schema = JSON.parse(JSON.stringify(schemas[name]?.())) as Json;
    await expect(compileSchema(schema, 'f')).resolves.toBeTypeOf('function');
  });
});

type Pick = <T>(among: readonly T[]) => T;

/** A schema of a few keywords, whose values are right more often than not. */
function made(pick: Pick, depth: number): Json {
  if (depth > 3) return pick<Json>([true, {}, { type: 'string' }]);
  const one = () => made(pick, depth + 1);
  const list = () => Array.from({ length: pick([0, 1, 1, 2]) }, one);
  const map = () => Object.fromEntries(pick(keys).map((key) => [key, one()]));
  const values: Readonly<Record<string, () => Json>> = {
    ...Object.fromEntries(plain.map(([key, among]) => [key, () => pick<Json>(among)])),
    ...Object.fromEntries(inSchema.map((key) => [key, one])),
    ...Object.fromEntries(inList.map((key) => [key, list])),
    ...Object.fromEntries(inMap.map((key) => [key, map])),
  };
  const chosen = Array.from({ length: pick([0, 1, 1, 2, 3]) }, () => pick(Object.keys(values)));
  return Object.fromEntries(chosen.map((key) => [key, values[key]!()]));
}

const texts = ['a', 'x', '#', '#/$defs/a', '#a', 'x#a', '^(a|b)*$', '('];
const counts = [0, 1, 2, -1, 0.5];
const keys = [['a'], ['a', 'b'], ['$id', 'a/b'], []];
const inSchema = [
  'additionalItems',
  'additionalProperties',
  'contains',
  'else',
  'extra',
  'if',
].concat(['items', 'not', 'propertyNames', 'then', 'unevaluatedItems', 'unevaluatedProperties']);
const inList = ['allOf', 'anyOf', 'oneOf', 'items', 'prefixItems'];
const inMap = [
  '$defs',
  'definitions',
  'dependencies',
  'dependentSchemas',
  'patternProperties',
].concat(['properties', 'properties', '$defs']);
const plain: readonly (readonly [string, readonly Json[]])[] = [
  ['$anchor', texts],
  ['$dynamicAnchor', ['a', '#a']],
  ['$dynamicRef', ['#a', '#', 'x']],
  ['$id', texts],
  ['$recursiveAnchor', [true, false, 1]],
  ['$recursiveRef', ['#', '#a']],
  ['$ref', texts],
  ['$schema', [draft07, draft2019, 'https://json-schema.org/draft/2020-12/schema']],
  ['const', [1, { $id: 'x' }, null]],
  ['dependentRequired', [{ a: ['b'] }, { a: 'b' }]],
  ['discriminator', [{ propertyName: 'a' }, 1]],
  ['enum', [[], [1, 'a', null, {}]]],
  ['format', ['email', 'date-time', 'nonsense', 'regex', 1]],
  ['id', texts],
  ['minContains', counts],
  ['minLength', counts],
  ['multipleOf', counts],
  ['nullable', [true, false, 1]],
  ['pattern', texts],
  ['required', [['a', 'constructor'], 'a']],
  ['type', ['string', 'object', 'array', ['null', 'number'], [], 'no']],
  ['uniqueItems', [true, false, 1]],
];

describe('the check', () => {
  it('lets nothing pass that does not compile', { timeout: 120_000 }, async () => {
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(fc.gen(), async (generate) => {
        const schema = made((among) => generate(fc.constantFrom, ...among) as never, 0);
        if (refusalOf(schema) !== 'taken') return;
        taken += 1;
        const check = await compileSchema(schema, 'f').catch((error: unknown) => {
          throw new Error(JSON.stringify(schema), { cause: error });
        });
        for (const value of [null, 'a', 1, {}, { a: 1, b: {} }, [], ['a', 1]]) {
          expect(check(value) ?? '', JSON.stringify(schema)).not.toContain('cannot be checked');
        }
      }),
      { numRuns: 1_000 },
    );
    expect(taken).toBeGreaterThan(200);
  });
});
