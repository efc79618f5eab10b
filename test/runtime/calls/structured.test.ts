/** Calls with a schema: how the model is told, what counts as an answer, the one repair, and what it costs. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { GenerateRequest, Json, Provider, ProviderSupport } from '../../../src/index.ts';
import { ProviderFault, type ProviderCall } from '../../../src/providers/port.ts';
import { compileSchema } from '../../../src/schema/compile-schema.ts';
import { oneReplica } from '../../support/replica.ts';
import type { ScriptStep } from '../../support/script-agent.ts';

const schema = {
  type: 'object',
  properties: { n: { type: 'integer' } },
  required: ['n'],
  additionalProperties: false,
};

// The library that checks schemas is loaded by the first one, and takes as long as the machine does.
beforeAll(() => compileSchema(schema, 'schema'));

type Said =
  string | { readonly input: Json } | { readonly stop: string; readonly text: string } | Error;

/** A provider that says these one after the other. */
function saying(said: readonly Said[], supports?: ProviderSupport) {
  const calls: ProviderCall[] = [];
  const provider: Provider = {
    name: 'p',
    ceiling: 5,
    supports,
    pricePerMillion: { input: 1e6, output: 1e6 },
    call: (call) => {
      calls.push(call);
      const next = said[calls.length - 1] ?? 'no more';
      if (next instanceof Error) return Promise.reject(next);
      const isTool = typeof next === 'object' && 'input' in next;
      return Promise.resolve({
        text: typeof next === 'string' ? next : isTool ? '' : next.text,
        toolCalls: isTool ? [{ id: 'c', name: 'answer', input: next.input }] : [],
        stopReason: typeof next === 'string' || isTool ? 'end' : next.stop,
        usage: { inputTokens: 2, outputTokens: 3 },
        provider: 'p',
        model: 'm',
      });
    },
  };
  return { provider, calls };
}

async function asked(
  said: readonly Said[],
  {
    supports,
    later = [],
    ...more
  }: {
    supports?: ProviderSupport;
    later?: readonly ScriptStep[];
  } & Partial<GenerateRequest> = {},
) {
  const { provider, calls } = saying(said, supports);
  const replica = await oneReplica({ providers: [provider] });
  const { heddle, clock } = replica;
  await heddle.setBudget({ user: 'ann' }, { cost: 1_000_000 });
  const steps: ScriptStep[] = [
    { do: 'generate', with: { prompt: 'q', schema, ...more } },
    ...later,
  ];
  const run = await heddle.start('script', { user: 'ann', input: { steps } });
  await clock.idle();
  await clock.advance(60_000);
  await clock.idle();
  const journal = [];
  for await (const line of run.journal()) journal.push(line);
  const events = JSON.stringify(journal);
  const budget = await heddle.budget({ user: 'ann' });
  return { calls, events, spent: budget?.spent.cost, run, heddle, clock };
}

describe('a call with a schema', () => {
  it('goes unchanged to a provider that holds the model to it', async () => {
    const { calls, events } = await asked(['{"n":1}'], { supports: { schema: true } });
    expect(calls.map(({ input }) => input.schema)).toEqual([schema]);
    expect(events).toContain('"value":{"n":1}');
  });

  it('is told in words where the provider holds to it only without tools', async () => {
    const supports = { schema: 'without-tools' } as const;
    const tools = [{ name: 'look', inputSchema: { type: 'object' } }];
    const withTools = await asked(['{"n":1}'], { supports, tools });
    expect(withTools.calls[0]?.input).not.toHaveProperty('schema');
    expect(withTools.calls[0]?.input.system).toContain('Answer with JSON alone');
    const without = await asked(['{"n":1}'], { supports });
    expect(without.calls[0]?.input.schema).toEqual(schema);
  });

  it('is told in words elsewhere, behind the instructions of the chart', async () => {
    const { calls, events } = await asked(['```json\n{"n":1}\n```'], { system: 'Be kind.' });
    const [{ input }] = calls as [ProviderCall];
    expect(input.schema).toBeUndefined();
    expect(input.system).toMatch(/^Be kind\.\n\nAnswer with JSON alone/);
    expect(input.system).toContain(JSON.stringify(schema));
    expect(events).toContain('"value":{"n":1}');
  });

  it('is a forced tool where the provider takes one and the model neither thinks nor has tools', async () => {
    const supports = { toolChoice: true, preferences: ['reasoning'] } as const;
    const { calls, events } = await asked([{ input: { n: 4 } }], { supports });
    expect(calls[0]?.input).toMatchObject({
      toolChoice: { tool: 'answer' },
      tools: [{ name: 'answer', inputSchema: schema }],
    });
    expect(events).toContain('"text":"{\\"n\\":4}","toolCalls":[],"stopReason":"end"');
    const thinking = await asked(['{"n":4}'], { supports, reasoning: 'low' });
    expect(thinking.calls[0]?.input.toolChoice).toBeUndefined();
    const tools = [{ name: 'look', inputSchema: { type: 'object' } }];
    const withTools = await asked(['{"n":4}'], { supports, tools });
    expect(withTools.calls[0]?.input.toolChoice).toBeUndefined();
  });

  it.each([
    ['no JSON', 'I think 7', 'is not JSON'],
    ['another type', '{"n":"7"}', 'integer'],
    ['a part of it', '{}', 'n'],
    ['more than it', '{"n":1,"m":2}', 'm'],
  ])('whose answer is %s is repaired once, under a key of its own', async (_what, first, words) => {
    const { calls, events, spent } = await asked([first, '{"n":7}']);
    const [one, two] = calls as [ProviderCall, ProviderCall];
    expect(calls).toHaveLength(2);
    expect(two.idempotencyKey).toBe(`${one.idempotencyKey}/repair-1`);
    expect(two.input.messages).toEqual([
      { role: 'user', content: 'q' },
      { role: 'assistant', content: first },
    ]);
    expect(two.input.prompt).toContain(words);
    expect(events).toContain('"value":{"n":7}');
    expect(events).toContain('"repair":{"reason":');
    expect(events).toContain('"usage":{"inputTokens":4,"outputTokens":6}');
    expect(spent).toBe(10);
  });

  it('fails when the repair does not fit either, and both are charged', async () => {
    const { calls, events, spent } = await asked(['no', 'no', '{"n":1}']);
    expect(calls).toHaveLength(2);
    expect(events).toContain('answer-unfit');
    expect(spent).toBe(10);
  });

  it('is charged for its first answer when its repair is refused for good', async () => {
    const { events, spent } = await asked(['no', new ProviderFault('caller', 'too long', null)]);
    expect(events).toContain('too long');
    expect(spent).toBe(5);
  });

  it.each([
    // Five tokens for each answer, by the prices of the provider that gave it.
    ['its first answer', ['{"n":1}'], { tokens: 10, cost: 55 }],
    ['all three answers', ['no', '{"n":1}'], { tokens: 15, cost: 105 }],
  ])('that moves to another provider is charged for %s', async (_what, said, spent) => {
    const wait = new ProviderFault('rate-limited', 'wait', 3_600_000);
    const first = saying(['no', wait]);
    const second = saying(said);
    const dear = { input: 1e7, output: 1e7 };
    const q = { ...second.provider, name: 'q', pricePerMillion: dear };
    const { heddle, clock } = await oneReplica({ providers: [first.provider, q] });
    await heddle.setBudget({ user: 'ann' }, { cost: 1_000_000 });
    const steps = [{ do: 'generate', with: { prompt: 'q', schema, providers: ['p', 'q'] } }];
    const run = await heddle.start('script', { user: 'ann', input: { steps } });
    await clock.idle();
    await clock.advance(60_000);
    await clock.idle();
    expect(await run.output({ timeoutMs: 1 })).toMatchObject([{ done: { value: { n: 1 } } }]);
    expect(second.calls).toHaveLength(said.length);
    expect((await heddle.budget({ user: 'ann' }))?.spent).toMatchObject(spent);
  });

  it.each([
    ['its run is cancelled', {}],
    [
      'its run gives it up and goes on',
      { timeoutMs: 30_000, later: [{ do: 'sleep', ms: 15_000 }] as const },
    ],
  ])('that waits for its repair is charged for its first answer when %s', async (_what, more) => {
    const wait = new ProviderFault('rate-limited', 'wait', 3_600_000);
    const { calls, run, heddle, spent, clock } = await asked(['no', wait], more);
    expect(calls).toHaveLength(2);
    const isOver = 'timeoutMs' in more;
    expect(spent).toBe(isOver ? 5 : 0);
    if (!isOver) await run.cancel();
    await clock.idle();
    expect((await heddle.budget({ user: 'ann' }))?.spent).toMatchObject({ tokens: 5, cost: 5 });
  });

  it.each(['rate-limited', 'outage'] as const)(
    'does not ask for the first answer again when its repair meets %s',
    async (kind) => {
      const fault = new ProviderFault(kind, 'wait', 100);
      const { calls, events, spent } = await asked(['no', fault, '{"n":1}']);
      const keys = calls.map(({ idempotencyKey }) => idempotencyKey.endsWith('/repair-1'));
      expect(keys).toEqual([false, true, true]);
      expect(events).toContain('"value":{"n":1}');
      expect(spent).toBe(10);
    },
  );

  it.each(['max-tokens', 'refusal', 'odd'])(
    'that ended by %s has no value and is not repaired',
    async (stop) => {
      const { calls, events } = await asked([{ stop, text: '{"n":1}' }]);
      expect(calls).toHaveLength(1);
      expect(events).not.toContain('"value"');
      expect(events).not.toContain('answer-unfit');
    },
  );
});

it('notes the preferences that a provider does not know, and leaves them out', async () => {
  const more = { temperature: 0.5, reasoning: 'low', cache: true, stopSequences: ['x'] } as const;
  const some = { preferences: ['reasoning'] } as const;
  const { calls, events } = await asked(['{"n":1}'], { ...more, supports: some });
  expect(calls[0]?.input).toMatchObject({ reasoning: 'low' });
  for (const name of ['temperature', 'cache', 'stopSequences']) {
    expect(calls[0]?.input).not.toHaveProperty(name);
    expect(events).toContain(`${name} was left out: provider p does not know it`);
  }
  const plain = await asked(['{"n":1}'], more);
  expect(plain.calls[0]?.input).toMatchObject({ temperature: 0.5 });
});
