/** The input of `generate` is checked by field, before anything is written or paid for. */
import { describe, expect, it } from 'vitest';
import { checkGenerate } from '../../src/domain/model/generate-input.ts';

const tools = [{ name: 'look', inputSchema: { type: 'object' } }];
const checked = (more: object) => checkGenerate({ prompt: 'q', ...more });
const of = (role: string, more: object) => ({ prompt: undefined, messages: [{ role, ...more }] });
const parts = (role: string, list: unknown, more: object = {}) =>
  of(role, { content: list, ...more });

describe('an option that cannot be meant is refused by its field', () => {
  it.each<[string, object]>([
    ['generate.toolChoice', { toolChoice: 'any', tools }],
    ['generate.toolChoice', { toolChoice: 'required' }],
    ['generate.toolChoice', { toolChoice: null, tools }],
    ['generate.toolChoice.tool', { toolChoice: { tool: 'other' }, tools }],
    ['generate.toolChoice.name', { toolChoice: { tool: 'look', name: 'x' }, tools }],
    ['generate.tools[1].name', { tools: [...tools, ...tools] }],
    ['generate.stopSequences', { stopSequences: 'x' }],
    ['generate.stopSequences', { stopSequences: Array.from({ length: 17 }, String) }],
    ['generate.stopSequences[0]', { stopSequences: [' \n'] }],
    ['generate.reasoning', { reasoning: 'some' }],
    ['generate.reasoning', { reasoning: 3 }],
    ['generate.reasoning.budgetTokens', { reasoning: { budgetTokens: 1_023 } }],
    ['generate.reasoning.budgetTokens', { reasoning: {} }],
    ['generate.reasoning.effort', { reasoning: { budgetTokens: 2_000, effort: 'low' } }],
    ['generate.cache', { cache: '10m' }],
    ['generate.schema', { schema: true }],
    ['generate.providerOptions', { providerOptions: [] }],
    ['generate.providerOptions.p', { providerOptions: { p: 1 } }],
    ['generate.messages[0].content', of('user', { content: 7 })],
    ['generate.messages[0].parts', of('user', { content: 'x', parts: {} })],
    ['generate.messages[0].parts', of('system', { content: 'x', parts: [] })],
    ['generate.messages[0].content[0].type', parts('user', [{ type: 'sound' }])],
    ['generate.messages[0].content[0].type', parts('user', [{ type: 'reasoning', text: 'x' }])],
    ['generate.messages[0].content[0].text', parts('user', [{ type: 'text' }])],
    ['generate.messages[0].content[0].txt', parts('user', [{ type: 'text', text: '', txt: '' }])],
    ['generate.messages[0].content[0]', parts('user', [{ type: 'image', mediaType: 'image/png' }])],
    [
      'generate.messages[0].content[0].mediaType',
      parts('user', [{ type: 'image', mediaType: 'text/html', data: 'AAAA' }]),
    ],
    [
      'generate.messages[0].content[0].mediaType',
      parts('user', [{ type: 'image', mediaType: 'image/tiff', data: 'AAAA' }]),
    ],
    [
      'generate.messages[0].content[0].data',
      parts('user', [{ type: 'image', mediaType: 'image/png', data: 'not base64!' }]),
    ],
    [
      'generate.messages[0].content[0].sha256',
      parts('user', [{ type: 'image', mediaType: 'image/png', sha256: 'abc' }]),
    ],
    ['generate.messages[0].content[0].url', parts('user', [{ type: 'image', url: 'file:///etc' }])],
    [
      'generate.messages[0].content[0].value',
      parts('tool', [{ type: 'json' }], { toolCallId: 'a' }),
    ],
    ['generate.messages[0].toolCallId', parts('tool', [{ type: 'text', text: 'x' }])],
    ['generate.messages[0].content[0].data', parts('assistant', [{ type: 'opaque', data: 1 }])],
    [
      'generate.messages[0].content[0].from.model',
      parts('assistant', [{ type: 'reasoning', text: '', from: { provider: 'p' } }]),
    ],
    [
      'generate.messages[0].content[0].input',
      parts('assistant', [{ type: 'tool-call', id: 'a', name: 'b', input: [] }]),
    ],
  ])('%s in %j', (field, more) => {
    expect(() => checked(more)).toThrow(
      expect.objectContaining({
        code: 'invalid-field',
        detail: expect.objectContaining({ field }) as object,
      }),
    );
  });
});

describe('a message has its text in content', () => {
  it.each<[string, object, object]>([
    ['a text stays as it is', { role: 'user', content: 'x' }, { role: 'user', content: 'x' }],
    [
      'parts of text alone are a text',
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
      { role: 'user', content: 'ab' },
    ],
    [
      'an image stands in parts; its data URL becomes bytes',
      { role: 'user', content: [{ type: 'image', data: 'data:image/png;base64,AAAA' }] },
      {
        role: 'user',
        content: '',
        parts: [{ type: 'image', mediaType: 'image/png', data: 'AAAA' }],
      },
    ],
    [
      'an answer that is handed back has its text and calls from its parts',
      {
        role: 'assistant',
        content: 'stale',
        parts: [
          { type: 'reasoning', text: 'r' },
          { type: 'text', text: 't' },
          { type: 'tool-call', id: 'a', name: 'b', input: {} },
        ],
      },
      {
        role: 'assistant',
        content: 't',
        toolCalls: [{ id: 'a', name: 'b', input: {} }],
        parts: [
          { type: 'reasoning', text: 'r' },
          { type: 'text', text: 't' },
          { type: 'tool-call', id: 'a', name: 'b', input: {} },
        ],
      },
    ],
    [
      'JSON of a result is also a text',
      {
        role: 'tool',
        toolCallId: 'a',
        isError: true,
        content: [{ type: 'json', value: { n: 1 } }],
      },
      {
        role: 'tool',
        toolCallId: 'a',
        isError: true,
        content: '{"n":1}',
        parts: [{ type: 'json', value: { n: 1 } }],
      },
    ],
  ])('%s', (_what, message, made) => {
    expect(checked({ messages: [message] }).messages).toEqual([made]);
  });
});
