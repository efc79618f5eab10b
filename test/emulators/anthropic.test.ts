/** The emulated Messages API, through the real SDK. */
import { describe, expect, it } from 'vitest';
import { anthropic, anthropicAt, ask, collected, failure } from './started.ts';

const tools = [{ name: 'recall', description: 'reads', input_schema: { type: 'object' as const } }];

describe('an answer', () => {
  it('is a message with its usage and ids', async () => {
    const { client } = await anthropic();
    const { data, response, request_id: id } = await client.messages.create(ask()).withResponse();
    expect(data).toMatchObject({
      type: 'message',
      role: 'assistant',
      model: 'emulated',
      stop_reason: 'end_turn',
      content: [{ type: 'text', text: expect.stringMatching(/.{40}/) }],
      usage: { input_tokens: 5, output_tokens: expect.any(Number) },
    });
    expect(id).toMatch(/^req_/);
    expect(response.headers.get('anthropic-ratelimit-requests-limit')).toBe('120');
    expect(response.headers.get('anthropic-ratelimit-requests-remaining')).toBe('119');
    expect(response.headers.get('anthropic-ratelimit-requests-reset')).toMatch(/^20.*Z$/);
    const second = await client.messages.create(ask());
    expect(second.content).toEqual(data.content);
    expect(second.id).not.toBe(data.id);
  });

  it('says the same in a stream, in as many pieces as it is told', async () => {
    const { client } = await anthropic({
      script: { chunks: 5, latencyMs: 20, firstTokenMs: 5 },
    });
    const whole = await client.messages.create(ask());
    const events = await collected(await client.messages.create({ ...ask(), stream: true }));
    expect(events.map(({ type }) => type)).toEqual([
      'message_start',
      'content_block_start',
      ...Array.from({ length: 5 }, () => 'content_block_delta'),
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
    const { id: _, ...final } = await client.messages.stream(ask()).finalMessage();
    const { id: __, ...same } = whole;
    expect(final).toMatchObject(same);
  });

  it('pings, as the real one does, where the SDK does not show it', async () => {
    const { emulator } = await anthropic();
    const response = await fetch(`${emulator.url}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': 'k', 'anthropic-version': '2023-06-01' },
      body: JSON.stringify({ ...ask(), stream: true }),
    });
    const text = await response.text();
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(text).toContain('event: ping\ndata: {"type":"ping"}\n\n');
    for (const event of text.trimEnd().split('\n\n')) {
      const [, name, data = ''] = /^event: (\w+)\ndata: (.*)$/.exec(event) ?? [];
      expect(JSON.parse(data)).toMatchObject({ type: name });
    }
  });

  it('calls tools in fragments of JSON', async () => {
    const input = { key: 'answer/"c1"', list: [1, { deep: '🧵' }] };
    const { client } = await anthropic({
      script: { chunks: 7 },
      answer: () => ({
        text: 'Well.',
        toolCalls: [
          { name: 'recall', input },
          { name: 'recall', input: {} },
        ],
      }),
    });
    const stream = client.messages.stream({ ...ask(), tools });
    let fragments = 0;
    stream.on('inputJson', () => (fragments += 1));
    const { content, stop_reason: reason } = await stream.finalMessage();
    expect(reason).toBe('tool_use');
    expect(content).toMatchObject([
      { type: 'text', text: 'Well.' },
      { type: 'tool_use', name: 'recall', input },
      { type: 'tool_use', name: 'recall', input: {} },
    ]);
    expect(fragments).toBeGreaterThan(7);
    const whole = await client.messages.create({ ...ask(), tools });
    expect(whole.content.slice(1)).toMatchObject([{ input }, { input: {} }]);
    const ids = whole.content.map((block) => ('id' in block ? block.id : ''));
    expect(new Set(ids).size).toBe(3);
  });

  it('stops at max_tokens', async () => {
    const { client } = await anthropic();
    const {
      stop_reason: reason,
      usage,
      content,
    } = await client.messages.create({
      ...ask(),
      max_tokens: 3,
    });
    expect({ reason, tokens: usage.output_tokens }).toEqual({ reason: 'max_tokens', tokens: 3 });
    expect(content).toMatchObject([{ text: expect.stringMatching(/^.{12}$/) }]);
  });

  it('is preceded by a count of tokens that agrees with its usage', async () => {
    const { client, emulator } = await anthropic();
    const { max_tokens: _, ...counted } = ask('x'.repeat(401));
    expect(await client.messages.countTokens(counted)).toEqual({ input_tokens: 101 });
    const { usage } = await client.messages.create(ask('x'.repeat(401)));
    expect(usage.input_tokens).toBe(101);
    expect(emulator.stats()).toMatchObject({ calls: 1, inputTokens: 101 });
  });
});

describe('an error', () => {
  it.each([
    ['invalid-request', 400, 'invalid_request_error', null],
    ['authentication', 401, 'authentication_error', null],
    ['billing', 402, 'billing_error', null],
    ['credit-balance', 400, 'invalid_request_error', null],
    ['usage-limits', 400, 'invalid_request_error', null],
    ['organization-disabled', 400, 'invalid_request_error', null],
    ['organization-on-hold', 400, 'invalid_request_error', 'organization_on_hold'],
    ['context-full', 400, 'invalid_request_error', null],
    ['permission', 403, 'permission_error', null],
    ['not-found', 404, 'not_found_error', null],
    ['too-large', 413, 'request_too_large', null],
    ['rate-limited', 429, 'rate_limit_error', null],
    ['spend-limit', 429, 'rate_limit_error', 'enforced_spend_limit_reached'],
    ['contract-spend-limit', 429, 'rate_limit_error', 'contract_spend_limit_reached'],
    ['ramp-limit', 429, 'rate_limit_error', 'ramp_limit_exceeded'],
    ['server-error', 500, 'api_error', null],
    ['unavailable', 503, 'api_error', null],
    ['timeout', 504, 'timeout_error', null],
    ['overloaded', 529, 'overloaded_error', null],
  ] as const)('%s is told as the real one tells it', async (error, status, type, errorCode) => {
    const { client, emulator } = await anthropic({
      script: {
        faults: [
          { kind: 'error', error, afterLatency: false, calls: { from: 1, to: 1 } },
          { kind: 'error', error, afterLatency: true, calls: { from: 2, to: 2 } },
        ],
        retryAfterMs: 2_000,
      },
    });
    for (const stream of [false, true]) {
      const failed = await failure(client.messages.create({ ...ask(), stream }));
      expect(failed).toMatchObject({ status, type, errorCode });
      const waits = ['rate-limited', 'ramp-limit', 'overloaded'].includes(error);
      expect(failed.headers?.get('retry-after')).toBe(waits ? '2' : null);
      expect(failed.headers?.get('request-id')).toMatch(/^req_/);
    }
    expect(emulator.stats()).toMatchObject({
      calls: 2,
      completed: 0,
      faults: 2,
      byStatus: { [status]: 2 },
      inFlight: 0,
    });
  });

  it('may come in the middle of a stream, without a status', async () => {
    const { client, emulator } = await anthropic({
      script: {
        faults: [{ kind: 'error-in-stream', error: 'overloaded', atEvent: 4, share: 1 }],
      },
    });
    const types: string[] = [];
    const failed = await failure(
      (async () => {
        for await (const { type } of await client.messages.create({ ...ask(), stream: true })) {
          types.push(type);
        }
      })(),
    );
    expect(types).toEqual(['message_start', 'content_block_start', 'content_block_delta']);
    expect(failed).toMatchObject({ type: 'overloaded_error', status: undefined });
    // A plain answer has no middle.
    expect(await failure(client.messages.create(ask()))).toMatchObject({ status: 529 });
    expect(emulator.stats()).toMatchObject({ completed: 0, faults: 2, inFlight: 0 });
  });

  it('names short waits in milliseconds too', async () => {
    const { client } = await anthropic({ script: { ceiling: 0, retryAfterMs: 150 } });
    const { headers } = await failure(client.messages.create(ask()));
    expect(headers?.get('retry-after')).toBe('1');
    expect(headers?.get('retry-after-ms')).toBe('150');
    expect(headers?.get('anthropic-ratelimit-requests-remaining')).toBe('0');
  });
});

describe('a request', () => {
  const { model, messages, max_tokens: maxTokens } = ask();
  const whole = { model, messages, max_tokens: maxTokens };
  const use = { type: 'tool_use', id: 'a', name: 'recall', input: {} };
  const user = { role: 'user', content: 'go' };
  it.each<[string, object]>([
    ['model: Field required', { messages, max_tokens: 1 }],
    ['messages: Field required', { model, max_tokens: 1 }],
    ['max_tokens: Field required', { model, messages }],
    ['max_tokens: Input should be greater than or equal to 1', { ...whole, max_tokens: 0 }],
    ['max_tokens: Input should be a valid integer', { ...whole, max_tokens: '9' }],
    ['messages: at least one message is required', { ...whole, messages: [] }],
    ['messages.0.role:', { ...whole, messages: [{ role: 'tool', content: 'x' }] }],
    [
      'messages.0: all messages must have non-empty',
      { ...whole, messages: [{ role: 'user', content: '' }] },
    ],
    [
      'text content blocks must be non-empty',
      { ...whole, messages: [{ role: 'user', content: [{ type: 'text', text: '' }] }] },
    ],
    [
      'messages.0.name: Extra inputs are not permitted',
      { ...whole, messages: [{ ...user, name: 'x' }] },
    ],
    ['maxTokens: Extra inputs are not permitted', { ...whole, maxTokens: 5 }],
    ['tools.0.custom.input_schema: Field required', { ...whole, tools: [{ name: 'a' }] }],
    [
      'tools.0.custom.name: String should match',
      { ...whole, tools: [{ name: 'a b', input_schema: { type: 'object' } }] },
    ],
    [
      'tool_use.id: String should match',
      { ...whole, messages: [user, { role: 'assistant', content: [{ ...use, id: '' }] }] },
    ],
    [
      'without `tool_result` blocks immediately after: a.',
      { ...whole, messages: [user, { role: 'assistant', content: [use] }, user] },
    ],
    [
      'unexpected `tool_use_id`',
      {
        ...whole,
        messages: [
          { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'b', content: 'x' }] },
        ],
      },
    ],
  ])('is refused where the real one refuses it: %s', async (said, body) => {
    const { client, emulator } = await anthropic();
    const failed = await failure(client.post('/v1/messages', { body }));
    expect(failed).toMatchObject({ status: 400, type: 'invalid_request_error' });
    expect(failed.message).toContain(said);
    expect(emulator.stats()).toMatchObject({ completed: 0, peakInFlight: 0 });
  });

  it('needs a key, a version, a model that is there and a context that holds it', async () => {
    const { client, emulator } = await anthropic({
      script: { apiKeys: ['any'], models: ['emulated'], contextTokens: 10 },
    });
    await client.messages.create(ask());
    const stranger = anthropicAt(emulator.url).withOptions({ apiKey: 'other' });
    expect(await failure(stranger.messages.create(ask()))).toMatchObject({ status: 401 });
    const other = client.messages.create({ ...ask(), model: 'gone' });
    expect(await failure(other)).toMatchObject({ status: 404, type: 'not_found_error' });
    const long = await failure(client.messages.create(ask('x'.repeat(100))));
    expect(long).toMatchObject({ status: 400 });
    expect(long.message).toContain('prompt is too long: 25 tokens > 10 maximum');
    const bare = await fetch(`${emulator.url}/v1/messages`, { method: 'POST', body: '{}' });
    expect(bare.status).toBe(401);
    const old = await fetch(`${emulator.url}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': 'any' },
      body: '{}',
    });
    expect([old.status, await old.text()]).toEqual([
      400,
      expect.stringContaining('anthropic-version'),
    ]);
  });

  it('is refused by size and by form, in the words of the protocol', async () => {
    const { client, emulator } = await anthropic({ bodyBytesMax: 1_000 });
    const failed = await failure(client.messages.create(ask('x'.repeat(2_000))));
    expect(failed).toMatchObject({ status: 413, type: 'request_too_large' });
    const headers = { 'x-api-key': 'any', 'anthropic-version': '1', 'content-type': 'text/odd' };
    const post = (body: string) =>
      fetch(`${emulator.url}/v1/messages`, { method: 'POST', headers, body });
    expect((await post('{"model":')).status).toBe(400);
    expect((await post('[]')).status).toBe(400);
    const missing = await fetch(`${emulator.url}/v1/nothing`);
    expect([missing.status, await missing.json()]).toEqual([
      404,
      expect.objectContaining({
        type: 'error',
        error: expect.objectContaining({ type: 'not_found_error' }),
      }),
    ]);
  });

  it('that the answer function cannot answer fails visibly and holds nothing', async () => {
    const { client, emulator } = await anthropic({
      answer: () => {
        throw new Error('no idea');
      },
    });
    const failed = await failure(client.messages.create(ask()));
    expect(failed).toMatchObject({ status: 500 });
    expect(failed.message).toContain('no idea');
    expect(emulator.stats()).toMatchObject({ inFlight: 0, byStatus: { 500: 1 } });
  });
});
