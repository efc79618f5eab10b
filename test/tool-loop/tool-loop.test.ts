/** The tool loop over the in-memory store: its steps, its tools, its bounds, and what goes wrong. */
import { describe, expect, it } from 'vitest';
import { setup } from 'xstate';
import { tool, toolLoop, type StandardSchema, type ToolLoopOptions } from '../../src/index.ts';
import { toolLoopAgent } from '../../machines/agents/tool-loop.ts';
import { oneReplica, type Replica, type World } from '../support/replica.ts';
import { lastResults, model, type Model, type Said, type Told } from './model.ts';

/** Accepts an object whose `n` is a number; says so as any schema library would. */
const numbers: StandardSchema<{ readonly n: number }> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => {
      const { n } = value as { readonly n?: unknown };
      if (typeof n === 'number') return { value: { n } };
      return { issues: [{ message: 'must be a number', path: ['n'] }] };
    },
  },
};
const inputSchema = { type: 'object', properties: { n: { type: 'number' } } };
const described = { description: 'Doubles.', schema: numbers, inputSchema };
const double = tool({
  ...described,
  run: ({ input }) => Promise.resolve({ doubled: input.n * 2 }),
});

const child = setup({ types: { input: {} as { readonly a: number } } }).createMachine({
  id: 'child',
  context: ({ input }) => input,
  initial: 'end',
  states: { end: { type: 'final' } },
  output: ({ context }) => ({ got: context }),
});

type Around = World & Replica & { readonly of: Model };

async function loopOf(
  say: Parameters<typeof model>[0],
  options: Partial<ToolLoopOptions> = {},
): Promise<Around> {
  const of = model(say);
  const loop = toolLoop({ id: 'loop', tools: { double }, ...options });
  const agents = [loop, child];
  return { ...(await oneReplica({ agents, providers: [of] })), of };
}

async function ended({ heddle, clock }: Around): Promise<unknown> {
  const run = await heddle.start('loop', { input: { prompt: 'Begin.' } });
  await clock.idle();
  return run.output({ timeoutMs: 1 });
}

/** One step that calls these tools; then the model ends. Gives what it was told of them. */
async function toldOf(
  calls: NonNullable<Said['calls']>,
  options: Partial<ToolLoopOptions> = {},
): Promise<Told[]> {
  const around = await loopOf((at) => (at === 1 ? { calls } : undefined), options);
  expect(await ended(around)).toMatchObject({ end: 'answered', text: 'Done.' });
  return lastResults(around.of.heard.at(-1));
}

describe('a loop', () => {
  it('thinks, acts with tools side by side, observes, and ends when no tool is called', async () => {
    const around = await loopOf(
      (at) =>
        [
          {
            text: 'Let me see.',
            calls: [
              { name: 'remember', input: { scope: 'run', key: 'k', value: [1] } },
              { name: 'double', input: { n: 21 } },
            ],
          },
          { calls: [{ name: 'recall', input: { scope: 'run', key: 'k' } }] },
          { text: 'It is 42.' },
        ][at - 1],
      { system: 'Be brief.', generate: { temperature: 0 } },
    );
    expect(await ended(around)).toEqual({
      end: 'answered',
      text: 'It is 42.',
      iterations: 3,
      tokens: 33,
      stopReason: 'end',
    });
    const [first, second, third] = around.of.heard;
    expect(first).toMatchObject({
      system: 'Be brief.',
      temperature: 0,
      messages: [{ role: 'user', content: 'Begin.' }],
    });
    expect(first).not.toHaveProperty('conversation');
    expect(first?.tools?.map(({ name }) => name)).toEqual([
      'remember',
      'recall',
      'publish',
      'receive',
      'evaluate',
      'ask',
      'double',
    ]);
    expect(second?.messages).toEqual([
      { role: 'user', content: 'Begin.' },
      {
        role: 'assistant',
        content: 'Let me see.',
        toolCalls: [
          { id: '1-0', name: 'remember', input: { scope: 'run', key: 'k', value: [1] } },
          { id: '1-1', name: 'double', input: { n: 21 } },
        ],
      },
      { role: 'tool', toolCallId: '1-0', content: '{"key":"k","version":1}' },
      { role: 'tool', toolCallId: '1-1', content: '{"doubled":42}' },
    ]);
    expect(third?.messages).toHaveLength(6);
    expect(lastResults(third)).toEqual([expect.stringContaining('"value":[1]')]);
  });

  it('publishes, receives, evaluates and starts another agent', async () => {
    const runId = '00000000-0000-7000-8000-0000000000ff';
    const results = await toldOf(
      [
        { name: 'publish', input: { channel: 'c', payload: { x: 1 } } },
        { name: 'evaluate', input: { runId, score: 0.5, rationale: 'So so.' } },
        { name: 'spawn', input: { agent: 'child', input: { a: 1 } } },
        { name: 'receive', input: { channel: 'c' } },
      ],
      { children: [{ agent: child, description: 'Gives back.' }] },
    );
    expect(results).toEqual([
      expect.stringContaining('"channel":"c"'),
      expect.stringContaining('"evaluationId"'),
      '{"got":{"a":1}}',
      expect.stringContaining('"payload":{"x":1}'),
    ]);
  });

  it('waits for a person', async () => {
    const calls = [{ name: 'ask', input: { question: 'Shall I?' } }];
    const around = await loopOf((at) => (at === 1 ? { calls } : undefined));
    const run = await around.heddle.start('loop', { input: { prompt: 'Begin.' } });
    await around.clock.idle();
    expect((await run.row()).status).toBe('waiting-on-person');
    await run.answer('call-0', 'yes');
    await around.clock.idle();
    expect(lastResults(around.of.heard.at(-1))).toEqual(['{"answer":"yes"}']);
  });

  it('comes as an agent that is ready to be registered', async () => {
    const of = model(() => ({ text: 'Hello.' }));
    const { heddle, clock } = await oneReplica({ agents: [toolLoopAgent], providers: [of] });
    const run = await heddle.start('tool-loop', { input: { prompt: 'Say hello.' } });
    await clock.idle();
    expect(await run.output({ timeoutMs: 1 })).toMatchObject({ end: 'answered', text: 'Hello.' });
  });
});

describe('what is wrong goes back to the model, and fails no run', () => {
  it('an unknown tool', async () => {
    expect(await toldOf([{ name: 'fly', input: {} }])).toEqual([
      [expect.stringMatching(/^There is no tool called fly; there are remember, .*, double\.$/)],
    ]);
  });

  it('arguments that are no JSON object', async () => {
    const call = { name: 'double', input: {}, invalid: 'it ends in the middle of a text' };
    expect(await toldOf([call])).toEqual([
      ['The arguments of double cannot be read: it ends in the middle of a text'],
    ]);
  });

  it("arguments that the author's schema or heddle's own check refuses", async () => {
    const results = await toldOf(
      [
        { name: 'double', input: { n: 'many' } },
        { name: 'remember', input: { scope: 'moon', key: 'k', value: 1 } },
        { name: 'publish', input: { channel: 'c', payload: 1, colour: 'red' } },
        { name: 'spawn', input: { agent: 'nobody' } },
      ],
      { children: [{ agent: child, description: 'Gives back.' }] },
    );
    expect(results).toEqual([
      ['The arguments of double do not fit. n: must be a number'],
      [expect.stringContaining('remember.scope must be one of run, agent, user, tenant')],
      [expect.stringContaining('publish.colour is unknown')],
      ['spawn.agent must be one of child.'],
    ]);
  });

  it('more calls than there are places', async () => {
    const call = { name: 'double', input: { n: 1 } };
    const results = await toldOf([call, call, call], { bounds: { toolCallsMax: 2 } });
    expect(results).toEqual([
      '{"doubled":2}',
      '{"doubled":2}',
      ['At most 2 tools can be called at once; call it again.'],
    ]);
  });

  it('results that are too long, poisonous, or no JSON', async () => {
    const outputs: readonly unknown[] = [
      'x'.repeat(101),
      'a\u0000b\ud800',
      10n,
      { deep: undefined },
    ];
    const odd = tool({ ...described, run: ({ input }) => Promise.resolve(outputs[input.n]) });
    const calls = outputs.map((_, n) => ({ name: 'odd', input: { n } }));
    const results = await toldOf(calls, { tools: { odd }, bounds: { resultCharsMax: 100 } });
    expect(results).toEqual([
      ['The result has 101 characters; at most 100 can be read. Ask for less of it.'],
      'ab\ufffd',
      ['The tool gave a result that is not plain JSON.'],
      '{}',
    ]);
  });

  it('a memory value that is too long to be read', async () => {
    const value = 'v'.repeat(200);
    const calls = [
      { name: 'remember', input: { scope: 'run', key: 'k', value } },
      { name: 'recall', input: { scope: 'run', key: 'k' } },
    ];
    const [, recalled] = await toldOf(calls, { bounds: { resultCharsMax: 100 } });
    expect(recalled).toEqual([expect.stringMatching(/^The result has \d+ characters/)]);
  });

  it('a tool that throws, when its attempts are used up', async () => {
    let runs = 0;
    const run = () => {
      runs += 1;
      return Promise.reject(new Error('no \u0000 such \ud800 file'));
    };
    const results = await toldOf([{ name: 'broken', input: { n: 1 } }], {
      tools: { broken: tool({ ...described, run }) },
      taskPolicy: { attempts: 1 },
    });
    expect(results).toEqual([[expect.stringContaining('no  such \ufffd file')]]);
    expect(runs).toBe(1);
  });
});

describe('bounds end the run in a state of their own', () => {
  const always: Said = { text: 'On and on.', calls: [{ name: 'double', input: { n: 1 } }] };

  it('iterations', async () => {
    const around = await loopOf(() => always, { bounds: { iterationsMax: 3 } });
    expect(await ended(around)).toMatchObject({ end: 'iterations', iterations: 3 });
    expect(around.of.heard).toHaveLength(3);
  });

  it('tokens', async () => {
    const around = await loopOf(() => always, { bounds: { tokensMax: 30 } });
    expect(await ended(around)).toMatchObject({ end: 'tokens', tokens: 33, text: 'On and on.' });
  });

  it('time, whatever it waits for', async () => {
    const waits = { calls: [{ name: 'receive', input: { channel: 'never' } }] };
    const around = await loopOf(() => waits, { bounds: { timeMs: 5_000 } });
    const run = await around.heddle.start('loop', { input: { prompt: 'Begin.' } });
    await around.clock.advance(4_999);
    expect((await run.row()).status).toBe('waiting-on-channel');
    await around.clock.advance(1);
    expect(await run.output({ timeoutMs: 1 })).toMatchObject({ end: 'time', iterations: 1 });
  });
});

describe('mistakes of its author are seen where it is made', () => {
  it.each([
    ['a name that providers refuse', { tools: { 'a b': double } }],
    ["a name of heddle's own", { tools: { recall: double } }],
    ['a bound that is none', { bounds: { iterationsMax: 0 } }],
    [
      'a tool that tells the model nothing of its arguments',
      { tools: { t: tool({ description: 'd', schema: numbers, run: () => Promise.resolve(1) }) } },
    ],
  ])('promise 11: %s', (_, options) => {
    expect(() => toolLoop({ id: 'loop', ...options })).toThrow(
      expect.objectContaining({ code: 'invalid-field' }),
    );
  });

  it('its version is another when its tools are, and the same when its prompt or bounds change', async () => {
    const rows = await Promise.all(
      [{}, { system: 'Be brief.' }, { bounds: { iterationsMax: 3 } }, { builtIn: [] }].map(
        async (options) => {
          const loop = toolLoop({ id: 'loop', ...options });
          const { heddle } = await oneReplica({ agents: [loop] });
          return (await heddle.start('loop', { input: { prompt: '' } })).row();
        },
      ),
    );
    const [plain, prompt, bounds, tools] = rows.map(({ version }) => version);
    expect([prompt, bounds]).toEqual([plain, plain]);
    expect(tools).not.toBe(plain);
    // Which texts a turn ran with is told by its build.
    expect(new Set(rows.map(({ build }) => build)).size).toBe(4);
  });
});
