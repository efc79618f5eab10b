/** What an author may say of a loop's model calls and of its tools, and what comes of it. */
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { toolLoop, type AuthorTool, type ToolLoopOptions } from '../../src/index.ts';
import { testHeddle, type ModelAnswer, type TestHeddle } from '../../src/testing/index.ts';
import { oneReplica } from '../support/replica.ts';
import { model } from './model.ts';

let t: TestHeddle | undefined;
afterEach(async () => {
  await t?.close();
  t = undefined;
});

const toolOf = (run: AuthorTool['run'], of: Partial<AuthorTool> = {}): AuthorTool => ({
  description: 'Works.',
  schema: z.object({ n: z.number() }),
  run,
  ...of,
});
const works = (n: number) => ({ name: 'work', input: { n } });

/** One step with these calls of `work`; gives the messages of the last model call. */
async function worked(
  tools: Readonly<Record<string, AuthorTool>>,
  calls: readonly { readonly name: string; readonly input: { readonly n: number } }[],
  options: Partial<ToolLoopOptions> = {},
) {
  const loop = toolLoop({ id: 'loop', builtIn: [], tools, ...options });
  const answers: ModelAnswer[] = [{ toolCalls: calls }, 'Done.'];
  t = await testHeddle({
    agents: [loop],
    model: answers,
  });
  const run = await t.start('loop', { input: { prompt: 'Begin.' } });
  expect(await t.finish(run)).toMatchObject({ end: 'answered' });
  return (t.model.calls.at(-1)?.messages ?? []).filter(({ role }) => role === 'tool');
}

describe('the model calls', () => {
  it('take the options of generate, and the route from the loop itself', async () => {
    const of = { ...model(() => ({ text: 'Hello.' })), models: ['m', 'small'] };
    const loop = toolLoop({
      id: 'loop',
      builtIn: [],
      providers: ['model'],
      model: 'small',
      generate: {
        maxTokens: 100,
        stopSequences: ['END'],
        reasoning: 'low',
        cache: '1h',
        providerOptions: { model: { top_k: 5 } },
      },
    });
    const { heddle, clock } = await oneReplica({ agents: [loop], providers: [of] });
    const run = await heddle.start('loop', { input: { prompt: 'Begin.' } });
    await clock.idle();
    expect(await run.output({ timeoutMs: 1 })).toMatchObject({ end: 'answered' });
    expect(of.heard[0]).toMatchObject({
      providers: ['model'],
      model: 'small',
      maxTokens: 100,
      providerOptions: { model: { top_k: 5 } },
    });
  });

  it.each(['required', { tool: 'work' }] as const)(
    'force a tool only once: %j',
    async (toolChoice) => {
      const of = {
        ...model((at) => (at < 3 ? { calls: [works(at)] } : undefined)),
        supports: { toolChoice: true },
      };
      const loop = toolLoop({
        id: 'loop',
        builtIn: [],
        tools: { work: toolOf(() => Promise.resolve('done')) },
        generate: { toolChoice },
      });
      const { heddle, clock } = await oneReplica({ agents: [loop], providers: [of] });
      const run = await heddle.start('loop', { input: { prompt: 'Begin.' } });
      await clock.idle();
      expect(await run.output({ timeoutMs: 1 })).toMatchObject({ end: 'answered' });
      expect(of.heard.map((input) => input.toolChoice)).toEqual([toolChoice, undefined, undefined]);
    },
  );

  it('whose prompt does not fit end the loop as one whose context is full', async () => {
    const loop = toolLoop({ id: 'loop', builtIn: [] });
    t = await testHeddle({ agents: [loop], model: [{ broken: 'context-overflow' }] });
    const run = await t.start('loop', { input: { prompt: 'Begin.' } });
    expect(await run.output()).toMatchObject({ end: 'context-full', stopReason: 'context-full' });
  });

  it('that fail otherwise fail the run', async () => {
    const loop = toolLoop({ id: 'loop', builtIn: [] });
    t = await testHeddle({ agents: [loop], model: [{ status: 422 }] });
    const run = await t.start('loop', { input: { prompt: 'Begin.' } });
    await expect(run.output()).rejects.toMatchObject({ code: expect.any(String) as string });
    expect(await run.status()).toBe('failed');
  });
});

describe('a tool', () => {
  it('is tried again as often as it says, under one key', async () => {
    const keys: string[] = [];
    const work = toolOf(
      ({ idempotencyKey }) => {
        keys.push(idempotencyKey);
        return keys.length < 3 ? Promise.reject(new Error('not yet')) : Promise.resolve('done');
      },
      { retries: 2 },
    );
    const results = await worked({ work }, [works(1)]);
    expect(results).toMatchObject([{ content: 'done' }]);
    expect(keys).toEqual([keys[0], keys[0], keys[0]]);
  });

  it('is given up after its time', async () => {
    const work = toolOf(() => new Promise(() => undefined), { timeoutMs: 5_000 });
    const loop = toolLoop({ id: 'loop', builtIn: [], tools: { work } });
    t = await testHeddle({ agents: [loop], model: [{ toolCalls: [works(1)] }, 'Done.'] });
    const run = await t.start('loop', { input: { prompt: 'Begin.' } });
    await t.settle({ tasks: 'leave' });
    await t.advance('5s', { tasks: 'leave' });
    expect(await run.output()).toMatchObject({ end: 'answered' });
    expect(t.model.calls.at(-1)?.messages.at(-1)).toMatchObject({ isError: true });
  });

  /** Tools that note when they begin and end. */
  function noting(seen: string[], of: Partial<AuthorTool> = {}): AuthorTool {
    return toolOf(async ({ input }) => {
      const { n } = input as { readonly n: number };
      seen.push(`begin ${n}`);
      for (let i = 0; i < 20; i++) await new Promise((go) => setImmediate(go));
      seen.push(`end ${n}`);
      return n;
    }, of);
  }
  const inOrder = ['begin 1', 'end 1', 'begin 2', 'end 2', 'begin 3', 'end 3'];

  it('is called side by side with the others, or one after the other', async () => {
    const seen: string[] = [];
    await worked({ work: noting(seen) }, [works(1), works(2), works(3)]);
    expect(seen).not.toEqual(inOrder);
    seen.length = 0;
    await t?.close();
    const options = { parallel: false };
    const results = await worked({ work: noting(seen) }, [works(1), works(2), works(3)], options);
    expect(seen).toEqual(inOrder);
    expect(results.map(({ content }) => content)).toEqual(['1', '2', '3']);
  });

  it('that is serial waits only for such ones', async () => {
    const [seen, free]: [string[], string[]] = [[], []];
    const tools = { work: noting(seen, { serial: true }), other: noting(free) };
    const others = [1, 2].map((n) => ({ name: 'other', input: { n } }));
    await worked(tools, [works(1), ...others, works(2), works(3)]);
    expect(seen).toEqual(inOrder);
    expect(free.slice(0, 2)).toEqual(['begin 1', 'begin 2']);
  });
});

describe('the result of a tool', () => {
  const png = Buffer.from([1, 2, 3]);
  const image = { type: 'image', mediaType: 'image/png', data: png.toString('base64') };

  it.each([
    ['an image', image, { content: '', parts: [image] }],
    ['an image in bytes', { ...image, data: png }, { content: '', parts: [image] }],
    [
      'a list of parts',
      [{ type: 'text', text: 'See: ' }, { type: 'json', value: { a: 1 } }, image],
      {
        content: 'See: {"a":1}',
        parts: [{ type: 'text', text: 'See: ' }, { type: 'json', value: { a: 1 } }, image],
      },
    ],
  ])('may be %s', async (_, output, message) => {
    const results = await worked({ work: toolOf(() => Promise.resolve(output)) }, [works(1)]);
    expect(results).toMatchObject([message]);
  });

  it.each([
    ['an image without bytes', { type: 'image', title: 'A loom' }],
    ['a list with something else in it', [image, 7]],
    ['a list of texts alone', [{ type: 'text', text: 'a' }]],
  ])('is JSON, as it was before there were parts, when it is %s', async (_, output) => {
    const results = await worked({ work: toolOf(() => Promise.resolve(output)) }, [works(1)]);
    expect(results).toMatchObject([{ content: JSON.stringify(output) }]);
    expect(results[0]).not.toHaveProperty('parts');
  });

  it.each([
    ['in base64', { ...image, mediaType: 'image/svg+xml' }],
    ['in bytes', { ...image, mediaType: 'image/svg+xml', data: png }],
    ['as an address of data', { type: 'image', data: 'data:image/svg+xml;base64,AQID' }],
    ['among others', [image, { ...image, mediaType: 'image/svg+xml' }, 7]],
  ])(
    'is an error in words when an image has a type that no vendor takes: %s',
    async (_, output) => {
      const results = await worked({ work: toolOf(() => Promise.resolve(output)) }, [works(1)]);
      const content = 'The tool gave an image of the type image/svg+xml; it may be image/png, ';
      expect(results).toMatchObject([
        { isError: true, content: expect.stringContaining(content) as string },
      ]);
      expect(JSON.stringify(results)).not.toMatch(/AQID/);
    },
  );

  it('has a bound for its images, one by one and together', async () => {
    const of = (chars: number) => ({ ...image, data: 'AAAA'.repeat(chars / 4) });
    const outputs = [of(524_292), of(400_000), of(200_000), of(100_000)];
    const work = toolOf(({ input }) => Promise.resolve(outputs[(input as { n: number }).n]));
    const calls = [works(0), works(1), works(2), works(3)];
    const results = await worked({ work }, calls, { parallel: false });
    const error = { isError: true, content: expect.stringContaining('too large') as string };
    expect(results).toMatchObject([error, { content: '' }, error, { content: '' }]);
  });
});

describe('promise 11: what cannot be meant is refused where the loop is made', () => {
  const work = toolOf(() => Promise.resolve(1));
  const bad: readonly [string, object][] = [
    ['toolLoop.colour', { colour: 'red' }],
    ['toolLoop.tools.work.retry', { tools: { work: { ...work, retry: 1 } } }],
    ['toolLoop.tools.work.retries', { tools: { work: { ...work, retries: -1 } } }],
    ['toolLoop.tools.work.timeoutMs', { tools: { work: { ...work, timeoutMs: 0 } } }],
    ['toolLoop.tools.work.serial', { tools: { work: { ...work, serial: 'yes' } } }],
    ['toolLoop.tools.work.needsApproval', { tools: { work: { ...work, needsApproval: 'yes' } } }],
    ['toolLoop.tools.work.assignee', { tools: { work: { ...work, assignee: '' } } }],
    ['toolLoop.bounds.steps', { bounds: { steps: 1 } }],
    ['toolLoop.generate.prompt', { generate: { prompt: 'x' } }],
    ['toolLoop.generate.reasoning.tokens', { generate: { reasoning: { tokens: 1 } } }],
    ['toolLoop.generate.toolChoice.tool', { generate: { toolChoice: { tool: 'none' } } }],
    ['toolLoop.model', { model: 'm', generate: { model: 'm' } }],
    ['toolLoop.generate.tier', { model: 'm', tier: 'small' }],
    ['toolLoop.parallel', { parallel: 1 }],
    ['toolLoop.approvalTimeoutMs', { approvalTimeoutMs: 0 }],
    ['toolLoop.builtIn', { builtIn: ['ask', 'ask'] }],
    ['toolLoop.taskPolicy.tries', { taskPolicy: { tries: 2 } }],
  ];
  it.each(bad)('%s', (field, options) => {
    expect(() => toolLoop({ id: 'loop', ...options })).toThrow(
      expect.objectContaining({
        code: 'invalid-field',
        detail: expect.objectContaining({ field }) as object,
      }),
    );
  });
});
