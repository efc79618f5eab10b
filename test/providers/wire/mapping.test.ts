/** What a generate's input becomes on the wire, and what hostile answers become as results. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GenerateRequest } from '../../../src/domain/catalogue.ts';
import {
  callOf,
  type ClosableProvider,
  endOf,
  faultOf,
  wires,
} from '../../support/provider-wires.ts';
import { whole, WireServer } from '../../support/wire-server.ts';

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
    { role: 'tool', toolCallId: 'a_1', content: '' },
    { role: 'tool', toolCallId: 'a_2', content: 'no such tool', isError: true },
    { role: 'assistant', content: '' },
  ],
  prompt: 'Go on.',
  tools: [
    { name: 'look', description: 'Looks.', inputSchema: { type: 'object', properties: {} } },
    { name: 'count', inputSchema: {} },
  ],
  maxTokens: 77,
  temperature: 0.5,
  tier: 'high',
};

const [anthropicWire, ollamaWire] = wires;
let bytes: Buffer;
let server: WireServer;
const open: ClosableProvider[] = [];

beforeEach(async () => {
  server = await WireServer.start(({ socket }) => socket.end(bytes));
});

afterEach(async () => {
  for (const provider of open.splice(0)) await provider.close();
  await server.close();
});

function connect(wire: (typeof wires)[number], more: object = {}): ClosableProvider {
  const provider = wire.connect(server.url, { tiers: { high: 'big' }, ...more });
  open.push(provider);
  return provider;
}

const sent = (): unknown => JSON.parse(server.requests.at(-1)?.body ?? 'null');

describe('a conversation', () => {
  it('goes to Anthropic as it wants it', async () => {
    bytes = whole(anthropicWire.answer(['ok']));
    await connect(anthropicWire).call(callOf({ input }));
    expect(sent()).toEqual({
      model: 'big',
      max_tokens: 77,
      stream: true,
      temperature: 0.5,
      system: 'Be brief.\n\nAnd kind.',
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'What holds?' }] },
        {
          role: 'assistant',
          content: [
            { type: 'tool_use', id: 'a_1', name: 'look', input: { query: 'warp' } },
            { type: 'tool_use', id: 'a_2', name: 'count', input: {} },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'a_1', content: '' },
            { type: 'tool_result', tool_use_id: 'a_2', content: 'no such tool', is_error: true },
            { type: 'text', text: 'Go on.' },
          ],
        },
      ],
      tools: [
        {
          name: 'look',
          description: 'Looks.',
          input_schema: { type: 'object', properties: {} },
        },
        { name: 'count', input_schema: { type: 'object' } },
      ],
    });
  });

  it('goes to Ollama as it wants it', async () => {
    bytes = whole(ollamaWire.answer(['ok']));
    await connect(ollamaWire, { contextTokens: 8_192 }).call(callOf({ input }));
    expect(sent()).toEqual({
      model: 'big',
      stream: true,
      truncate: false,
      shift: false,
      options: { num_ctx: 8_192, num_predict: 77, temperature: 0.5 },
      messages: [
        { role: 'system', content: 'Be brief.\n\nAnd kind.' },
        { role: 'user', content: 'What holds?' },
        {
          role: 'assistant',
          content: '',
          tool_calls: [
            { function: { name: 'look', arguments: { query: 'warp' } } },
            { function: { name: 'count', arguments: {} } },
          ],
        },
        { role: 'tool', content: '', tool_name: 'look' },
        { role: 'tool', content: 'error: no such tool', tool_name: 'count' },
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
    });
  });

  it('may be a prompt alone; the model is the call’s, else the provider’s', async () => {
    for (const wire of wires) {
      bytes = whole(wire.answer(['ok']));
      const provider = connect(wire);
      await provider.call(callOf({ input: { prompt: 'Why?' } }));
      expect(sent()).toMatchObject({ messages: [{ role: 'user' }] });
      await provider.call(callOf({ input: { prompt: 'Why?', model: 'mine', tier: 'high' } }));
      expect(sent()).toMatchObject({ model: 'mine' });
      const fault = await faultOf(provider.call(callOf({ input: { prompt: 'x', tier: 'low' } })));
      expect([fault.kind, fault.message]).toEqual(['caller', 'no model is given for tier low']);
    }
  });
});

describe('a tool call', () => {
  it('of Ollama has the same id at every attempt, another at another place or call', async () => {
    const [content] = ollamaWire.answer([], { a: 1 });
    bytes = whole([content ?? '', ...ollamaWire.answer([], { a: 2 })]);
    const provider = connect(ollamaWire);
    const ids = async (idempotencyKey: string, attempt: number) =>
      (await provider.call(callOf({ idempotencyKey, attempt }))).toolCalls.map(({ id }) => id);
    const first = await ids('run/ask/1', 1);
    expect(new Set(first).size).toBe(2);
    expect(await ids('run/ask/1', 2)).toEqual(first);
    expect(await ids('run/ask/2', 1)).not.toEqual(first);
    for (const id of first) expect(id).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
  });

  it('whose input is no JSON object says so, and the answer is kept', async () => {
    const events = anthropicWire.answer(['Look: '], { a: 1 });
    const broken = events.map((event) => event.replace('":1}"', '":"'));
    expect(broken).not.toEqual(events);
    bytes = whole(broken);
    const output = await connect(anthropicWire).call(callOf());
    expect(output).toMatchObject({
      text: 'Look: ',
      toolCalls: [{ id: 'toolu_1', input: {}, invalid: 'the input is not a JSON object: {"a":' }],
    });
    for (const written of ['[1]', '7', '"{"']) {
      const line = ollamaWire.answer([], { a: 1 }).map((one) => one.replace('{"a":1}', written));
      bytes = whole(line);
      const { toolCalls } = await connect(ollamaWire).call(callOf());
      expect(toolCalls[0]?.invalid).toContain('not a JSON object');
    }
  });

  it('without parameters needs no input', async () => {
    const events = anthropicWire.answer([], {}).filter((event) => !event.includes('partial_json'));
    bytes = whole(events);
    const { toolCalls } = await connect(anthropicWire).call(callOf());
    expect(toolCalls).toEqual([{ id: 'toolu_1', name: 'look', input: {} }]);
  });
});

describe('a prompt that Ollama has cut', () => {
  const counted = (tokens: number) =>
    whole(ollamaWire.answer(['ok']).map((line) => line.replace(':12,', `:${tokens},`)));
  const long = { prompt: 'a thread and another thread '.repeat(2_000) };

  it('is the call’s own fault where it can be told', async () => {
    const provider = connect(ollamaWire, { contextTokens: 4_096 });
    for (const tokens of [4_096, 2_050]) {
      bytes = counted(tokens);
      const fault = await faultOf(provider.call(callOf({ input: long })));
      expect(fault.kind).toBe('caller');
      expect(fault.message).toContain(`only ${tokens} tokens were read`);
    }
  });

  it('is not supposed where the count may be right', async () => {
    const provider = connect(ollamaWire, { contextTokens: 4_096 });
    for (const [tokens, prompt] of [
      [2_050, 'word '.repeat(2_000)],
      [4_000, long.prompt],
      [12, long.prompt],
    ] as const) {
      bytes = counted(tokens);
      expect((await endOf(provider.call(callOf({ input: { prompt } })))).kind).toBe('ok');
    }
  });
});

describe('events that cannot be', () => {
  const sse = (event: object) => `event: x\ndata: ${JSON.stringify(event)}\n\n`;
  const start = sse({ type: 'message_start', message: { model: 'm' } });
  const stop = sse({ type: 'message_delta', delta: { stop_reason: 'end_turn' } });
  const end = sse({ type: 'message_stop' });
  const text = { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } };

  it.each([
    ['a second beginning', [start, start, stop, end]],
    ['no beginning', [sse(text), stop, end]],
    ['no stop reason', [start, end]],
    ['an empty stop reason', [start, stop.replace('end_turn', ''), end]],
    ['a block that never ends', [start, sse(text), stop, end]],
    ['a block twice', [start, sse(text), sse(text), stop, end]],
    ['a delta for no block', [start, sse({ type: 'content_block_delta', index: 3 }), stop, end]],
    ['an index that is none', [start, sse({ ...text, index: 'x' }), stop, end]],
    ['an event that is none', [start, sse([]), stop, end]],
    ['data that is no JSON', [start, 'event: x\ndata: {"type"\n\n', stop, end]],
    ['a block that is none', [start, sse({ ...text, content_block: null }), stop, end]],
  ])('make no answer of Anthropic: %s', async (_what, events) => {
    bytes = whole(events);
    expect((await faultOf(connect(anthropicWire).call(callOf()))).kind).toBe('outage');
  });

  it.each([
    ['a line that is no JSON', '{"model":'],
    ['a line that is no object', '17'],
    ['a model that was loaded', '{"done":true,"done_reason":"load"}'],
    ['a model that was unloaded', '{"done":true,"done_reason":"unload"}'],
    ['tool calls that are no list', '{"message":{"tool_calls":{}}}'],
    ['a tool call without a name', '{"message":{"tool_calls":[{"function":{}}]}}'],
    ['bytes that are no UTF-8', Buffer.from('{"message":{"content":"\xff"}}', 'latin1')],
  ])('make no answer of Ollama: %s', async (_what, line) => {
    const answer = ollamaWire.answer(['It lifts ', 'a thread.']);
    bytes = whole([answer[0] ?? '', line, '\n', ...answer.slice(1)]);
    expect((await faultOf(connect(ollamaWire).call(callOf()))).kind).toBe('outage');
  });

  it('may be unknown, or empty, where nothing depends on them', async () => {
    const unknown = [sse({ type: 'news' }), ': comment\n\n'];
    bytes = whole([...unknown, ...anthropicWire.answer(['ok'])]);
    expect((await connect(anthropicWire).call(callOf())).text).toBe('ok');
    bytes = whole(['\n', '\r\n', '{"news":1}\n', ...ollamaWire.answer(['ok'])]);
    expect((await connect(ollamaWire).call(callOf())).text).toBe('ok');
  });

  it('count cached input as input', async () => {
    const usage = { input_tokens: 5, cache_read_input_tokens: 90, cache_creation_input_tokens: 5 };
    bytes = whole([sse({ type: 'message_start', message: { model: 'm', usage } }), stop, end]);
    const output = await connect(anthropicWire).call(callOf());
    expect(output).toMatchObject({ text: '', stopReason: 'end', usage: { inputTokens: 100 } });
  });
});
