/** The emulated chat completions, through OpenAI's SDK. */
import { describe, expect, it } from 'vitest';
import { chat, collected, failure, openai } from './started.ts';

const asked = { ...chat(), messages: [{ role: 'user' as const, content: 'What is a heddle?' }] };
const tool = { type: 'function' as const, function: { name: 'recall', parameters: {} } };

describe('an answer', () => {
  it('is the same whole and in chunks, with its counts if they are asked for', async () => {
    const { client } = await openai({ script: { chunks: 6, latencyMs: 20, firstTokenMs: 5 } });
    const whole = await client.chat.completions.create(asked);
    expect(whole.choices[0]).toMatchObject({ index: 0, finish_reason: 'stop' });
    expect(whole).toMatchObject({ object: 'chat.completion', model: 'emulated' });
    const chunks = await collected(
      await client.chat.completions.create({
        ...asked,
        stream: true,
        stream_options: { include_usage: true },
      }),
    );
    const text = chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('');
    expect(text).toBe(whole.choices[0]?.message.content);
    expect(chunks).toHaveLength(9);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: whole.usage });
    const bare = await collected(await client.chat.completions.create({ ...asked, stream: true }));
    expect(bare.some((chunk) => chunk.usage !== undefined)).toBe(false);
  });

  it('calls tools, in fragments too', async () => {
    const input = { key: 'answer/"c1"' };
    const calls = [
      { name: 'recall', input },
      { name: 'recall', input: {} },
    ];
    const { client } = await openai({ answer: () => ({ text: 'So:', toolCalls: calls }) });
    const request = { ...asked, tools: [tool] };
    const whole = await client.chat.completions.create(request);
    const streamed = await client.chat.completions.stream(request).finalChatCompletion();
    for (const { choices } of [whole, streamed]) {
      expect(choices[0]).toMatchObject({
        finish_reason: 'tool_calls',
        message: {
          content: 'So:',
          tool_calls: calls.map(({ name, input: args }) => ({
            type: 'function',
            function: { name, arguments: JSON.stringify(args) },
          })),
        },
      });
      const ids = choices[0]?.message.tool_calls?.map(({ id }) => id) ?? [];
      expect(new Set(ids).size).toBe(2);
    }
  });

  it('ends with length at its bound of tokens, by either name', async () => {
    const { client } = await openai();
    for (const bound of [{ max_tokens: 2 }, { max_completion_tokens: 2 }]) {
      const { choices, usage } = await client.chat.completions.create({ ...asked, ...bound });
      expect(choices[0]?.finish_reason).toBe('length');
      expect(usage?.completion_tokens).toBe(2);
    }
  });

  it('comes with what is left of the limits, and there are models', async () => {
    const { client } = await openai({ script: { ceiling: 3, models: ['m-1'] } });
    const { data } = await client.models.list();
    expect(data.map(({ id }) => id)).toEqual(['m-1']);
    const { response } = await client.chat.completions
      .create({ ...asked, model: 'm-1' })
      .withResponse();
    expect(response.headers.get('x-ratelimit-limit-requests')).toBe('3');
    expect(response.headers.get('x-request-id')).toMatch(/^req_/);
  });
});

describe('an error', () => {
  it.each([
    ['invalid-request', 400, 'invalid_request_error', null],
    ['authentication', 401, 'invalid_request_error', 'invalid_api_key'],
    ['billing', 402, 'payment_required', 402],
    ['context-full', 400, 'invalid_request_error', 'context_length_exceeded'],
    ['spend-limit', 429, 'insufficient_quota', 'project_spend_limit_exceeded'],
    ['contract-spend-limit', 429, 'insufficient_quota', 'insufficient_quota'],
    ['credit-balance', 429, 'insufficient_quota', 'credit_balance_exhausted'],
    ['usage-limits', 429, 'insufficient_quota', 'organization_usage_limit_exceeded'],
    ['ramp-limit', 429, 'requests', 'slow_down'],
    ['rate-limited', 429, 'requests', 'rate_limit_exceeded'],
    ['permission', 403, 'invalid_request_error', null],
    ['not-found', 404, 'invalid_request_error', 'model_not_found'],
    ['too-large', 413, 'invalid_request_error', null],
    ['server-error', 500, 'server_error', null],
    ['unavailable', 503, 'server_error', null],
    ['timeout', 504, 'server_error', null],
    ['overloaded', 503, 'service_unavailable_error', 'server_is_overloaded'],
  ] as const)('%s has its status, type and code', async (error, status, type, code) => {
    const { client } = await openai({
      script: { faults: [{ kind: 'error', error, afterLatency: false, share: 1 }] },
    });
    const failed = await failure(client.chat.completions.create(asked));
    expect(failed).toMatchObject({ status, type, code });
  });

  it('may come inside the stream', async () => {
    const { client } = await openai({
      script: {
        faults: [{ kind: 'error-in-stream', error: 'server-error', atEvent: 2, share: 1 }],
      },
    });
    const stream = await client.chat.completions.create({ ...asked, stream: true });
    expect(await failure(collected(stream))).toMatchObject({ type: 'server_error' });
  });
});

describe('a request', () => {
  const user = { role: 'user', content: 'Why?' };
  const call = (id: string, name = 'recall') => ({
    id,
    type: 'function',
    function: { name, arguments: '{}' },
  });
  const calling = { role: 'assistant', content: null, tool_calls: [call('a')] };
  const result = { role: 'tool', tool_call_id: 'a', content: 'x' };
  const format = (schema: object, name = 'answer') => ({
    response_format: { type: 'json_schema', json_schema: { name, schema, strict: true } },
  });

  it('with every field that heddle sends is taken', async () => {
    const { client } = await openai();
    const parts = [
      { type: 'text', text: 'Look.' },
      { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
    ];
    const schema = {
      type: 'object',
      properties: { a: { type: 'string' } },
      required: ['a'],
      additionalProperties: false,
    };
    const request = {
      model: 'm',
      messages: [{ role: 'user', content: parts }, calling, result, user],
      tools: [tool],
      tool_choice: { type: 'function', function: { name: 'recall' } },
      parallel_tool_calls: false,
      max_tokens: 9,
      temperature: 1,
      stop: ['a'],
      reasoning_effort: 'none',
      ...format(schema),
    };
    await client.chat.completions.create(request as never);
  });

  it.each([
    ['no model', { model: '' }, 'model'],
    ['an unknown field', { num_ctx: 1 }, 'num_ctx'],
    ['no messages', { messages: [] }, 'empty array'],
    ['a role that is none', { messages: [{ role: 'bot', content: 'x' }] }, 'bot'],
    ['no content', { messages: [{ role: 'user', content: null }] }, 'got null'],
    [
      'an image of the model',
      { messages: [{ role: 'assistant', content: [{ type: 'image_url' }] }] },
      'image_url',
    ],
    [
      'an image that is none',
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }] },
      'base64',
    ],
    ['a call without its result', { messages: [user, calling, user] }, 'must be followed'],
    ['a call at the end', { messages: [user, calling] }, 'must be followed'],
    ['a result without a call', { messages: [user, result] }, 'must be a response'],
    [
      'two results of one call',
      { messages: [user, calling, result, result] },
      'must be a response',
    ],
    [
      'an id that is too long',
      { messages: [user, { ...calling, tool_calls: [call('x'.repeat(41))] }] },
      'maximum length 40',
    ],
    [
      'an id twice',
      { messages: [user, { ...calling, tool_calls: [call('a'), call('a')] }] },
      'Duplicate',
    ],
    [
      'a name in the history that does not fit',
      { messages: [user, { ...calling, tool_calls: [call('a', 'a b')] }, result] },
      'pattern',
    ],
    [
      'arguments as an object',
      {
        messages: [
          user,
          { ...calling, tool_calls: [{ ...call('a'), function: { name: 'x', arguments: {} } }] },
        ],
      },
      'expected a string',
    ],
    [
      'a tool whose name is too long',
      { tools: [{ ...tool, function: { name: 'x'.repeat(65) } }] },
      'maximum length 64',
    ],
    ['no tools', { tools: [] }, 'tools'],
    ['a choice among no tools', { tool_choice: 'auto' }, 'only allowed when'],
    [
      'a choice of no tool',
      { tools: [tool], tool_choice: { type: 'function', function: { name: 'x' } } },
      'not found',
    ],
    ['too few tokens', { max_tokens: 0 }, 'Expected a value >= 1'],
    ['too many stops', { stop: ['a', 'b', 'c', 'd', 'e'] }, 'maximum length 4'],
    ['an effort that is none', { reasoning_effort: 'huge' }, 'huge'],
    ['options of a stream', { stream_options: { include_usage: true } }, 'stream_options'],
    ['a format without a schema', { response_format: { type: 'json_schema' } }, 'json_schema'],
    [
      'a strict schema that is open',
      format({ type: 'object', properties: {}, required: [] }),
      'additionalProperties',
    ],
    [
      'a strict schema with a choice',
      format({ type: 'object', properties: { a: {} }, required: [], additionalProperties: false }),
      "Missing 'a'",
    ],
    [
      'a strict schema at its depth',
      format({
        type: 'object',
        additionalProperties: false,
        properties: { a: { type: 'array', items: { allOf: [] } } },
        required: ['a'],
      }),
      'allOf',
    ],
    ['a root that is no object', format({ type: 'string' }), 'type object'],
  ])('with %s is refused', async (_what, more, said) => {
    const { client } = await openai();
    const request = { model: 'm', messages: [user], ...more } as never;
    const failed = await failure(client.chat.completions.create(request));
    expect(failed.message).toContain(said);
    expect(failed).toMatchObject({ status: 400, type: 'invalid_request_error' });
  });

  it('that does not fit the context, or has a wrong key or model, is refused', async () => {
    const { client } = await openai({ script: { contextTokens: 3 } });
    expect(await failure(client.chat.completions.create(asked))).toMatchObject({
      status: 400,
      code: 'context_length_exceeded',
    });
    const keyed = await openai({ script: { apiKeys: ['other'] } });
    expect(await failure(keyed.client.chat.completions.create(asked))).toMatchObject({
      status: 401,
    });
    const other = await openai({ script: { models: ['other'] } });
    expect(await failure(other.client.chat.completions.create(asked))).toMatchObject({
      status: 404,
    });
  });
});
