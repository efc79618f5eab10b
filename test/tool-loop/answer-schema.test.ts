/** A loop with a schema: its answer is a checked value, in its output, in a chat's replies, after a crash. */
import { toStandardJsonSchema } from '@valibot/to-json-schema';
import { type } from 'arktype';
import * as v from 'valibot';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { tool, toolLoop, type ToolLoopOptions } from '../../src/index.ts';
import { testHeddle, type ModelAnswer, type TestHeddle } from '../../src/testing/index.ts';

let t: TestHeddle;
afterEach(() => t.close());

const look = tool({
  description: 'Looks.',
  schema: z.object({}),
  run: () => Promise.resolve('seen'),
});
const schema = z.object({ balls: z.number().int() });
const looks = { toolCalls: [{ name: 'look', input: {} }] };

async function ended(model: readonly ModelAnswer[], options: Partial<ToolLoopOptions> = {}) {
  const loop = toolLoop({ id: 'loop', builtIn: [], tools: { look }, schema, ...options });
  t = await testHeddle({ agents: [loop], model });
  return t.start('loop', { input: { prompt: 'How many?' } });
}

describe('a loop with a schema', () => {
  it.each([
    ['zod', schema],
    ['zod, as JSON', z.toJSONSchema(schema)],
    ['valibot', toStandardJsonSchema(v.object({ balls: v.number() }))],
    ['arktype', type({ balls: 'number.integer' })],
    ['JSON', { properties: { balls: { type: 'integer' } }, required: ['balls'] }],
  ])('of %s gives its answer as a value', async (_, of) => {
    const run = await ended([looks, '{"balls":3}'], { schema: of });
    expect(await run.output()).toMatchObject({
      end: 'answered',
      text: '{"balls":3}',
      value: { balls: 3 },
      iterations: 2,
    });
  });

  it('has an answer that does not fit repaired, and counts both', async () => {
    const run = await ended(['Three.', '{"balls":3}']);
    expect(await run.output()).toMatchObject({ value: { balls: 3 }, iterations: 1, tokens: 4 });
  });

  it('fails when the repair does not fit either', async () => {
    const run = await ended(['Three.', '{"balls":3.5}']);
    await expect(run.output()).rejects.toMatchObject({ code: 'answer-unfit' });
  });

  it('has no value when it ends otherwise', async () => {
    const run = await ended([{ text: '{"balls":3}', stopReason: 'refusal' }]);
    expect(await run.output()).not.toHaveProperty('value');
  });

  it('may take another value than an object', async () => {
    const run = await ended(['[1,2]'], { schema: z.array(z.number()) });
    expect(await run.output()).toMatchObject({ value: [1, 2] });
  });

  it('keeps the value over a crash, promise 5', async () => {
    const loop = toolLoop({ id: 'loop', builtIn: [], tools: { look }, schema });
    t = await testHeddle({ agents: [loop], model: [looks, '{"balls":3}'] });
    t.crashAt({ before: 'commit', agent: 'loop', turn: 3 });
    const input = { prompt: 'How many?' };
    const run = await t.start('loop', { input, idempotencyKey: 'one' });
    expect(await run.output()).toMatchObject({ value: { balls: 3 } });
  });

  it('is another version of the agent, and a loop without one is what it was', () => {
    const metaOf = (options: Partial<ToolLoopOptions>): unknown =>
      toolLoop({ id: 'loop', builtIn: [], ...options }).config.meta;
    expect(metaOf({ schema })).toMatchObject({ toolLoop: { ask: { schema: { type: 'object' } } } });
    expect(metaOf({})).toMatchObject({ toolLoop: { ask: { conversation: 'loop' } } });
    expect(JSON.stringify(metaOf({}))).not.toContain('schema');
  });
});

it('a chat tells the value of each answer, and none of the answer before', async () => {
  const model: readonly ModelAnswer[] = [
    '{"balls":3}',
    { hang: true },
    'Four.',
    'Four!',
    '{"balls":5}',
  ];
  const run = await ended(model, { chat: {}, bounds: { timeMs: 5_000 } });
  const heard: unknown[] = [];
  run.on('answered', (event) => heard.push(event));
  for (const prompt of ['Again?', 'And now?', 'Now?']) {
    await t.publish(`chat/${run.id}/prompts`, prompt);
    await t.advance('6s');
  }
  const replies = await t.receive(`chat/${run.id}/replies`, { group: 'test', max: 100 });
  const said = replies.map(({ payload }) => payload);
  expect(said).toMatchObject([
    { type: 'answered', value: { balls: 3 } },
    { type: 'stopped', end: 'time' },
    { type: 'failed', code: 'answer-unfit' },
    { type: 'answered', value: { balls: 5 } },
  ]);
  expect(said[1]).not.toHaveProperty('value');
  expect(heard.at(-1)).toEqual(said[3]);
});

it.each([
  ['no schema', 7, 'toolLoop.schema'],
  ['a wrong keyword', { type: 'object', required: 'balls' }, 'toolLoop.schema.required'],
  ['a dialect of nobody', { $schema: 'https://example.com/mine' }, 'toolLoop.schema.$schema'],
  ['what JSON Schema cannot say', z.object({ at: z.date() }), 'toolLoop.schema'],
  ['what does not describe itself', v.object({ balls: v.number() }), 'toolLoop.schema'],
])('promise 11: %s is refused by its field', (_, of, field) => {
  expect(() => toolLoop({ id: 'loop', schema: of as object })).toThrow(
    expect.objectContaining({
      code: 'invalid-field',
      detail: expect.objectContaining({ field }) as object,
    }),
  );
});
