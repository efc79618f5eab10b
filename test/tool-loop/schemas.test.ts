/**
 * Schemas of three libraries, and JSON Schemas of three dialects, as tools are given them. Each becomes an offer that
 * providers take and that takes what the schema takes, or is refused where the loop is made, with what to do.
 */
import { toStandardJsonSchema } from '@valibot/to-json-schema';
import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { tool, toolLoop, type AuthorTool } from '../../src/index.ts';
import type { Json, JsonObject } from '../../src/domain/json.ts';
import { compileSchema } from '../../src/schema/compile-schema.ts';
import { oneReplica } from '../support/replica.ts';
import { lastResults, model } from './model.ts';

const anything = z.looseObject({});

function toolOf(of: Partial<AuthorTool>): AuthorTool {
  const given = {
    schema: anything,
    run: (args: { input: unknown }) => Promise.resolve(args.input),
  };
  return tool({ description: 'x', ...given, ...of } as never);
}

function offered(of: Partial<AuthorTool>): JsonObject {
  const { config } = toolLoop({ id: 'loop', builtIn: [], tools: { weigh: toolOf(of) } });
  const { toolLoop: told } = config.meta as { toolLoop: { ask: { tools: JsonObject[] } } };
  return told.ask.tools[0]?.['inputSchema'] as JsonObject;
}

function refusalOf(of: Partial<AuthorTool>): string {
  try {
    return `taken: ${JSON.stringify(offered(of))}`;
  } catch (error) {
    return (error as Error).message;
  }
}

const notAtRoot = ['$schema', '$ref', 'anyOf', 'oneOf', 'allOf', 'not', 'enum', 'const'];

async function expectTaken(of: Partial<AuthorTool>, values: readonly Json[]): Promise<void> {
  const schema = offered(of);
  expect(schema).toMatchObject({ type: 'object', properties: {} });
  expect(Object.keys(schema).filter((key) => notAtRoot.includes(key))).toEqual([]);
  expect(JSON.parse(JSON.stringify(schema))).toEqual(schema);
  const check = await compileSchema(schema, 'offer');
  for (const value of values) expect(check(value), JSON.stringify([schema, value])).toBeNull();
}

const zodTree = z.object({
  name: z.string(),
  get kids() {
    return z.array(zodTree).optional();
  },
});
const zodEither: z.ZodType = z.lazy(() =>
  z.union([z.object({ leaf: z.number() }), z.object({ of: z.array(zodEither) })]),
);
const valibotTree: v.GenericSchema = v.object({ kids: v.array(v.lazy(() => valibotTree)) });
const valibot = (schema: v.GenericSchema) => toStandardJsonSchema(schema) as never;
const a = { mode: 'a', x: '1' };
const b = { mode: 'b', y: 1 };
const tree = { name: 'r', kids: [{ name: 'k', kids: [] }] };

const taken: readonly (readonly [string, unknown, readonly Json[]])[] = [
  ['zod: an object', z.object({ x: z.string() }), [{ x: '1' }]],
  ['zod: an empty object', z.object({}), [{}]],
  ['zod: a strict object', z.strictObject({ x: z.string() }), [{ x: '1' }]],
  ['zod: any', z.any(), [{}, { x: 1 }]],
  ['zod: a record', z.record(z.string(), z.number()), [{}, { x: 1 }]],
  ['zod: a union', z.union([z.object({ x: z.string() }), z.object({ y: z.number() })]), [{ y: 1 }]],
  [
    'zod: a discriminated union',
    z.discriminatedUnion('mode', [
      z.object({ mode: z.literal('a'), x: z.string() }),
      z.object({ mode: z.literal('b'), y: z.number() }),
    ]),
    [a, b],
  ],
  [
    'zod: an intersection of unions',
    z
      .union([z.object({ x: z.string() }), z.object({ y: z.number() })])
      .and(z.object({ n: z.null() })),
    [
      { x: '', n: null },
      { y: 1, n: null },
    ],
  ],
  ['zod: optional, nullable', z.object({ x: z.string() }).nullable().optional(), [{ x: '' }]],
  ['zod: a transform', z.object({ x: z.string().transform((s) => s.length) }), [{ x: '' }]],
  ['zod: a transform of all', z.object({ x: z.string() }).transform(({ x }) => x), [{ x: '' }]],
  ['zod: a default', z.object({ x: z.string().default('x') }), [{}]],
  ['zod: coerced', z.object({ n: z.coerce.number() }), [{ n: 1 }]],
  ['zod: recursive', zodTree, [tree]],
  ['zod: recursive at its root', zodEither, [{ leaf: 1 }, { of: [{ leaf: 1 }, { of: [] }] }]],
  ['zod: with an id', z.object({ x: z.string() }).meta({ id: 'Yarn' }), [{ x: '' }]],
  ['valibot: an object', valibot(v.object({ x: v.string() })), [{ x: '1' }]],
  ['valibot: an empty object', valibot(v.object({})), [{}]],
  ['valibot: recursive', valibot(valibotTree), [{ kids: [{ kids: [] }] }]],
  [
    'valibot: a variant',
    valibot(
      v.variant('mode', [
        v.object({ mode: v.literal('a'), x: v.string() }),
        v.object({ mode: v.literal('b'), y: v.number() }),
      ]),
    ),
    [a, b],
  ],
  [
    'valibot: an intersection',
    valibot(v.intersect([v.object({ x: v.string() }), v.object({ y: v.number() })])),
    [{ x: '', y: 1 }],
  ],
  ['arktype: an object', type({ x: 'string', 'n?': 'number' }), [{ x: '1' }]],
  ['arktype: an empty object', type({}), [{}]],
  ['arktype: a union', type({ x: 'string' }).or({ y: 'number' }), [{ x: '' }, { y: 1 }]],
  ['arktype: recursive', type.module({ node: { 'kid?': 'node' } }).node, [{ kid: { kid: {} } }]],
];

const refused: readonly (readonly [string, unknown, string])[] = [
  ['zod: a text', z.string(), 'must be of an object'],
  ['zod: a list', z.tuple([z.string()]), 'must be of an object'],
  ['zod: nothing', z.never(), 'must be of an object'],
  ['zod: no object among them', z.union([z.string(), z.null()]), 'must be of an object'],
  ['zod: a date', z.object({ at: z.date() }), 'Date cannot be represented in JSON Schema'],
  ['zod: a coerced date', z.object({ at: z.coerce.date() }), 'Date cannot be represented'],
  ['zod: a bigint', z.object({ n: z.bigint() }), 'BigInt cannot be represented'],
  ['valibot: a text', valibot(v.string()), 'must be of an object'],
  ['valibot: a date', valibot(v.object({ at: v.date() })), '"date" schema cannot be converted'],
  ['valibot: bare', v.object({}), 'toStandardJsonSchema of @valibot/to-json-schema'],
  ['arktype: a text', type('string'), 'must be of an object'],
];

describe('a schema of a library', () => {
  it.each(taken)('%s', async (_, schema, values) => {
    await expectTaken({ schema: schema as never }, values);
    const standard = (schema as AuthorTool['schema'])['~standard'];
    for (const value of values)
      expect(await standard.validate(value)).not.toHaveProperty('issues.0');
  });

  it.each(refused)('%s', (_, schema, words) => {
    const told = refusalOf({ schema: schema as never });
    expect(told).toMatch(/^toolLoop\.tools\.weigh\.inputSchema /);
    expect(told).toContain(words);
  });
});

describe('an inputSchema beside it', () => {
  const pair: Json = [{ type: 'string' }, { type: 'number' }];
  it.each<readonly [string, unknown, readonly Json[]]>([
    ['of zod, as it comes', z.toJSONSchema(z.object({ x: z.string() })), [{ x: '' }]],
    ['of zod, draft-07', z.toJSONSchema(z.object({}), { target: 'draft-07' }), [{}]],
    ['a Standard Schema itself', z.object({ x: z.string() }), [{ x: '' }]],
    ['a function that is one', type({ x: 'string' }), [{ x: '' }]],
    ['2019-09', { $schema: 'https://json-schema.org/draft/2019-09/schema' }, [{ any: 1 }]],
    [
      'draft-07 with a tuple and dependencies',
      {
        $schema: 'http://json-schema.org/draft-07/schema#',
        definitions: { pair: { items: pair, additionalItems: false } },
        properties: {
          items: { $ref: '#/definitions/pair' },
          a: { $ref: '#/definitions/pair/items/0' },
        },
        dependencies: { a: ['items'], items: { minProperties: 1 } },
      },
      [{ items: ['a', 1], a: '' }],
    ],
    [
      '$id, anchors',
      { $id: 'x', $ref: 'x#a', $defs: { a: { $anchor: 'a', type: 'object' } } },
      [{}],
    ],
    [
      'references into what is combined',
      { anyOf: [{ type: 'object', properties: { a: { $ref: '#/anyOf/0' } } }, { type: 'null' }] },
      [{ a: { a: {} } }],
    ],
    ['a property named $ref', { properties: { $ref: { type: 'string' } } }, [{ $ref: '#' }]],
    [
      'a literal that looks like one',
      { anyOf: [{ properties: { a: { const: { $ref: '#' } } } }] },
      [{ a: { $ref: '#' } }],
    ],
  ])('%s', async (_, inputSchema, values) => {
    await expectTaken({ inputSchema: inputSchema as Json }, values);
  });

  it.each<readonly [string, unknown, string]>([
    ['null', null, 'must be a JSON Schema: an object'],
    ['a text', 'object', 'must be a JSON Schema: an object'],
    ['a wrong type', { type: 'objekt' }, '.type must be one of'],
    ['a reference to nowhere', { $ref: '#/$defs/x' }, '.$ref leads to nothing in this schema'],
    ['a function', () => ({}), 'function is lost in JSON'],
    ['a list', { type: 'array' }, 'must be of an object'],
    [
      'a dialect of before',
      { $schema: 'http://json-schema.org/draft-04/schema#' },
      '.$schema must',
    ],
  ])('%s', (_, inputSchema, words) => {
    const told = refusalOf({ inputSchema: inputSchema as Json });
    expect(told).toMatch(/^toolLoop\.tools\.weigh\.inputSchema/);
    expect(told).toContain(words);
  });

  it('is refused when its root combines too much', () => {
    const layers = Array.from({ length: 20 }, (_, i) => [
      `l${i}`,
      { anyOf: [{ $ref: `#/$defs/l${i + 1}` }, { $ref: `#/$defs/l${i + 1}` }] },
    ]);
    const $defs = { ...Object.fromEntries(layers), l20: { type: 'object' } } as JsonObject;
    const told = refusalOf({ inputSchema: { $ref: '#/$defs/l0', $defs } });
    expect(told).toContain('combines too many schemas at its root');
  });
});

describe("a child's inputSchema", () => {
  const agent = toolLoop({ id: 'child' });
  const described = (inputSchema: object) => {
    const children = [{ agent, description: 'Knits.', inputSchema }];
    const { config } = toolLoop({ id: 'loop', builtIn: [], children });
    return JSON.stringify(config.meta);
  };

  it('may be JSON, or of a library', () => {
    const schemas = [
      { type: 'object', properties: { yarn: { type: 'string' } } },
      z.toJSONSchema(z.object({ yarn: z.string() })),
      z.object({ yarn: z.string() }),
      type({ yarn: 'string' }),
      toStandardJsonSchema(v.object({ yarn: v.string() })),
    ];
    for (const schema of schemas) {
      expect(described(schema)).toContain(
        String.raw`\"properties\":{\"yarn\":{\"type\":\"string\"}}`,
      );
    }
  });

  it('is refused where it is given', () => {
    const place = 'toolLoop.children[0].inputSchema';
    expect(() => described({ type: 'objekt' })).toThrow(`${place}.type`);
    expect(() => described(z.object({ at: z.date() }))).toThrow(
      `${place} gives no JSON Schema: Date`,
    );
    expect(() => described(v.object({}))).toThrow(`${place} has no JSON Schema: wrap it`);
  });
});

describe('a tool with a schema of a library', () => {
  const schemas = {
    zod: z.object({ yarn: z.string().transform((yarn) => yarn.length) }),
    valibot: valibot(
      v.object({
        yarn: v.pipe(
          v.string(),
          v.transform((yarn) => yarn.length),
        ),
      }),
    ),
    arktype: type({ yarn: type('string').pipe((yarn) => yarn.length) }),
  };
  it.each(Object.entries(schemas))('%s is called with what the schema makes', async (_, schema) => {
    const inputs = [{ yarn: 5 }, { yarn: 'wool' }];
    const of = model((at) => {
      const input = inputs[at - 1];
      return input === undefined ? undefined : { calls: [{ name: 'weigh', input }] };
    });
    const agents = [toolLoop({ id: 'loop', tools: { weigh: toolOf({ schema }) } })];
    const world = await oneReplica({ agents, providers: [of] });
    const run = await world.heddle.start('loop', { input: { prompt: 'Weigh.' } });
    await world.clock.advance(60_000);
    expect(await run.output({ timeoutMs: 1 })).toMatchObject({ end: 'answered' });
    expect(JSON.stringify(lastResults(of.heard.at(-2)))).toContain('do not fit');
    expect(JSON.stringify(lastResults(of.heard.at(-1)))).toContain('{\\"yarn\\":4}');
    await world.heddle.close();
  });
});
