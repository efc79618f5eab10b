/** `languageModel`: what is asked of a model of each version, what its answers become, and what its errors mean. */
import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { AssistantPart, GenerateRequest, Provider } from '../../../src/index.ts';
import { languageModel } from '../../../src/providers/ai-sdk/language-model.ts';
import { asAnswer } from '../../../src/providers/check-answer.ts';
import type { ProviderCall } from '../../../src/providers/port.ts';
import { finish, handModel } from './models.ts';

const versions = ['v2', 'v3', 'v4'] as const;

function calling(provider: Provider, input: GenerateRequest, more: Partial<ProviderCall> = {}) {
  const { signal } = new AbortController();
  return provider.call({ input, idempotencyKey: 'run:think:1', attempt: 1, signal, ...more });
}

const signed = { vendor: { signature: 'S' } };
const answerOf = (version: (typeof versions)[number]) => [
  { type: 'stream-start', warnings: [{ type: 'unsupported-setting', setting: 'topK' }] },
  { type: 'response-metadata', modelId: 'made-20261021' },
  { type: 'reasoning-start', id: 'r' },
  { type: 'reasoning-delta', id: 'r', delta: 'Let ' },
  { type: 'reasoning-delta', id: 'r', delta: 'me' },
  { type: 'reasoning-end', id: 'r', providerMetadata: signed },
  { type: 'text-start', id: 't' },
  { type: 'text-delta', id: 't', delta: 'Looking' },
  { type: 'text-end', id: 't' },
  { type: 'tool-input-start', id: 'c', toolName: 'look' },
  { type: 'tool-input-delta', id: 'c', delta: '{"n":1}' },
  { type: 'tool-input-end', id: 'c' },
  {
    type: 'tool-call',
    toolCallId: 'c',
    toolName: 'look',
    input: '{"n":1}',
    providerMetadata: signed,
  },
  { type: 'tool-call', toolCallId: 'own', toolName: 'web', input: '{}', providerExecuted: true },
  { type: 'raw', rawValue: 1 },
  { type: 'some-new-part', x: 1 },
  finish(version, 'tool-calls'),
];

describe.each(versions)('a model of %s', (version) => {
  it('answers with parts, whose metadata goes back with the next call', async () => {
    const model = handModel(version, answerOf(version), [
      { type: 'text-start', id: 't' },
      { type: 'text-delta', id: 't', delta: 'Done' },
      finish(version),
    ]);
    const provider = languageModel(model);
    const deltas: unknown[] = [];
    const given = await calling(
      provider,
      { prompt: 'q' },
      { onDelta: (delta) => deltas.push(delta) },
    );
    const answer = asAnswer(provider, { prompt: 'q' }, given);
    const written = version === 'v2' ? {} : { cacheWriteTokens: 2 };
    expect(answer).toMatchObject({
      text: 'Looking',
      toolCalls: [{ id: 'c', name: 'look', input: { n: 1 } }],
      stopReason: 'tool-calls',
      model: 'made-20261021',
      provider: 'hand:made',
      notes: ['unsupported-setting topK'],
      usage: {
        inputTokens: 10,
        outputTokens: 6,
        cacheReadTokens: 3,
        reasoningTokens: 4,
        ...written,
      },
    });
    expect(answer.parts?.map(({ type }) => type)).toEqual([
      'reasoning',
      'text',
      'tool-call',
      'opaque',
      'opaque',
    ]);
    expect(deltas).toEqual([
      { type: 'reasoning', text: 'Let ' },
      { type: 'reasoning', text: 'me' },
      { type: 'text', text: 'Looking' },
      { type: 'tool-call', id: 'c', name: 'look', inputText: '' },
      { type: 'tool-call', id: 'c', name: 'look', inputText: '{"n":1}' },
    ]);

    const { text: content, toolCalls, parts } = answer;
    await calling(provider, {
      messages: [
        { role: 'user', content: 'q' },
        { role: 'assistant', content, toolCalls, ...(parts === undefined ? {} : { parts }) },
        { role: 'tool', toolCallId: 'c', content: 'seen' },
        { role: 'tool', toolCallId: 'd', content: 'no', isError: true },
      ],
    });
    expect(model.asked[1]?.['prompt']).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'q' }] },
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'Let me', providerOptions: signed },
          { type: 'text', text: 'Looking' },
          {
            type: 'tool-call',
            toolCallId: 'c',
            toolName: 'look',
            input: { n: 1 },
            providerOptions: signed,
          },
          {
            type: 'tool-call',
            toolCallId: 'own',
            toolName: 'web',
            input: '{}',
            providerExecuted: true,
          },
          { type: 'some-new-part', x: 1 },
        ],
      },
      {
        role: 'tool',
        content: [
          {
            type: 'tool-result',
            toolCallId: 'c',
            toolName: 'look',
            output: { type: 'text', value: 'seen' },
          },
          {
            type: 'tool-result',
            toolCallId: 'd',
            toolName: 'd',
            output: { type: 'error-text', value: 'no' },
          },
        ],
      },
    ]);
  });

  it('gets every option in its own words', async () => {
    const model = handModel(version, [finish(version)]);
    const provider = languageModel(model, { name: 'mine', ceiling: 3 });
    const inputSchema = { type: 'object' };
    await calling(provider, {
      system: 'Be kind.',
      messages: [
        {
          role: 'user',
          content: 'see',
          parts: [
            { type: 'text', text: 'see' },
            { type: 'image', mediaType: 'image/png', data: 'AAAA' },
            { type: 'image', url: 'https://x.example/a.png' },
          ],
        },
      ],
      tools: [{ name: 'look', description: 'Looks.', inputSchema }],
      toolChoice: { tool: 'look' },
      maxTokens: 7,
      temperature: 0.5,
      stopSequences: ['x'],
      reasoning: { budgetTokens: 20_000 },
      providerOptions: { mine: { vendor: { a: 1 } }, other: { b: 2 } },
    });
    const url = new URL('https://x.example/a.png');
    const [bytes, address] =
      version === 'v4'
        ? [
            { type: 'data', data: 'AAAA' },
            { type: 'url', url },
          ]
        : ['AAAA', url];
    expect(model.asked[0]).toMatchObject({
      prompt: [
        { role: 'system', content: 'Be kind.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'see' },
            { type: 'file', mediaType: 'image/png', data: bytes },
            { type: 'file', mediaType: 'image/*', data: address },
          ],
        },
      ],
      tools: [{ type: 'function', name: 'look', description: 'Looks.', inputSchema }],
      toolChoice: { type: 'tool', toolName: 'look' },
      maxOutputTokens: 7,
      temperature: 0.5,
      stopSequences: ['x'],
      reasoning: 'high',
      providerOptions: { vendor: { a: 1 } },
      headers: { 'idempotency-key': 'run:think:1' },
    });
    const knowsReasoning = provider.supports?.preferences?.includes('reasoning');
    expect(knowsReasoning).toBe(version === 'v4');
  });

  it.each([
    [
      'no finish',
      [
        { type: 'text-start', id: 't' },
        { type: 'text-delta', id: 't', delta: 'Hal' },
      ],
    ],
    ['an unknown finish', [finish(version, 'unknown')]],
    ['an interrupted one', [finish(version, 'interrupted')]],
    ['an error in its stream', [{ type: 'error', error: 'boom' }, finish(version)]],
    ['a part that is none', [{ type: 'text-delta', id: 1, delta: 2 }, finish(version)]],
  ])('is out when its stream has %s', async (_what, parts) => {
    const provider = languageModel(handModel(version, parts));
    await expect(calling(provider, { prompt: 'q' })).rejects.toMatchObject({
      name: 'ProviderFault',
      kind: 'outage',
    });
  });

  it('that gives no usage is counted by its characters', async () => {
    const bare = { type: 'finish', finishReason: version === 'v2' ? 'stop' : { unified: 'stop' } };
    const text = [
      { type: 'text-start', id: 't' },
      { type: 'text-delta', id: 't', delta: 'x'.repeat(40) },
    ];
    const answer = await calling(languageModel(handModel(version, [...text, bare])), {
      prompt: 'q',
    });
    expect(answer.usage.outputTokens).toBe(10);
    expect(answer.usage.inputTokens).toBeGreaterThan(0);
    expect(answer.notes?.join()).toContain('no usage');
  });

  it('keeps the word of an answer that ended for another reason', async () => {
    const provider = languageModel(handModel(version, [finish(version, 'other')]));
    const answer = asAnswer(provider, {}, await calling(provider, { prompt: 'q' }));
    expect(answer.stopReason).toBe('other');
    expect(answer.rawStopReason).toBe(version === 'v2' ? 'other' : 'raw-other');
  });
});

describe('an error', () => {
  const api = (statusCode: number, body: object, headers: object = {}) =>
    Object.assign(new Error('said no'), {
      name: 'AI_APICallError',
      statusCode,
      responseHeaders: headers,
      responseBody: JSON.stringify(body),
      isRetryable: true,
    });
  const named = (name: string) => Object.assign(new Error('words'), { name });
  const cut = new TypeError('fetch failed', {
    cause: Object.assign(new Error('x'), { code: 'ECONNREFUSED' }),
  });

  it.each([
    ['429', api(429, {}, { 'retry-after': '3' }), 'rate-limited', 3_000],
    [
      '529',
      api(529, { error: { type: 'overloaded_error', message: 'busy' } }),
      'rate-limited',
      null,
    ],
    ['500', api(500, {}), 'outage', null],
    ['401', api(401, {}), 'refused', null],
    ['400', api(400, { error: { type: 'invalid_request_error', message: 'bad' } }), 'caller', null],
    ['a refused connection', cut, 'outage', null],
    ['a missing key', named('AI_LoadAPIKeyError'), 'refused', null],
    ['a prompt that is wrong', named('AI_InvalidPromptError'), 'caller', null],
    ['an answer that does not parse', named('AI_JSONParseError'), 'outage', null],
  ])('means what it says: %s', async (_what, error, kind, retryAfterMs) => {
    const provider = languageModel(handModel('v3', error));
    await expect(calling(provider, { prompt: 'q' })).rejects.toMatchObject({
      name: 'ProviderFault',
      kind,
      retryAfterMs,
    });
  });

  it('of the model itself fails its call alone', async () => {
    const error = new RangeError('a fault of the model');
    const provider = languageModel(handModel('v3', error));
    await expect(calling(provider, { prompt: 'q' })).rejects.toBe(error);
  });

  it.each(['overloaded_error', 'rate_limit_error'])(
    'of type %s in a stream is a wait',
    async (type) => {
      const parts = [{ type: 'error', error: { type: 'error', error: { type, message: 'busy' } } }];
      await expect(calling(languageModel(handModel('v3', parts)), {})).rejects.toMatchObject({
        kind: 'rate-limited',
      });
    },
  );
});

describe('time', () => {
  const hanging = (signalled: { aborted: boolean }) =>
    Object.assign(handModel('v3'), {
      doStream: async ({ abortSignal }: { abortSignal: AbortSignal }) => {
        abortSignal.addEventListener('abort', () => (signalled.aborted = true));
        return Promise.resolve({ stream: new ReadableStream() });
      },
    });

  it.each([
    [{ idleMsMax: 30 }, 'for too long'],
    [{ deadlineMsMax: 30 }, 'deadline'],
  ])('is bounded by %j, though the model hears no signal', async (options, words) => {
    const signalled = { aborted: false };
    const provider = languageModel(hanging(signalled), options);
    await expect(calling(provider, { prompt: 'q' })).rejects.toMatchObject({
      kind: 'outage',
      message: expect.stringContaining(words) as string,
    });
    expect(signalled.aborted).toBe(true);
  });

  it('ends with the abort of the call', async () => {
    const signalled = { aborted: false };
    const abort = new AbortController();
    const call = calling(languageModel(hanging(signalled)), {}, { signal: abort.signal });
    abort.abort();
    await expect(call).rejects.toThrow('aborted');
    expect(signalled.aborted).toBe(true);
  });
});

describe('mistakes are seen where the provider is made', () => {
  it.each([
    ['an id', 'gpt-5', 'must be a model object'],
    ['null', null, 'specificationVersion'],
    [
      'an older version',
      { ...handModel('v2'), specificationVersion: 'v1' },
      'must be v2, v3 or v4',
    ],
    ['no stream', { ...handModel('v2'), doStream: 1 }, 'model.doStream'],
    ['no id', { ...handModel('v2'), modelId: '' }, 'model.modelId'],
  ])('%s', (_what, model, words) => {
    expect(() => languageModel(model as never)).toThrow(words);
  });

  it('an option that is unknown', () => {
    expect(() => languageModel(handModel('v2'), { cieling: 3 } as never)).toThrow('cieling');
  });
});

it('takes a structured answer of V4 as the model chose it, even an empty one', async () => {
  const result = {
    content: [
      { type: 'text', text: 'thinking aloud' },
      { type: 'reasoning', text: 'r' },
    ],
    structuredOutputText: '{"n":1}',
    finishReason: { unified: 'stop', raw: 'stop' },
    usage: {},
    warnings: [],
  };
  const schema = { type: 'object' };
  const one = await calling(languageModel(handModel('v4', [result])), { prompt: 'q', schema });
  expect(one.text).toBe('{"n":1}');
  const empty = { ...result, structuredOutputText: '' };
  const two = await calling(languageModel(handModel('v4', [empty])), { prompt: 'q', schema });
  expect(two.text).toBe('');
});

/** Of another provider that has had the name before, or of a chart's own hand. */
it.each(['', 'EqQBCgIYAhIM', '"text"', '[1]', 'null', '{'])(
  'leaves out what it cannot read of an earlier answer, such as the signature %j',
  async (signature) => {
    const model = handModel('v4', [finish('v4')]);
    const opaque = [
      null,
      'x',
      7,
      [],
      {},
      { kind: 'part' },
      { kind: 'metadata' },
      { kind: 'part', part: 1 },
    ];
    const parts: AssistantPart[] = [
      { type: 'reasoning', text: 'Hm', signature },
      ...opaque.map((data) => ({ type: 'opaque' as const, data })),
      { type: 'text', text: 'Yes' },
    ];
    await calling(languageModel(model), {
      messages: [{ role: 'assistant', content: 'Yes', parts }],
    });
    const content = [
      { type: 'reasoning', text: 'Hm' },
      { type: 'text', text: 'Yes' },
    ];
    expect(model.asked[0]?.['prompt']).toEqual([{ role: 'assistant', content }]);
  },
);

it('a call that cannot be written leaves no timer and no listener', async () => {
  const stop = new AbortController();
  const input = {
    get messages(): never {
      throw new TypeError('not to be written');
    },
  };
  const timers = () => process.getActiveResourcesInfo().filter((one) => one === 'Timeout').length;
  const before = timers();
  const provider = languageModel(handModel('v4', [finish('v4')]));
  await expect(calling(provider, input, { signal: stop.signal })).rejects.toThrow();
  expect(timers()).toBe(before);
  expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
});
