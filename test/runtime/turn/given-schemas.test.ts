/** Schemas as charts give them to `ask`: JSON of a library, of each dialect, and schemas of libraries themselves. */
import { toStandardJsonSchema } from '@valibot/to-json-schema';
import { type } from 'arktype';
import * as v from 'valibot';
import { expect, it } from 'vitest';
import { assign, setup } from 'xstate';
import { z } from 'zod';
import * as zodMini from 'zod/mini';
import { catalogue } from '../../../src/index.ts';
import { describing, noted } from '../../support/library-schemas.ts';
import { oneReplica } from '../../support/replica.ts';

async function asked(schema: object, isStatic = false) {
  const asker = setup({
    types: { context: {} as { readonly said: unknown } },
    actors: { ...catalogue },
  }).createMachine({
    id: 'asker',
    context: { said: null },
    initial: 'asking',
    states: {
      asking: {
        invoke: {
          id: 'approval',
          src: 'ask',
          input: isStatic ? { question: 'Yes?', schema } : () => ({ question: 'Yes?', schema }),
          onDone: { target: 'over', actions: assign({ said: ({ event }) => event.output.answer }) },
        },
      },
      over: { type: 'final' },
    },
    output: ({ context }) => context.said,
  });
  const world = await oneReplica({ agents: [asker] });
  const run = await world.heddle.start('asker');
  await world.clock.idle();
  return { ...world, run };
}

const properties = { yes: { type: 'boolean' } };
const given: readonly (readonly [string, object])[] = [
  ['zod, as JSON', z.toJSONSchema(z.object({ yes: z.boolean() }))],
  [
    'zod, as JSON of draft-07',
    z.toJSONSchema(z.object({ yes: z.boolean() }), { target: 'draft-7' }),
  ],
  ['zod', z.object({ yes: z.boolean() })],
  ['valibot', toStandardJsonSchema(v.object({ yes: v.boolean() }))],
  ['arktype', type({ yes: 'boolean' })],
  ['JSON with notes', noted({ properties })],
  ['JSON with notes in a part', { properties: noted(properties) }],
  ['a library that only describes', describing({ properties })],
  ['2019-09', { $schema: 'https://json-schema.org/draft/2019-09/schema', properties }],
  ['an id', { $id: 'https://example.com/answer', properties }],
  ['the same id', { $id: 'https://example.com/answer', properties, required: ['yes'] }],
];
it.each(
  given.flatMap(([what, schema]) => [
    [`${what}, from a function`, schema, false] as const,
    [`${what}, in the chart as it stands`, schema, true] as const,
  ]),
)('%s', async (_, schema, isStatic) => {
  const { run, heddle } = await asked(schema, isStatic);
  const [question] = await run.questions();
  expect(question?.schema).toMatchObject({ properties });
  await expect(run.answer('approval', { yes: 'no' })).rejects.toMatchObject({
    code: 'answer-invalid',
    detail: { reason: 'answer/yes must be boolean' },
  });
  await run.answer('approval', { yes: true });
  expect(await run.output()).toEqual({ yes: true });
  await heddle.close();
});

const undescribed = { '~standard': { version: 1, vendor: 'test', validate: () => ({ value: 1 }) } };

it('a schema that cannot describe itself fails the run, with what to do', async () => {
  for (const [schema, words] of [
    [z.object({ at: z.date() }), 'ask.schema gives no JSON Schema: Date cannot be represented'],
    [v.object({}), 'ask.schema has no JSON Schema: wrap it in toStandardJsonSchema'],
    [zodMini.object({}), 'ask.schema has no JSON Schema: use zod 4.2 or newer, not zod/mini, or'],
    [undescribed, 'ask.schema has no JSON Schema: give the JSON Schema itself'],
  ] as const) {
    const { run, heddle } = await asked(schema);
    await expect(run.output()).rejects.toThrow(words);
    await heddle.close();
  }
});

it('a schema that cannot describe itself is refused with the chart where it stands in it', async () => {
  await expect(asked(z.object({ at: z.date() }), true)).rejects.toMatchObject({
    code: 'agent-refused',
    message: expect.stringContaining('Date cannot be represented') as string,
  });
});

it('an answer that takes too long to check is refused, and the question stays open', async () => {
  const { run, heddle } = await asked({ type: 'string', pattern: '^(a+)+$' });
  await expect(run.answer('approval', `${'a'.repeat(60)}b`)).rejects.toMatchObject({
    code: 'answer-invalid',
    detail: { reason: 'checking answer takes longer than 500 ms' },
  });
  await run.answer('approval', 'aaa');
  expect(await run.output()).toBe('aaa');
  await heddle.close();
});
