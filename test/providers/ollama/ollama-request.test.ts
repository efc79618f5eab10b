/** What a generate's input becomes in the body of Ollama's chat: parts, thinking, options, schema. */
import { describe, expect, it } from 'vitest';
import type { GenerateRequest } from '../../../src/domain/catalogue.ts';
import { createOllama } from '../../../src/providers/ollama/ollama.ts';
import { ollamaRequest } from '../../../src/providers/ollama/ollama-request.ts';

const none = { contextTokens: null, keepAlive: null, options: {} };
const written = (input: GenerateRequest, model = 'qwen3', settings = none as never) =>
  ollamaRequest(input, { model, provider: 'ollama' }, settings);

describe('a request to Ollama', () => {
  it('has images by their bytes and thinking in its field', () => {
    const png = { type: 'image', mediaType: 'image/png', data: 'AAAA' } as const;
    const call = { id: 'a', name: 'look', input: { n: 1 } };
    const { body } = written({
      messages: [
        { role: 'user', content: 'What?', parts: [{ type: 'text', text: 'What?' }, png] },
        {
          role: 'assistant',
          content: 'Hm.',
          toolCalls: [call],
          parts: [
            { type: 'reasoning', text: 'Let me look' },
            { type: 'text', text: 'Hm.' },
            { type: 'tool-call', ...call },
          ],
        },
        {
          role: 'tool',
          toolCallId: 'a',
          content: '{"n":2}',
          parts: [{ type: 'json', value: { n: 2 } }, png],
        },
      ],
    });
    expect(body.messages).toEqual([
      { role: 'user', content: 'What?', images: ['AAAA'] },
      {
        role: 'assistant',
        content: 'Hm.',
        thinking: 'Let me look',
        tool_calls: [{ function: { name: 'look', arguments: { n: 1 } } }],
      },
      { role: 'tool', content: '{"n":2}', images: ['AAAA'], tool_name: 'look' },
    ]);
    const url = { type: 'image', url: 'https://host/a.png' } as const;
    const messages = [{ role: 'user', content: '', parts: [url] }] as const;
    expect(() => written({ messages })).toThrow('only by its bytes');
  });

  it.each([
    ['qwen3', 'off', false, 0],
    ['qwen3', 'high', true, 1],
    ['qwen3', { budgetTokens: 2_000 }, true, 1],
    ['gpt-oss:20b', 'off', 'low', 1],
    ['gpt-oss:20b', 'high', 'high', 0],
    ['gpt-oss:20b', { budgetTokens: 9_000 }, 'medium', 1],
  ] as const)('asks %s for reasoning %j', (model, reasoning, think, notes) => {
    const { body, notes: told } = written({ prompt: 'x', reasoning }, model);
    expect([body.think, told.length]).toEqual([think, notes]);
    expect(written({ prompt: 'x' }, model).body).not.toHaveProperty('think');
  });

  it('has the options of the provider, over them those of the call, over them its own fields', () => {
    const schema = { type: 'object', properties: {} };
    const settings = {
      contextTokens: 4_096,
      keepAlive: '10m',
      options: { seed: 7, num_predict: 5 },
    };
    const { body, notes } = written(
      {
        prompt: 'x',
        maxTokens: 77,
        stopSequences: ['END'],
        schema,
        providerOptions: { ollama: { keep_alive: 0, options: { seed: 8 }, model: 'dear' } },
      },
      'qwen3',
      settings as never,
    );
    expect(body).toMatchObject({
      model: 'qwen3',
      keep_alive: 0,
      format: schema,
      options: { seed: 8, num_ctx: 4_096, num_predict: 77, stop: ['END'] },
    });
    expect(notes).toEqual(['providerOptions.ollama.model was left out: heddle writes it.']);
  });
});

it('says of each tool that its arguments are an object', () => {
  const { body } = written({ prompt: 'x', tools: [{ name: 'look', inputSchema: {} }] });
  expect(body.tools?.[0]?.function.parameters).toEqual({ type: 'object' });
});

describe('the options of ollama', () => {
  const bad = (more: object) => () => createOllama({ model: 'm', ...more });

  it('are refused by field', () => {
    expect(bad({ keepAlive: '' })).toThrow('keepAlive must be a time');
    expect(bad({ keepAlive: Number.NaN })).toThrow('keepAlive must be a time');
    expect(bad({ options: [] })).toThrow('options must be');
    expect(bad({ keepAlive: -1, options: { seed: 1 } })).not.toThrow();
  });

  it('say what it can do, without what the server lacks', () => {
    expect(createOllama({ model: 'm', supports: { schema: false } }).supports).toMatchObject({
      images: 'bytes',
      schema: false,
      toolChoice: false,
    });
  });
});
