/** Every provider's answer gets one form: its parts, stop reason, tool calls and counts. */
import { describe, expect, it } from 'vitest';
import { asAnswer } from '../../src/providers/check-answer.ts';

const plain = {
  text: 'Hi',
  toolCalls: [],
  stopReason: 'end',
  usage: { inputTokens: 10, outputTokens: 5 },
  provider: 'p',
  model: 'm-20261021',
};
const provider = { name: 'p', models: ['m', 'n'], tiers: { small: 'n' } };
const answered = (more: object, request = {}) => asAnswer(provider, request, { ...plain, ...more });
const call = (id: string, more = {}) => ({ id, name: 'look', input: {}, ...more });

it('of text alone stays as it is, as a provider of twelve lines gives it', () => {
  expect(answered({})).toEqual(plain);
});

describe('the stop reason', () => {
  it.each([
    ['end_turn', { stopReason: 'end' }],
    ['stop', { stopReason: 'end' }],
    ['length', { stopReason: 'max-tokens' }],
    ['model_context_window_exceeded', { stopReason: 'context-full' }],
    ['content_filter', { stopReason: 'refusal' }],
    ['pause_turn', { stopReason: 'other', rawStopReason: 'pause_turn' }],
    ['constructor', { stopReason: 'other', rawStopReason: 'constructor' }],
    ['', { stopReason: 'other', rawStopReason: '' }],
  ])('%s is one of a list of words', (stopReason, stop) => {
    expect(answered({ stopReason })).toMatchObject(stop);
  });

  it('of an answer with tool calls is never a plain end', () => {
    expect(answered({ stopReason: 'stop', toolCalls: [call('a')] }).stopReason).toBe('tool-calls');
  });
});

describe('tool calls', () => {
  it.each([
    ['max-tokens', 'most tokens'],
    ['context-full', 'context was full'],
    ['refusal', 'was refused'],
  ])('of an answer that ended by %s are invalid, all of them', (stopReason, words) => {
    const calls = [call('a'), call('b', { invalid: 'the input is not a JSON object: {"n' })];
    const answer = answered({ stopReason, toolCalls: calls });
    const [a, b] = answer.toolCalls;
    expect(a?.invalid).toContain(words);
    expect(b?.invalid).toMatch(new RegExp(`${words}.*; the input is not a JSON object`));
    const parts = [
      { type: 'reasoning', text: 'r' },
      { type: 'tool-call', ...call('a') },
    ];
    const whole = answered({ stopReason, parts });
    expect(whole.parts?.[1]).toMatchObject({ invalid: expect.stringContaining(words) as string });
    expect(whole.toolCalls[0]?.invalid).toContain(words);
  });

  it.each([[undefined], [null], [[1]], ['{}'], [7]])(
    'with %j for arguments are invalid',
    (input) => {
      const [made] = answered({ toolCalls: [call('a', { input })] }).toolCalls;
      expect(made).toMatchObject({ input: {}, invalid: 'the input is not a JSON object' });
    },
  );

  it('have ids of their own, though a model gives one to several, or none', () => {
    const ids = answered({ toolCalls: ['a', 'a', '', '', 'a_2'].map((id) => call(id)) });
    expect(ids.toolCalls.map(({ id }) => id)).toEqual(['a', 'a_2', 'call', 'call_2', 'a_2_2']);
  });
});

describe('parts', () => {
  const parts = [
    { type: 'reasoning', text: 'Let me', signature: 's', from: { provider: 'liar', model: 'x' } },
    { type: 'text', text: 'A' },
    { type: 'opaque', data: { type: 'new' } },
    { type: 'tool-call', ...call('a', { extra: { data: { sig: 1 } } }) },
    { type: 'text', text: 'B' },
  ];

  it.each([
    ['the first model', {}, 'm'],
    ['the model that was asked for', { model: 'n' }, 'n'],
    ['the model of a tier', { tier: 'small' }, 'n'],
  ])('name their origin: %s, whatever the provider says', (_what, request, model) => {
    const answer = answered({ parts }, request);
    const from = { provider: 'p', model };
    expect(answer.text).toBe('AB');
    expect(answer.parts).toEqual([
      { type: 'reasoning', text: 'Let me', signature: 's', from },
      { type: 'text', text: 'A' },
      { type: 'opaque', data: { type: 'new' }, from },
      { type: 'tool-call', ...call('a', { extra: { data: { sig: 1 }, from } }) },
      { type: 'text', text: 'B' },
    ]);
    expect(answer.toolCalls).toEqual([call('a', { extra: { data: { sig: 1 }, from } })]);
  });

  it('are left out where text and tool calls say the same', () => {
    const same = [
      { type: 'text', text: 'A' },
      { type: 'tool-call', ...call('a') },
    ];
    expect(answered({ parts: same })).not.toHaveProperty('parts');
  });

  it.each([
    [[{ type: 'sound' }], 'parts[0].type'],
    [[{ type: 'text' }], 'parts[0].text'],
    [[null], 'parts[0].type'],
    ['text', 'parts'],
    [Array.from({ length: 2_000 }, () => ({ type: 'text', text: 'x' })), 'parts'],
  ])('that are none are refused by field: %j', (wrong, field) => {
    expect(() => answered({ parts: wrong })).toThrow(
      expect.objectContaining({ code: 'provider-answer-invalid' }),
    );
    expect(() => answered({ parts: wrong })).toThrow(field);
  });
});

describe('counts', () => {
  it('of the cache and of reasoning stay within those that they are part of', () => {
    const usage = {
      inputTokens: 10,
      outputTokens: 5,
      cacheReadTokens: 8,
      cacheWriteTokens: 8,
      reasoningTokens: 9,
    };
    expect(answered({ usage }).usage).toEqual({
      inputTokens: 10,
      outputTokens: 5,
      cacheReadTokens: 8,
      cacheWriteTokens: 2,
      reasoningTokens: 5,
    });
  });

  it.each([-1, 1.5, Number.NaN, '3'])('%s is refused', (cacheReadTokens) => {
    expect(() => answered({ usage: { ...plain.usage, cacheReadTokens } })).toThrow(
      'usage.cacheReadTokens',
    );
  });
});
