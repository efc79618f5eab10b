/** Tools that a chart offers to `generate` by itself: their arguments as each library and dialect writes them. */
import { toStandardJsonSchema } from '@valibot/to-json-schema';
import { type } from 'arktype';
import * as v from 'valibot';
import { expect, it } from 'vitest';
import { assign, setup } from 'xstate';
import { z } from 'zod';
import { catalogue, type GenerateInput } from '../../../src/index.ts';
import { memoryWorld } from '../../support/replica.ts';
import { model } from '../../tool-loop/model.ts';

type Tools = NonNullable<GenerateInput['tools']>;

function askerOf(tools: Tools, isStatic: boolean) {
  const input: GenerateInput = { prompt: 'Weigh it.', tools };
  return setup({
    types: { context: {} as { readonly said: string } },
    actors: { ...catalogue },
  }).createMachine({
    id: 'asker',
    context: { said: '' },
    initial: 'asking',
    states: {
      asking: {
        invoke: {
          id: 'think',
          src: 'generate',
          input: isStatic ? input : () => input,
          onDone: { target: 'over', actions: assign({ said: ({ event }) => event.output.text }) },
        },
      },
      over: { type: 'final' },
    },
    output: ({ context }) => context.said,
  });
}

async function asked(inputSchema: object, isStatic = false) {
  const world = memoryWorld();
  const of = model(() => ({ text: 'Heavy.' }));
  const agents = [askerOf([{ name: 'weigh', inputSchema }], isStatic)];
  const { heddle } = await world.replica({ agents, providers: [of] });
  const run = await heddle.start('asker');
  await world.clock.idle();
  return { run, heard: of.heard };
}

const grams = { type: 'number' };
const either = [{ type: 'object', properties: { grams } }, { properties: { pounds: grams } }];
const given: readonly (readonly [string, object])[] = [
  ['zod', z.object({ grams: z.number() })],
  ['zod, as JSON', z.toJSONSchema(z.object({ grams: z.number() }))],
  ['zod, a union', z.union([z.object({ grams: z.number() }), z.object({ pounds: z.number() })])],
  ['valibot', toStandardJsonSchema(v.object({ grams: v.number() }))],
  ['arktype', type({ grams: 'number' })],
  ['JSON', { type: 'object', properties: { grams } }],
  ['JSON with an id', { $id: 'https://example.com/weigh', type: 'object', properties: { grams } }],
  ['a choice at its root', { anyOf: either }],
  [
    'a reference at its root',
    { $ref: '#/definitions/weight', definitions: { weight: { properties: { grams } } } },
  ],
];

it.each(
  given.flatMap(([what, schema]) => [
    [`${what}, from a function`, schema, false] as const,
    [`${what}, in the chart as it stands`, schema, true] as const,
  ]),
)('%s', async (_, schema, isStatic) => {
  const { run, heard } = await asked(schema, isStatic);
  expect(await run.output()).toBe('Heavy.');
  const told = heard[0]?.tools?.[0]?.inputSchema as Readonly<Record<string, unknown>>;
  expect(told).toMatchObject({ type: 'object', properties: { grams: { type: 'number' } } });
  const notAtRoot = ['$schema', '$id', '$ref', 'anyOf', 'oneOf', 'allOf', '~standard'];
  expect(Object.keys(told).filter((key) => notAtRoot.includes(key))).toEqual([]);
  expect(JSON.parse(JSON.stringify(told))).toEqual(told);
});

const wrong: readonly (readonly [string, object, string])[] = [
  ['a text', z.string(), 'generate.tools.weigh.inputSchema must be of an object'],
  ['a date', z.object({ at: z.date() }), 'Date cannot be represented'],
  ['what does not describe itself', v.object({}), 'generate.tools.weigh.inputSchema has no JSON'],
  ['a wrong keyword', { type: 'objekt' }, 'generate.tools.weigh.inputSchema.type'],
];

it.each(wrong)('promise 11: %s is refused by the name of the tool', async (_, schema, words) => {
  const { run, heard } = await asked(schema);
  await expect(run.output()).rejects.toThrow(words);
  expect(heard).toEqual([]);
  await expect(asked(schema, true)).rejects.toMatchObject({
    code: 'agent-refused',
    message: expect.stringContaining(words) as string,
  });
});

it('a call that another replica takes up has the same tools: the run keeps JSON', async () => {
  const world = memoryWorld();
  let hang = true;
  const of = model(() => (hang ? new Promise<undefined>(() => undefined) : { text: 'Heavy.' }));
  const agents = [
    askerOf([{ name: 'weigh', inputSchema: z.object({ grams: z.number() }) }], false),
  ];
  const first = await world.replica({ agents, providers: [of] });
  const { id } = await first.heddle.start('asker');
  await world.clock.idle();
  first.kill();
  hang = false;
  const second = await world.replica({ agents, providers: [of] });
  await world.clock.advance(60_000);
  const run = await second.heddle.run(id);
  expect(await run.output()).toBe('Heavy.');
  expect(of.heard.length).toBeGreaterThan(1);
  expect(of.heard.at(-1)?.tools).toEqual(of.heard[0]?.tools);
});

it('a schema that a host changes between two calls is read anew', async () => {
  const schema = { type: 'object', properties: { grams } as Record<string, object> };
  const before = await asked(schema);
  schema.properties['pounds'] = grams;
  const after = await asked(schema);
  const told = [before, after].map(({ heard }) => heard[0]?.tools?.[0]?.inputSchema);
  expect(told[0]).not.toEqual(told[1]);
  expect(told[1]).toEqual(schema);
});
