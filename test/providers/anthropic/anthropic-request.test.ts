/** What a generate's input becomes in the body of the Messages API: parts, options and their rules. */
import { describe, expect, it } from 'vitest';
import type { GenerateRequest } from '../../../src/domain/catalogue.ts';
import { anthropicRequest } from '../../../src/providers/anthropic/anthropic-request.ts';

const from = { provider: 'anthropic', model: 'claude-opus-4-8' };
const tools = [{ name: 'look', inputSchema: { type: 'object' } }];

function requestOf(input: GenerateRequest, to: object = {}) {
  const target = { model: 'claude-opus-4-8', provider: 'anthropic', maxTokens: 4_096, style: null };
  return anthropicRequest(input, { ...target, ...to });
}
const bodyOf = (input: GenerateRequest, to: object = {}): Record<string, unknown> => ({
  ...requestOf(input, to).body,
});

describe('parts', () => {
  it('become blocks in their order, and what is not known goes back unchanged', () => {
    const search = { type: 'server_tool_use', id: 'srv_1', name: 'web_search', input: { q: 'x' } };
    const { messages } = bodyOf({
      reasoning: 'low',
      messages: [
        {
          role: 'user',
          content: 'What is it?',
          parts: [
            { type: 'text', text: 'What is it?' },
            { type: 'image', mediaType: 'image/png', data: 'AAAA' },
            { type: 'image', url: 'https://host/a.png' },
          ],
        },
        {
          role: 'assistant',
          content: 'A loom.',
          toolCalls: [{ id: 'a', name: 'look', input: { n: 1 } }],
          parts: [
            { type: 'reasoning', text: '', signature: 'sig', from },
            { type: 'reasoning', text: '', encrypted: 'EmwK', from },
            { type: 'opaque', data: search, from },
            { type: 'text', text: 'A loom.' },
            { type: 'reasoning', text: 'unsigned' },
            {
              type: 'tool-call',
              id: 'a',
              name: 'look',
              input: { n: 1 },
              extra: { data: { caller: { type: 'code', tool_id: 'srv_1' } }, from },
            },
          ],
        },
        {
          role: 'tool',
          toolCallId: 'a',
          content: 'seen {"n":2}',
          parts: [
            { type: 'text', text: 'seen ' },
            { type: 'json', value: { n: 2 } },
            { type: 'image', mediaType: 'image/png', data: 'BBBB' },
          ],
        },
      ],
      prompt: 'Go on.',
    });
    const png = (data: string) => ({
      type: 'image',
      source: { type: 'base64', media_type: 'image/png', data },
    });
    expect(messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is it?' },
          png('AAAA'),
          { type: 'image', source: { type: 'url', url: 'https://host/a.png' } },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: '', signature: 'sig' },
          { type: 'redacted_thinking', data: 'EmwK' },
          search,
          { type: 'text', text: 'A loom.' },
          {
            type: 'tool_use',
            id: 'a',
            name: 'look',
            input: { n: 1 },
            caller: { type: 'code', tool_id: 'srv_1' },
          },
        ],
      },
      {
        role: 'user',
        content: [
          {
            type: 'tool_result',
            tool_use_id: 'a',
            content: [
              { type: 'text', text: 'seen ' },
              { type: 'text', text: '{"n":2}' },
              png('BBBB'),
            ],
          },
          { type: 'text', text: 'Go on.' },
        ],
      },
    ]);
  });

  it('whose bytes are not there fail the call', () => {
    const sha256 = 'a'.repeat(64);
    const image = { type: 'image', mediaType: 'image/png', sha256 } as const;
    const messages = [{ role: 'user', content: '', parts: [image] }] as const;
    expect(() => bodyOf({ messages })).toThrow(`the bytes of the image ${sha256}`);
  });
});

describe('options', () => {
  it('say which tool is called, and where the model stops', () => {
    const choice = (toolChoice: NonNullable<GenerateRequest['toolChoice']>) =>
      bodyOf({ prompt: 'x', tools, toolChoice })['tool_choice'];
    expect(choice('auto')).toBe(undefined);
    expect(choice('required')).toEqual({ type: 'any' });
    expect(choice('none')).toEqual({ type: 'none' });
    expect(choice({ tool: 'look' })).toEqual({ type: 'tool', name: 'look' });
    expect(bodyOf({ prompt: 'x', toolChoice: 'none' })['tool_choice']).toBe(undefined);
    expect(bodyOf({ prompt: 'x', stopSequences: ['END'] })['stop_sequences']).toEqual(['END']);
  });

  it('of the call are written over the body, but for what heddle needs', () => {
    const { body, notes } = requestOf({
      prompt: 'x',
      reasoning: 'low',
      providerOptions: {
        anthropic: {
          model: 'dear',
          stream: false,
          service_tier: 'auto',
          output_config: { effort: 'max' },
        },
        ollama: { keep_alive: 0 },
      },
      schema: { type: 'object', properties: {} },
    });
    expect(body).toMatchObject({
      model: 'claude-opus-4-8',
      stream: true,
      service_tier: 'auto',
      output_config: { effort: 'max', format: { type: 'json_schema' } },
    });
    expect(body).not.toHaveProperty('keep_alive');
    expect(notes).toEqual([
      'providerOptions.anthropic.model was left out: heddle writes it.',
      'providerOptions.anthropic.stream was left out: heddle writes it.',
    ]);
  });
});

describe('reasoning', () => {
  const effort = { display: 'summarized', type: 'adaptive' };

  it.each([
    ['claude-opus-4-8', 'off', { thinking: { type: 'disabled' } }],
    ['claude-opus-4-8', 'high', { thinking: effort, output_config: { effort: 'high' } }],
    [
      'claude-sonnet-5',
      { budgetTokens: 9_000 },
      { thinking: effort, output_config: { effort: 'medium' } },
    ],
    ['a-gateway/best', 'low', { thinking: effort, output_config: { effort: 'low' } }],
    ['claude-sonnet-4-5-20250929', 'low', { thinking: { type: 'enabled', budget_tokens: 2_048 } }],
    [
      'claude-3-7-sonnet-latest',
      { budgetTokens: 1_024 },
      { thinking: { type: 'enabled', budget_tokens: 1_024 } },
    ],
    ['claude-opus-4-10', 'low', { thinking: effort, output_config: { effort: 'low' } }],
    ['claude-sonnet-4@20250514', 'medium', { thinking: { type: 'enabled', budget_tokens: 8_192 } }],
  ] as const)('of %s asked for as %j', (model, reasoning, expected) => {
    const {
      model: _,
      messages: __,
      stream: ___,
      max_tokens: ____,
      ...rest
    } = bodyOf({ prompt: 'x', reasoning }, { model });
    expect(rest).toEqual(expected);
  });

  it('is told as the option of the provider says', () => {
    expect(bodyOf({ prompt: 'x', reasoning: 'low' }, { style: 'budget' })['thinking']).toEqual({
      type: 'enabled',
      budget_tokens: 2_048,
    });
  });

  it('leaves room for the answer: the bound of tokens is always above the budget', () => {
    const model = 'claude-sonnet-4-5';
    const { body, notes } = requestOf(
      { prompt: 'x', maxTokens: 1_000, reasoning: 'low' },
      { model },
    );
    expect([body.max_tokens, notes]).toEqual([
      3_048,
      [expect.stringContaining('was raised by 2048')],
    ]);
    expect(bodyOf({ prompt: 'x', reasoning: 'low' }, { model })['max_tokens']).toBe(16_384);
    expect(bodyOf({ prompt: 'x', reasoning: 'off' }, { model })['max_tokens']).toBe(4_096);
    expect(bodyOf({ prompt: 'x' }, { model })['max_tokens']).toBe(4_096);
  });

  it('takes no temperature but 1, and no forced tool', () => {
    const model = 'claude-sonnet-4-5';
    const warm = requestOf({ prompt: 'x', temperature: 0.2, reasoning: 'low' }, { model });
    expect(warm.body).not.toHaveProperty('temperature');
    expect(warm.notes).toEqual(['temperature was left out: Claude thinks at its own.']);
    const of = (given: GenerateRequest, more = {}) =>
      bodyOf({ prompt: 'x', ...given }, { model, ...more });
    expect(of({ temperature: 1, reasoning: 'low' })['temperature']).toBe(1);
    expect(of({ temperature: 0.2 })['temperature']).toBe(0.2);
    expect(of({ temperature: 0.2, reasoning: 'off' })['temperature']).toBe(0.2);
    for (const strict of ['claude-opus-4-7', 'claude-sonnet-5-5']) {
      const { body, notes } = requestOf({ prompt: 'x', temperature: 0.2 }, { model: strict });
      expect(body).not.toHaveProperty('temperature');
      expect(notes).toEqual(['temperature was left out: this model refuses it.']);
    }
    const forced = requestOf({ prompt: 'x', tools, toolChoice: 'required', reasoning: 'high' });
    expect(forced.body).toMatchObject({
      thinking: { type: 'disabled' },
      tool_choice: { type: 'any' },
    });
    expect(forced.notes).toEqual([expect.stringContaining('reasoning was left out')]);
  });
});

describe('thinking of earlier answers', () => {
  const model = 'claude-sonnet-4-5';
  const own = { provider: 'anthropic', model };
  const call = { id: 'a', name: 'look', input: {} };
  const thinking = { type: 'thinking', thinking: 'Hm.', signature: 'sig' };
  const thoughtOf = (...before: readonly object[]): GenerateRequest['messages'] =>
    [
      { role: 'user', content: 'Look.' },
      {
        role: 'assistant',
        content: '',
        toolCalls: [call],
        parts: [
          ...before,
          { type: 'reasoning', text: 'Hm.', signature: 'sig', from: own },
          { type: 'tool-call', ...call },
        ],
      },
      { role: 'tool', toolCallId: 'a', content: 'seen' },
    ] as GenerateRequest['messages'];
  const thinkingIn = (input: GenerateRequest, of = model) => {
    const { body, notes } = requestOf(input, { model: of });
    const { thinking: how } = body as { thinking?: { type: string } };
    const blocks = body.messages.flatMap(({ content }) => content);
    return { how: how?.type, back: blocks.filter(({ type }) => type === 'thinking'), notes };
  };

  it('goes back where the model may think, and only there', () => {
    const messages = thoughtOf() ?? [];
    expect(thinkingIn({ messages, reasoning: 'low' }).back).toEqual([thinking]);
    expect(thinkingIn({ messages, reasoning: 'off' }).back).toEqual([]);
    expect(thinkingIn({ messages }).back).toEqual([]);
    expect(thinkingIn({ messages }, 'claude-sonnet-5').back).toEqual([thinking]);
    const given = { anthropic: { thinking: { type: 'enabled', budget_tokens: 2_048 } } };
    expect(thinkingIn({ messages, providerOptions: given }).back).toEqual([thinking]);
  });

  it('stays off in an exchange that did not begin with it, where the model wants that', () => {
    const messages = thoughtOf({ type: 'text', text: 'Well.' }) ?? [];
    const { how, back, notes } = thinkingIn({ messages, reasoning: 'low' });
    expect([how, back.length]).toEqual(['disabled', 0]);
    expect(notes.join()).toContain('the tool exchange began without');
    const after = [...messages, { role: 'user', content: 'And?' } as const];
    expect(thinkingIn({ messages: after, reasoning: 'low' }).how).toBe('enabled');
    expect(thinkingIn({ messages, reasoning: 'low' }, 'claude-opus-4-7').how).toBe('adaptive');
  });

  it('is off beside a forced tool, at a model that thinks unasked', () => {
    const forced = { prompt: 'x', tools, toolChoice: 'required' } as const;
    expect(thinkingIn(forced, 'claude-sonnet-5').how).toBe('disabled');
    expect(thinkingIn(forced).how).toBeUndefined();
  });
});

it('begins with the user, also where a history begins with the model', () => {
  const hello = { role: 'assistant', content: 'Hello.' } as const;
  const { messages } = bodyOf({ messages: [hello], prompt: 'x' });
  expect((messages as { role: string }[]).map(({ role }) => role)).toEqual([
    'user',
    'assistant',
    'user',
  ]);
});

it('has a temperature of at most 1', () => {
  const { body, notes } = requestOf(
    { prompt: 'x', temperature: 1.5 },
    { model: 'claude-opus-4-5' },
  );
  expect([(body as { temperature?: number }).temperature, notes.length]).toEqual([1, 1]);
});

describe('cache marks', () => {
  const marksIn = (value: unknown): number =>
    JSON.stringify(value).split('"cache_control"').length - 1;
  const messages = [
    { role: 'user', content: 'one' },
    { role: 'assistant', content: 'two' },
    { role: 'user', content: 'three' },
    {
      role: 'assistant',
      content: '',
      toolCalls: [{ id: 'a', name: 'look', input: {} }],
    },
    { role: 'tool', toolCallId: 'a', content: 'seen' },
  ] as const;

  it('stand after the instructions, before the newest exchange and at the end, at most three', () => {
    for (const [cache, mark] of [
      [true, { type: 'ephemeral' }],
      ['5m', { type: 'ephemeral', ttl: '5m' }],
      ['1h', { type: 'ephemeral', ttl: '1h' }],
    ] as const) {
      const body = bodyOf({ system: 'Be brief.', tools, messages, cache });
      expect(body['system']).toEqual([{ type: 'text', text: 'Be brief.', cache_control: mark }]);
      expect(body['messages']).toMatchObject([
        { content: [{ text: 'one' }] },
        { content: [{ text: 'two', cache_control: mark }] },
        { content: [{ text: 'three' }] },
        { content: [{ type: 'tool_use' }] },
        { content: [{ type: 'tool_result', cache_control: mark }] },
      ]);
      expect(marksIn(body)).toBe(3);
    }
    expect(marksIn(bodyOf({ system: 'Be brief.', tools, messages }))).toBe(0);
    expect(marksIn(bodyOf({ prompt: 'x', tools, cache: true })['tools'])).toBe(1);
  });

  it('never stand on thinking or on what is not known', () => {
    const parts = [
      { type: 'text', text: 'so' },
      { type: 'reasoning', text: 'hm', signature: 's', from },
      { type: 'opaque', data: { type: 'compaction', content: 'c' }, from },
    ] as const;
    const said = [
      { role: 'user', content: 'one' },
      { role: 'assistant', content: 'so', parts },
    ] as const;
    const { messages: sent } = bodyOf({
      messages: said,
      prompt: 'more',
      cache: true,
      reasoning: 'low',
    });
    expect(sent).toMatchObject([
      {},
      {
        content: [{ text: 'so', cache_control: {} }, { type: 'thinking' }, { type: 'compaction' }],
      },
      { content: [{ cache_control: {} }] },
    ]);
    expect(marksIn(sent)).toBe(2);
  });
});

describe('a schema', () => {
  const formatOf = (schema: object) =>
    bodyOf({ prompt: 'x', schema: schema as never })['output_config'] as
      { readonly format: { readonly schema: object } } | undefined;

  it('is narrowed to what is taken, and the rest is told in the descriptions', () => {
    const { format } = formatOf({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      properties: {
        name: { type: 'string', description: 'A name.', pattern: '^a', minLength: 2 },
        at: { type: 'string', format: 'date-time' },
        odd: { type: 'string', format: 'color' },
        list: { type: 'array', items: { $ref: '#/$defs/n' }, minItems: 3 },
        some: { type: 'array', items: { type: 'null' }, minItems: 1 },
        kind: { oneOf: [{ const: 'a' }, { enum: ['b', 'c'], type: 'string' }] },
      },
      required: ['name'],
      $defs: { n: { type: 'integer', maximum: 9 } },
    }) ?? { format: null };
    expect(format).toEqual({
      type: 'json_schema',
      schema: {
        $defs: { n: { type: 'integer', description: '{maximum: 9}' } },
        type: 'object',
        properties: {
          name: { type: 'string', description: 'A name.\n\n{pattern: "^a", minLength: 2}' },
          at: { type: 'string', format: 'date-time' },
          odd: { type: 'string', description: '{format: "color"}' },
          list: { type: 'array', items: { $ref: '#/$defs/n' }, description: '{minItems: 3}' },
          some: { type: 'array', items: { type: 'null' }, minItems: 1 },
          kind: { anyOf: [{ const: 'a' }, { enum: ['b', 'c'] }] },
        },
        required: ['name'],
        additionalProperties: false,
      },
    });
  });

  it.each([
    [{}],
    [{ type: 'object' }],
    [{ type: 'array' }],
    [{ allOf: [{ type: 'object', properties: {} }] }],
    [{ type: 'object', properties: { any: {} } }],
    [{ type: 'object', properties: { any: true } }],
  ])('that cannot be taken is told in words: %j', (schema) => {
    const body = bodyOf({ prompt: 'x', system: 'Be brief.', schema });
    expect(body).not.toHaveProperty('output_config');
    expect(body['system']).toBe(
      `Be brief.\n\nAnswer with JSON alone, which fits this JSON Schema: ${JSON.stringify(schema)}`,
    );
  });
});
