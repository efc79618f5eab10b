/** The stub's structured answers fit the schemas that agents mostly give. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, it } from 'vitest';
import { z } from 'zod';
import type { Json } from '../../../src/index.ts';
import { sampleValue } from '../../../src/providers/stub/sample-value.ts';

type Tree = { name: string; children: Tree[] };
const tree: z.ZodType<Tree> = z.lazy(() => z.object({ name: z.string(), children: z.array(tree) }));

it.each([
  [
    'texts and numbers',
    z.object({ a: z.string().min(9), b: z.int().min(3), c: z.number().gt(0.5) }),
  ],
  ['choices', z.object({ a: z.enum(['x', 'y']), b: z.literal(7), c: z.boolean(), d: z.null() })],
  [
    'unions',
    z.discriminatedUnion('k', [z.object({ k: z.literal(1) }), z.object({ k: z.literal(2) })]),
  ],
  ['an intersection', z.object({ a: z.string() }).and(z.object({ b: z.number() }))],
  ['lists', z.array(z.object({ a: z.string().optional() })).min(2)],
  ['a schema that refers to itself', tree],
  ['a short text', z.string().max(2)],
  ['nullable', z.object({ a: z.string().nullable() })],
])('%s', (_what, schema) => {
  const json = JSON.parse(JSON.stringify(z.toJSONSchema(schema))) as Json;
  const check = new Ajv2020({ strict: false }).compile(json as object);
  expect(check(sampleValue(json)), JSON.stringify(check.errors)).toBe(true);
});

it.each([true, {}, { $ref: '#/nothing' }, { $ref: 'https://elsewhere' }, { type: 'unknown' }])(
  'gives a value for %j',
  (schema) => expect(() => JSON.stringify(sampleValue(schema))).not.toThrow(),
);
