/** What a generate's input becomes as a request of chat completions. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GenerateMessage, GenerateRequest } from '../../../src/domain/catalogue.ts';
import { callOf, faultOf } from '../../support/provider-wires.ts';
import { chatRequest } from '../../../src/providers/openai/chat-request.ts';
import { ChatServer } from './chat-server.ts';

let server: ChatServer;
beforeEach(async () => {
  server = await ChatServer.start();
});
afterEach(async () => {
  await server.close();
});

const from = { provider: 'local', model: 'm-1' };

describe('a conversation', () => {
  it('goes out whole', async () => {
    const input: GenerateRequest = {
      system: 'Be brief.',
      messages: [
        { role: 'system', content: 'And kind.' },
        { role: 'user', content: 'What holds?' },
        {
          role: 'assistant',
          content: '',
          toolCalls: [
            { id: 'a_1', name: 'look', input: { query: 'warp' } },
            { id: 'a_2', name: 'count', input: {} },
          ],
        },
        { role: 'tool', toolCallId: 'a_1', content: 'threads' },
        { role: 'tool', toolCallId: 'a_2', content: 'no such tool', isError: true },
        { role: 'assistant', content: 'Threads.' },
      ],
      prompt: 'Go on.',
      tools: [
        { name: 'look', description: 'Looks.', inputSchema: { type: 'object', properties: {} } },
        { name: 'count', inputSchema: {} },
      ],
      toolChoice: { tool: 'look' },
      maxTokens: 77,
      temperature: 0.5,
      stopSequences: ['END'],
      reasoning: 'high',
    };
    expect(await server.sent(input, { apiKey: 'sk-test-key' })).toEqual({
      model: 'm-1',
      max_tokens: 77,
      temperature: 0.5,
      stop: ['END'],
      reasoning_effort: 'high',
      stream: true,
      stream_options: { include_usage: true },
      messages: [
        { role: 'system', content: 'Be brief.\n\nAnd kind.' },
        { role: 'user', content: 'What holds?' },
        {
          role: 'assistant',
          content: null,
          tool_calls: [
            {
              id: 'a_1',
              type: 'function',
              function: { name: 'look', arguments: '{"query":"warp"}' },
            },
            { id: 'a_2', type: 'function', function: { name: 'count', arguments: '{}' } },
          ],
        },
        { role: 'tool', tool_call_id: 'a_1', content: 'threads' },
        { role: 'tool', tool_call_id: 'a_2', content: 'error: no such tool' },
        { role: 'assistant', content: 'Threads.' },
        { role: 'user', content: 'Go on.' },
      ],
      tools: [
        {
          type: 'function',
          function: {
            name: 'look',
            description: 'Looks.',
            parameters: { type: 'object', properties: {} },
          },
        },
        { type: 'function', function: { name: 'count', parameters: { type: 'object' } } },
      ],
      tool_choice: { type: 'function', function: { name: 'look' } },
    });
    expect(server.lastHeaders['authorization']).toBe('Bearer sk-test-key');
  });

  it('shows images, also those of tool results, which follow all results', async () => {
    const image = { type: 'image', mediaType: 'image/png', data: 'AAAA' } as const;
    const messages: GenerateMessage[] = [
      {
        role: 'user',
        content: 'What is it?',
        parts: [
          { type: 'text', text: 'What is it?' },
          image,
          { type: 'image', url: 'https://example.com/a.png' },
        ],
      },
      {
        role: 'assistant',
        content: 'Let me see.',
        toolCalls: [
          { id: 'a', name: 'shot', input: {} },
          { id: 'b', name: 'shot', input: {} },
        ],
      },
      {
        role: 'tool',
        toolCallId: 'a',
        content: 'one',
        parts: [{ type: 'text', text: 'one' }, image],
      },
      { role: 'tool', toolCallId: 'b', content: '', parts: [image] },
    ];
    const shown = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } };
    const { messages: sent } = await server.sent({ messages });
    expect(sent[0]?.['content']).toEqual([
      { type: 'text', text: 'What is it?' },
      shown,
      { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
    ]);
    expect(sent.slice(2)).toEqual([
      { role: 'tool', tool_call_id: 'a', content: 'one' },
      { role: 'tool', tool_call_id: 'b', content: '(shown below)' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What the tool call a shows:' },
          shown,
          { type: 'text', text: 'What the tool call b shows:' },
          shown,
        ],
      },
    ]);
    const lost: GenerateMessage = {
      role: 'user',
      content: '',
      parts: [{ type: 'image', mediaType: 'image/png', sha256: 'ab' }],
    };
    const fault = await faultOf(server.provider().call(callOf({ input: { messages: [lost] } })));
    expect(fault.kind).toBe('caller');
  });

  it('has ids that OpenAI takes, the same for a call and its result', async () => {
    const id = `call_${'x'.repeat(59)}`;
    const { messages } = await server.sent({
      messages: [
        { role: 'user', content: 'Look.' },
        { role: 'assistant', content: '', toolCalls: [{ id, name: 'look', input: {} }] },
        { role: 'tool', toolCallId: id, content: 'seen' },
      ],
    });
    const [call] = (messages[1]?.['tool_calls'] ?? []) as { id: string }[];
    expect(call?.id).toMatch(/^[\w-]{1,40}$/);
    expect(messages[2]?.['tool_call_id']).toBe(call?.id);
  });
});

describe('reasoning of earlier answers', () => {
  const thought = (signature: string): GenerateMessage => ({
    role: 'assistant',
    content: 'So.',
    parts: [
      { type: 'reasoning', text: 'Let me think.', signature, from },
      { type: 'text', text: 'So.' },
    ],
  });
  const plain: GenerateMessage = { role: 'assistant', content: 'Well.' };
  const asked: GenerateMessage = { role: 'user', content: 'And?' };

  it('goes back in the field in which it came', async () => {
    const { messages } = await server.sent({ messages: [asked, thought('reasoning'), asked] });
    expect(messages[1]).toEqual({ role: 'assistant', content: 'So.', reasoning: 'Let me think.' });
  });

  it('stands on every answer where the history has DeepSeek’s field, or the option says so', async () => {
    const history = [asked, plain, asked, thought('reasoning_content'), asked];
    const { messages } = await server.sent({ messages: history });
    expect([messages[1], messages[3]]).toEqual([
      { role: 'assistant', content: 'Well.', reasoning_content: '' },
      { role: 'assistant', content: 'So.', reasoning_content: 'Let me think.' },
    ]);
    const always = await server.sent(
      { messages: [asked, plain, asked] },
      { reasoningBack: 'always' },
    );
    expect(always.messages[1]).toMatchObject({ reasoning_content: '' });
    const never = await server.sent({ messages: history }, { reasoningBack: 'never' });
    expect(never.messages.filter((one) => 'reasoning_content' in one)).toEqual([]);
  });

  it('and what only the server reads go back as they came', async () => {
    const details = [{ type: 'reasoning.encrypted', data: 'xyz', index: 0 }];
    const extra = {
      data: { extra_content: { google: { thought_signature: 's' } }, function: { strict: true } },
      from,
    };
    const calls = [{ id: 'a', name: 'look', input: { n: 1 }, extra }];
    const { messages } = await server.sent({
      messages: [
        asked,
        {
          role: 'assistant',
          content: '',
          toolCalls: calls,
          parts: [
            { type: 'opaque', data: { reasoning_details: details }, from },
            ...calls.map((call) => ({ type: 'tool-call', ...call }) as const),
          ],
        },
        { role: 'tool', toolCallId: 'a', content: 'seen' },
      ],
    });
    expect(messages[1]).toEqual({
      role: 'assistant',
      content: null,
      reasoning_details: details,
      tool_calls: [
        {
          id: 'a',
          type: 'function',
          function: { name: 'look', arguments: '{"n":1}', strict: true },
          extra_content: { google: { thought_signature: 's' } },
        },
      ],
    });
  });
});

describe('an option', () => {
  it('changes what leaves', async () => {
    const tools = [{ name: 'look', inputSchema: { type: 'object' } }];
    const input: GenerateRequest = { prompt: 'Why?', tools, reasoning: 'off' };
    const body = await server.sent(input, {
      maxTokens: 500,
      maxTokensField: 'max_completion_tokens',
      supports: { usage: false },
      parallelToolCalls: false,
      reasoningOff: 'minimal',
      headers: { 'HTTP-Referer': 'https://example.com', 'X-Title': 'heddle' },
    });
    expect(body).toMatchObject({
      max_completion_tokens: 500,
      parallel_tool_calls: false,
      reasoning_effort: 'minimal',
    });
    for (const field of ['stream_options', 'max_tokens']) expect(body).not.toHaveProperty(field);
    expect(server.lastHeaders).toMatchObject({
      'http-referer': 'https://example.com',
      'x-title': 'heddle',
    });
    expect(server.lastHeaders).not.toHaveProperty('authorization');
  });

  it('of the call for this provider is written over the body, but the answer is still a stream', async () => {
    const providerOptions = {
      local: { temperature: 0.1, chat_template_kwargs: { enable_thinking: false }, stream: false },
      other: { top_p: 1 },
    };
    const body = await server.sent({ prompt: 'Why?', temperature: 1, providerOptions });
    expect(body).toMatchObject({
      temperature: 0.1,
      chat_template_kwargs: { enable_thinking: false },
      stream: true,
    });
    expect(body).not.toHaveProperty('top_p');
  });

  it('about a choice among no tools is not sent', async () => {
    expect(await server.sent({ prompt: 'Why?', toolChoice: 'none' })).not.toHaveProperty(
      'tool_choice',
    );
  });

  it('in tokens of reasoning is sent as an effort, and the answer says so', async () => {
    for (const [budgetTokens, effort] of [
      [1_024, 'low'],
      [16_384, 'medium'],
      [32_000, 'high'],
    ] as const) {
      const input: GenerateRequest = { prompt: 'Why?', reasoning: { budgetTokens } };
      expect(await server.sent(input)).toMatchObject({ reasoning_effort: effort });
      const { notes = [] } = await server.provider().call(callOf({ input }));
      expect(notes.join()).toContain(`as the effort ${effort}`);
    }
  });

  it.each([
    ['name', { name: '' }],
    ['baseUrl', { baseUrl: 'localhost' }],
    ['ceiling', { ceiling: undefined as never }],
    ['maxTokensField', { maxTokensField: 'tokens' as never }],
    ['reasoningBack', { reasoningBack: true as never }],
    ['supports.images', { supports: { images: true as never } }],
    ['supports.schema', { supports: { schema: 'strict' as never } }],
    ['supports.preferences[0]', { supports: { preferences: ['topP' as never] } }],
    ['supports.audio', { supports: { audio: true } as never }],
    ['headers.authorization', { headers: { authorization: 'Bearer x' } }],
    ['headers.Content-Type', { headers: { 'Content-Type': 'text/plain' } }],
    ['headers.x-a', { headers: { 'x-a': 'two\r\nlines' } }],
    ['headers.x a', { headers: { 'x a': 'y' } }],
    ['parallel', { parallel: true } as never],
  ])('that is wrong is refused as %s', (field, more) => {
    expect(() => server.provider(more)).toThrow(expect.objectContaining({ code: 'invalid-field' }));
    expect(() => server.provider(more)).toThrow(`${field} `);
  });

  it('sends four stop sequences at most, and says so', async () => {
    const stopSequences = ['a', 'b', 'c', 'd', 'e'];
    const sent = await server.sent({ prompt: 'Q', stopSequences });
    expect(sent).toMatchObject({ stop: ['a', 'b', 'c', 'd'] });
    const settings = { maxTokens: null, maxTokensField: 'max_tokens', asksUsage: true } as const;
    const how = { mayBeStrict: true, parallelToolCalls: null, reasoningOff: 'none' } as const;
    const notesOf = (stops: readonly string[]) =>
      chatRequest(
        { prompt: 'Q', stopSequences: stops },
        { model: 'm', provider: 'openai' },
        { ...settings, ...how, reasoningBack: 'never' },
      ).notes;
    expect(notesOf(stopSequences)).toEqual(['stopSequences: only the first 4 were sent.']);
    expect(notesOf(stopSequences.slice(0, 4))).toEqual([]);
  });

  it('says what the server can do', () => {
    expect(server.provider().supports).toEqual({
      images: 'bytes-and-urls',
      toolChoice: true,
      schema: true,
      preferences: ['temperature', 'stopSequences', 'reasoning'],
    });
    const supports = {
      images: false,
      toolChoice: false,
      schema: false,
      preferences: [],
    } as const;
    expect(server.provider({ supports }).supports).toEqual({
      toolChoice: false,
      schema: false,
      preferences: [],
    });
  });
});

describe('a schema', () => {
  const strict = {
    type: 'object',
    properties: {
      name: { type: 'string' },
      tags: { type: 'array', items: { type: 'object', properties: {}, required: [] } },
      of: { anyOf: [{ $ref: '#/$defs/of' }, { type: 'null' }] },
    },
    required: ['name', 'tags', 'of'],
    $defs: { of: { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] } },
  };
  const sentAs = async (schema: object, options = {}) => {
    const body = await server.sent({ prompt: 'Why?', schema: schema as never }, options);
    return body['response_format'] as { json_schema: { strict: boolean; schema: object } };
  };

  it('goes out with strict where it fits, and is closed then', async () => {
    const format = await sentAs(strict);
    const closed = { additionalProperties: false };
    expect(format).toEqual({
      type: 'json_schema',
      json_schema: {
        name: 'answer',
        strict: true,
        schema: {
          ...strict,
          ...closed,
          properties: {
            ...strict.properties,
            tags: {
              type: 'array',
              items: { type: 'object', properties: {}, required: [], ...closed },
            },
          },
          $defs: { of: { ...strict.$defs.of, ...closed } },
        },
      },
    });
    expect((await sentAs(strict, { supports: { schema: 'not-strict' } })).json_schema).toEqual({
      name: 'answer',
      schema: strict,
      strict: false,
    });
  });

  const deep = (levels: number): object =>
    levels === 0
      ? { type: 'string' }
      : { type: 'object', properties: { a: deep(levels - 1) }, required: ['a'] };
  const many = Array.from({ length: 1_001 }, (_, i) => String(i));

  it.each([
    ['a property that may be absent', { ...strict, required: ['name'] }],
    ['further properties', { ...strict, additionalProperties: true }],
    ['a property that is not described', { ...strict, required: ['name', 'tags', 'of', 'x'] }],
    ['a root that is no object', { anyOf: [strict] }],
    [
      'a keyword out of the subset',
      { ...strict, properties: { ...strict.properties, name: { minLength: 1 } } },
    ],
    ['too deep', deep(10)],
    ['too many values', { ...strict, properties: { ...strict.properties, name: { enum: many } } }],
  ])('goes out as it is, without strict: %s', async (_what, schema) => {
    const { json_schema: sent } = await sentAs(schema);
    expect(sent).toEqual({ name: 'answer', schema, strict: false });
  });
});
