/** What the events of the Messages API become: parts, deltas, tokens and the reason of the end. */
import { describe, expect, it } from 'vitest';
import type { GenerateOutput, ModelDelta } from '../../../src/domain/catalogue.ts';
import { AnthropicAnswer } from '../../../src/providers/anthropic/anthropic-answer.ts';
import { asAnswer } from '../../../src/providers/check-answer.ts';

type Block = { readonly start: object; readonly deltas?: readonly object[] };
type More = { readonly stop?: string; readonly details?: object; readonly usage?: object };

function answered(blocks: readonly Block[], more: More = {}) {
  const { stop = 'end_turn', details = null, usage = {} } = more;
  const deltas: ModelDelta[] = [];
  const answer = new AnthropicAnswer((delta) => deltas.push(delta));
  answer.take({ type: 'message_start', message: { model: 'm', usage: { input_tokens: 1 } } });
  blocks.forEach(({ start, deltas: pieces = [] }, index) => {
    answer.take({ type: 'content_block_start', index, content_block: start });
    for (const delta of pieces) answer.take({ type: 'content_block_delta', index, delta });
    answer.take({ type: 'content_block_stop', index });
  });
  const delta = { stop_reason: stop, stop_details: details };
  answer.take({ type: 'message_delta', delta, usage: { output_tokens: 9, ...usage } });
  answer.take({ type: 'message_stop' });
  const provider = { name: 'anthropic', models: ['m'] };
  const output: GenerateOutput = asAnswer(provider, { prompt: 'x' }, answer.output('anthropic'));
  return { output, deltas };
}

const thinking = (pieces: readonly string[], signature: string): Block => ({
  start: { type: 'thinking', thinking: '', signature: '' },
  deltas: [
    ...pieces.map((piece) => ({ type: 'thinking_delta', thinking: piece })),
    { type: 'signature_delta', signature },
  ],
});
const said = (text: string): Block => ({
  start: { type: 'text', text: '' },
  deltas: [{ type: 'text_delta', text }],
});
const call = (id: string, pieces: readonly string[], start: object = {}): Block => ({
  start: { type: 'tool_use', id, name: 'look', input: {}, ...start },
  deltas: pieces.map((piece) => ({ type: 'input_json_delta', partial_json: piece })),
});
const from = { provider: 'anthropic', model: 'm' };

describe('an answer', () => {
  it('of text and tool calls has no list of parts', () => {
    const { output } = answered([said('Look: '), call('a', ['{"n":', '1}'])], { stop: 'tool_use' });
    expect(output).toMatchObject({
      text: 'Look: ',
      toolCalls: [{ id: 'a', name: 'look', input: { n: 1 } }],
      stopReason: 'tool-calls',
    });
    expect(output).not.toHaveProperty('parts');
    expect(output.toolCalls[0]).not.toHaveProperty('extra');
  });

  it('keeps what it thought, also without a text, redacted or in kinds that are not known', () => {
    const search = { type: 'server_tool_use', id: 's', name: 'web_search', input: {} };
    const found = { type: 'web_search_tool_result', tool_use_id: 's', content: [{ url: 'u' }] };
    const { output } = answered(
      [
        thinking(['Let ', 'me'], 'sig1'),
        { start: { type: 'redacted_thinking', data: 'EmwK' } },
        thinking([], 'sig2'),
        { start: search, deltas: [{ type: 'input_json_delta', partial_json: '{"q":1}' }] },
        { start: found },
        { start: { type: 'news', text: 'a' }, deltas: [{ type: 'news_delta', text: 'b' }] },
        call('a', ['{}'], { caller: { type: 'code', tool_id: 's' } }),
      ],
      { stop: 'tool_use' },
    );
    expect(output.parts).toEqual([
      { type: 'reasoning', text: 'Let me', signature: 'sig1', from },
      { type: 'reasoning', text: '', encrypted: 'EmwK', from },
      { type: 'reasoning', text: '', signature: 'sig2', from },
      { type: 'opaque', data: { ...search, input: { q: 1 } }, from },
      { type: 'opaque', data: found, from },
      { type: 'opaque', data: { type: 'news', text: 'ab' }, from },
      {
        type: 'tool-call',
        id: 'a',
        name: 'look',
        input: {},
        extra: { data: { caller: { type: 'code', tool_id: 's' } }, from },
      },
    ]);
  });

  it('shows text, reasoning and tool calls as they come', () => {
    const { deltas } = answered([
      thinking(['Hm'], 's'),
      said('So'),
      call('a', ['', '{"n"', ':1}']),
    ]);
    expect(deltas).toEqual([
      { type: 'reasoning', text: 'Hm' },
      { type: 'text', text: 'So' },
      { type: 'tool-call', id: 'a', name: 'look', inputText: '' },
      { type: 'tool-call', id: 'a', name: 'look', inputText: '{"n"' },
      { type: 'tool-call', id: 'a', name: 'look', inputText: ':1}' },
    ]);
  });
});

describe('a tool call', () => {
  it('of an answer that was cut is never one with no arguments', () => {
    for (const stop of ['max_tokens', 'refusal', 'model_context_window_exceeded', 'pause_turn']) {
      for (const pieces of [[], [''], ['{"n"']]) {
        const { output } = answered([call('a', pieces)], { stop });
        // A piece came, be it empty, and the word for the end is none of a cut.
        if (stop === 'pause_turn' && pieces[0] === '') continue;
        expect(output.toolCalls[0]?.invalid, `${stop} ${pieces.join()}`).toEqual(
          expect.any(String),
        );
      }
    }
  });

  it('without parameters is whole where the answer is', () => {
    for (const stop of ['tool_use', 'end_turn']) {
      const { output } = answered([call('a', [])], { stop });
      expect(output.toolCalls).toEqual([{ id: 'a', name: 'look', input: {} }]);
    }
    const { output } = answered([call('a', [], { input: { n: 1 } })], { stop: 'tool_use' });
    expect(output.toolCalls[0]?.input).toEqual({ n: 1 });
  });
});

describe('the end', () => {
  it('says why it refused, and keeps a word that is not known', () => {
    const details = { type: 'refusal', category: 'bio', explanation: 'No recipes.' };
    const { output } = answered([said('I')], { stop: 'refusal', details });
    expect(output).toMatchObject({
      stopReason: 'refusal',
      notes: ['The model refused: bio: No recipes.'],
    });
    expect(answered([said('I')], { stop: 'pause_turn' }).output).toMatchObject({
      stopReason: 'other',
      rawStopReason: 'pause_turn',
    });
    const full = answered([said('I')], { stop: 'model_context_window_exceeded' });
    expect(full.output.stopReason).toBe('context-full');
  });

  it('counts cached tokens and those of reasoning', () => {
    const usage = {
      input_tokens: 5,
      cache_read_input_tokens: 90,
      cache_creation_input_tokens: 7,
      output_tokens_details: { thinking_tokens: 4 },
    };
    expect(answered([said('x')], { usage }).output.usage).toEqual({
      inputTokens: 102,
      outputTokens: 9,
      cacheReadTokens: 90,
      cacheWriteTokens: 7,
      reasoningTokens: 4,
    });
    const none = { input_tokens: null, cache_read_input_tokens: null, output_tokens_details: null };
    expect(answered([said('x')], { usage: none }).output.usage).toEqual({
      inputTokens: 1,
      outputTokens: 9,
    });
  });
});
