/** What Ollama's chunks become, with the oddities of its servers and of those that look like them. */
import { describe, expect, it } from 'vitest';
import type { ModelDelta } from '../../../src/domain/catalogue.ts';
import { OllamaAnswer } from '../../../src/providers/ollama/ollama-answer.ts';
import { ollamaRequest } from '../../../src/providers/ollama/ollama-request.ts';

const done = { done: true, done_reason: 'stop', prompt_eval_count: 12, eval_count: 34 };
const message = (fields: object) => ({ message: { role: 'assistant', content: '', ...fields } });

function answered(chunks: readonly object[], of: { prompt?: string; contextTokens?: number } = {}) {
  const deltas: ModelDelta[] = [];
  const answer = new OllamaAnswer('run/ask/1', (delta) => deltas.push(delta));
  for (const chunk of chunks) answer.take({ model: 'qwen', ...chunk });
  expect(answer.isComplete).toBe(true);
  const { prompt = 'x', contextTokens = null } = of;
  const settings = { contextTokens, keepAlive: null, options: {} };
  const { body } = ollamaRequest(
    { prompt, maxTokens: 100 },
    { model: 'qwen', provider: 'o' },
    settings,
  );
  return { output: answer.output('ollama', body), deltas };
}

describe('the end of an answer', () => {
  it('may come without a reason, or as a reason alone', () => {
    const said = message({ content: 'It lifts.' });
    for (const end of [
      { done: true },
      { done_reason: 'stop' },
      { done: false, done_reason: 'stop' },
    ]) {
      expect(answered([said, end]).output).toMatchObject({ text: 'It lifts.', stopReason: 'end' });
    }
    expect(answered([said, { done: true, done_reason: 'length' }]).output.stopReason).toBe(
      'max-tokens',
    );
  });

  it('is none where the model was only loaded, or nothing came', () => {
    const answer = () => new OllamaAnswer('run/ask/1', () => undefined);
    for (const reason of ['load', 'unload']) {
      const end = { ...message({}), done: true, done_reason: reason };
      expect(() => answer().take(end)).toThrow(`ended for ${reason} alone`);
    }
    expect(() => answer().take({ ...message({}), done: true })).toThrow('without a reason');
    expect(answered([message({}), done]).output).toMatchObject({ text: '', stopReason: 'end' });
  });
});

describe('a tool call', () => {
  const called = (call: object) =>
    answered([message({ tool_calls: [call] }), done]).output.toolCalls[0];

  it('has the id that the server gives, else one that is always the same', () => {
    const named = { name: 'look', arguments: {} };
    expect(called({ id: 'call_7', function: named })?.id).toBe('call_7');
    expect(called({ id: '', function: named })?.id).toMatch(/^tool_[0-9a-f]{20}_0$/);
    expect(called({ function: named })?.id).toBe(called({ id: null, function: named })?.id);
  });

  it('may have its arguments as a text, an empty one, or none', () => {
    for (const written of ['', ' ', null, undefined, {}, '{}']) {
      const call = called({ function: { name: 'look', arguments: written } });
      expect([call?.input, call?.invalid], JSON.stringify(written)).toEqual([{}, undefined]);
    }
    expect(called({ function: { name: 'look', arguments: '{"n":1}' } })?.input).toEqual({ n: 1 });
    const cut = called({ function: { name: 'look', arguments: '{"n":' } });
    expect(cut?.invalid).toContain('not a JSON object');
  });
});

describe('thinking', () => {
  it('stands in its field, and is told as it comes', () => {
    const { output, deltas } = answered([
      message({ thinking: 'Hm' }),
      message({ thinking: ', so' }),
      message({ content: 'Yes.' }),
      message({ tool_calls: [{ id: 'a', function: { name: 'look', arguments: { n: 1 } } }] }),
      done,
    ]);
    expect(output.parts).toEqual([
      { type: 'reasoning', text: 'Hm, so' },
      { type: 'text', text: 'Yes.' },
      { type: 'tool-call', id: 'a', name: 'look', input: { n: 1 } },
    ]);
    expect([output.text, output.stopReason]).toEqual(['Yes.', 'tool-calls']);
    expect(deltas).toEqual([
      { type: 'reasoning', text: 'Hm' },
      { type: 'reasoning', text: ', so' },
      { type: 'text', text: 'Yes.' },
      { type: 'tool-call', id: 'a', name: 'look', inputText: '{"n":1}' },
    ]);
  });

  it('that was left in the text is parted from it, however the pieces are cut', () => {
    const whole = '\n<think>\nHm, <b>so</b>.\n</think>\n\nYes, </think> it is.';
    for (let size = 1; size <= whole.length; size++) {
      const pieces = whole.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
      const { output, deltas } = answered([...pieces.map((content) => message({ content })), done]);
      expect(output.parts, String(size)).toEqual([
        { type: 'reasoning', text: 'Hm, <b>so</b>.\n' },
        { type: 'text', text: 'Yes, </think> it is.' },
      ]);
      const shown = (type: string) =>
        deltas.map((delta) => (delta.type === type && 'text' in delta ? delta.text : '')).join('');
      expect([shown('reasoning'), shown('text')]).toEqual([
        'Hm, <b>so</b>.\n',
        'Yes, </think> it is.',
      ]);
    }
  });

  it('is none in a text that only mentions its tags', () => {
    for (const text of ['Use <think> here</think>', '<thinner>', '<th', '<think>never closed']) {
      const { output } = answered([message({ content: text }), done]);
      expect([output.text, output.parts]).toEqual([text, undefined]);
    }
  });
});

describe('the counts', () => {
  const long = 'a thread and another thread '.repeat(2_000);
  const counted = (tokens: number, of: object, more: object = {}) =>
    answered([message({ content: 'ok' }), { ...done, prompt_eval_count: tokens, ...more }], {
      prompt: long,
      ...of,
    });

  it('tell a prompt that was cut: surely where the context is known', () => {
    expect(() => counted(2_050, { contextTokens: 4_096 })).toThrow('only 2050 tokens were read');
    expect(counted(2_051, {}).output.notes).toEqual([
      'of the prompt only 2051 tokens were read: the server seems to have cut it; give contextTokens',
    ]);
    expect(counted(3_000, {}).output).not.toHaveProperty('notes');
  });

  it('tell an answer that has filled the context from one at its own bound', () => {
    const end = { done_reason: 'length', eval_count: 50 };
    expect(counted(9_950, { contextTokens: 10_000 }, end).output.stopReason).toBe('context-full');
    expect(counted(9_900, { contextTokens: 10_000 }, end).output.stopReason).toBe('max-tokens');
    const bound = { done_reason: 'length', eval_count: 100 };
    expect(counted(9_900, { contextTokens: 10_000 }, bound).output.stopReason).toBe('max-tokens');
  });
});
