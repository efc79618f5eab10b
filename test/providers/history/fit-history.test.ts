/** What a history becomes before it is sent: valid by rule, and otherwise as it was. */
import { describe, expect, it } from 'vitest';
import type { GenerateMessage, GenerateRequest, ToolCall } from '../../../src/domain/catalogue.ts';
import { fitHistory } from '../../../src/providers/history/fit-history.ts';
import { toolNames, withOwnTools } from '../../../src/providers/history/tool-names.ts';

const at = { provider: 'anthropic', model: 'claude' };
const elsewhere = { provider: 'ollama', model: 'qwen' };

const user = (content: string): GenerateMessage => ({ role: 'user', content });
const says = (content: string, ...calls: readonly ToolCall[]): GenerateMessage => ({
  role: 'assistant',
  content,
  ...(calls.length === 0 ? {} : { toolCalls: calls }),
});
const call = (id: string, name = 'look'): ToolCall => ({ id, name, input: {} });
const result = (toolCallId: string, content = 'seen'): GenerateMessage => ({
  role: 'tool',
  toolCallId,
  content,
});
const lost = (toolCallId: string) => ({
  ...result(toolCallId, expect.stringContaining('interrupted') as never),
  isError: true,
});

function fit(messages: readonly GenerateMessage[], more: Partial<GenerateRequest> = {}) {
  return fitHistory({ messages, ...more }, at);
}

describe('a request that is valid', () => {
  it('comes back as the same object', () => {
    const requests: readonly GenerateRequest[] = [
      { prompt: 'Why?' },
      { prompt: 'Why?', messages: [] },
      { messages: [{ role: 'system', content: 'Be brief.' }, user('a'), says('b '), user('c')] },
      { messages: [user('a'), says('', call('1'), call('2')), result('1'), result('2')] },
    ];
    for (const request of requests) expect(fitHistory(request, at)).toBe(request);
  });
});

describe('tool calls and their results', () => {
  it('a call without a result gets one that says so, as an error', () => {
    const messages = [user('a'), says('', call('1'), call('2')), result('2'), user('And?')];
    expect(fit(messages).messages).toEqual([
      ...messages.slice(0, 2),
      lost('1'),
      result('2'),
      user('And?'),
    ]);
    expect(fit([user('a'), says('', call('1'))]).messages?.slice(2)).toEqual([lost('1')]);
  });

  it('results stand directly after their calls, in the order of the calls', () => {
    const fitted = fit([says('', call('1'), call('2')), user('Wait.'), result('2'), result('1')]);
    expect(fitted.messages?.slice(1)).toEqual([result('1'), result('2'), user('Wait.')]);
  });

  it('a result without its call, before its call, or after another result is dropped', () => {
    const exchange = [says('', call('1')), result('1')];
    const more = [result('1', 'early'), ...exchange, result('1', 'again'), result('9')];
    expect(fit([user('a'), ...more, user('b')]).messages).toEqual([
      user('a'),
      ...exchange,
      user('b'),
    ]);
  });

  it('ids are unique over the history, and each result follows its own call', () => {
    const step = (n: string) => [says('', call('call_0')), result('call_0', n)];
    const fitted = fit([...step('one'), ...step('two'), ...step('three')]).messages;
    expect(fitted).toEqual([
      ...step('one'),
      says('', call('call_0_2')),
      result('call_0_2', 'two'),
      says('', call('call_0_3')),
      result('call_0_3', 'three'),
    ]);
    const twice = fit([says('', call('x'), call('x')), result('x', '1'), result('x', '2')]);
    expect(twice.messages?.slice(1)).toEqual([result('x', '1'), result('x_2', '2')]);
  });

  it('ids have a form that all providers take, and none becomes another', () => {
    const ids = ['a.b', 'a_b', 'a:b', '', 'é', 'x'.repeat(80), 'x'.repeat(81)];
    const fitted = fit([
      says('', ...ids.map((id) => call(id))),
      ...ids.map((id, i) => result(id, `${i}`)),
    ]);
    const [asked, ...results] = fitted.messages as readonly Extract<
      GenerateMessage,
      { role: 'tool' }
    >[];
    const sent = results.map(({ toolCallId }) => toolCallId);
    expect(sent.slice(0, 5)).toEqual(['a_b', 'a_b_2', 'a_b_3', 'call', '_']);
    expect(new Set(sent).size).toBe(ids.length);
    for (const id of sent) expect(id).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
    expect(results.map(({ content }) => content)).toEqual(ids.map((_, i) => `${i}`));
    expect(asked).toMatchObject({ toolCalls: sent.map((id) => ({ id })) });
  });

  it('a history that grows keeps its beginning', () => {
    const grown = [says('', call('a.b')), result('a.b'), says('', call('a_b')), result('a_b')];
    expect(fit(grown).messages?.slice(0, 2)).toEqual(fit(grown.slice(0, 2)).messages);
  });

  it('arguments are an object, and parts tell the same as the calls', () => {
    const parts = [
      { type: 'reasoning', text: 'Hm.', from: at },
      { type: 'tool-call', id: 'a.b', name: 'look', input: 'odd' },
    ] as const;
    const fitted = fit(
      [says('', call('a.b')), result('a.b')].with(0, {
        role: 'assistant',
        content: '',
        parts,
      }),
    );
    const own = { id: 'a_b', name: 'look', input: {} };
    expect(fitted.messages?.[0]).toEqual({
      role: 'assistant',
      content: '',
      toolCalls: [own],
      parts: [parts[0], { type: 'tool-call', ...own }],
    });
  });
});

describe('names', () => {
  const tools = ['files/read', 'files_read', 'files.read', 'ok'].map((name) => ({
    name,
    inputSchema: {},
  }));
  const request: GenerateRequest = {
    messages: [
      user('a'),
      says('', call('1', 'files/read'), call('2', 'ok')),
      result('1'),
      result('2'),
    ],
    tools,
    toolChoice: { tool: 'files.read' },
  };

  it('fit when they are sent; one that fits stays, and none becomes another', () => {
    const fitted = fitHistory(request, at);
    expect(fitted.tools?.map(({ name }) => name)).toEqual([
      'files_read_2',
      'files_read',
      'files_read_3',
      'ok',
    ]);
    expect(fitted.toolChoice).toEqual({ tool: 'files_read_3' });
    expect(fitted.messages?.[1]).toMatchObject({
      toolCalls: [{ name: 'files_read_2' }, { name: 'ok' }],
    });
  });

  it('are the chart’s own again in the answer', () => {
    const answered = {
      text: '',
      toolCalls: [call('3', 'files_read_3'), call('4', 'files_read')],
      parts: [
        { type: 'reasoning', text: 'Hm.' },
        { type: 'tool-call', ...call('3', 'files_read_3') },
      ],
      stopReason: 'tool-calls',
      usage: { inputTokens: 1, outputTokens: 1 },
      provider: 'anthropic',
      model: 'claude',
    } as const;
    const own = withOwnTools(request, answered);
    expect(own.toolCalls.map(({ name }) => name)).toEqual(['files.read', 'files_read']);
    expect(own.parts?.[1]).toMatchObject({ name: 'files.read' });
    expect(withOwnTools({ prompt: 'a' }, answered)).toBe(answered);
    expect(toolNames({ prompt: 'a' })).toBeNull();
  });
});

describe('blank texts', () => {
  it('are dropped, and so is a message that is empty then', () => {
    const image = { type: 'image', url: 'https://example.com/a.png' } as const;
    const messages: readonly GenerateMessage[] = [
      { role: 'system', content: ' ' },
      user('\n'),
      { role: 'user', content: ' ', parts: [{ type: 'text', text: ' ' }, image] },
      { role: 'user', content: ' ', parts: [{ type: 'text', text: ' ' }] },
      says(' \t'),
      says('  ', call('1')),
      result('1', ' '),
    ];
    expect(fit(messages, { system: ' ', prompt: ' ' })).toEqual({
      messages: [
        { role: 'user', content: '', parts: [image] },
        says('', call('1')),
        result('1', '(empty)'),
      ],
    });
  });

  it('an answer of reasoning alone says nothing', () => {
    const parts = [{ type: 'reasoning', text: 'Hm.', signature: 's', from: at }] as const;
    const messages = [user('a'), { role: 'assistant', content: '', parts } as const, user('b')];
    expect(fit(messages).messages).toEqual([user('a'), user('b')]);
  });

  it('an error keeps its words, or says that it has none', () => {
    const error = { role: 'tool', toolCallId: '1', content: '', isError: true } as const;
    const fitted = fit([says('', call('1')), error]);
    expect(fitted.messages?.[1]).toEqual({ ...error, content: '(empty)' });
  });

  it('alone are refused, by field', () => {
    const refused = (request: GenerateRequest) => () => fitHistory(request, at);
    expect(refused({ prompt: ' \n' })).toThrow(/^generate\.prompt is blank/);
    expect(refused({ messages: [user(' '), says('')] })).toThrow(/^generate\.messages is blank/);
    expect(refused({ messages: [user('a'), says('b')], prompt: ' ' })).toThrow(/generate\.prompt/);
    expect(refused({ messages: [{ role: 'system', content: 'Be brief.' }] })).toThrow(
      /generate\.messages/,
    );
  });
});

describe('the end of a history', () => {
  it('is the user’s: a model is asked to go on with its own message', () => {
    const messages = [user('a'), says('It was ')];
    expect(fit(messages).messages).toEqual([...messages, user('Continue.')]);
    expect(fit(messages, { prompt: 'b' }).messages).toBe(messages);
    expect(fit([...messages, { role: 'system', content: 's' }]).messages?.at(-1)).toEqual(
      user('Continue.'),
    );
  });
});

describe('parts that only their own provider and model can read', () => {
  const reasoning = { type: 'reasoning', text: '', signature: 's', from: at } as const;
  const opaque = { type: 'opaque', data: { n: 1 }, from: at } as const;
  const asked = { ...call('1'), extra: { data: { sig: 1 }, from: at } };
  const exchange = (parts: readonly object[]): GenerateMessage[] => [
    user('a'),
    { role: 'assistant', content: '', toolCalls: [call('1')], parts } as GenerateMessage,
    result('1'),
  ];
  const own = exchange([reasoning, opaque, { type: 'tool-call', ...asked }]);

  it('go back to them unchanged', () => {
    const request = { messages: own, reasoning: 'high' } as const;
    expect(fitHistory(request, at)).toBe(request);
    expect(fitHistory(request, { ...at, model: undefined })).toBe(request);
  });

  it('go to no other, and the exchange goes on without reasoning until it ends', () => {
    for (const to of [elsewhere, { ...at, model: 'claude-2' }]) {
      const fitted = fitHistory({ messages: own, reasoning: 'high' }, to);
      expect(fitted).toEqual({
        messages: [user('a'), says('', call('1')), result('1')],
        reasoning: 'off',
      });
      const later = { messages: [...own, says('So.'), user('b')], reasoning: 'high' } as const;
      expect(fitHistory(later, to).reasoning).toBe('high');
      expect(fitHistory({ messages: own, reasoning: 'high', prompt: 'b' }, to).reasoning).toBe(
        'high',
      );
      expect(fitHistory({ messages: own }, to)).not.toHaveProperty('reasoning');
    }
  });

  it('nobody’s go to nobody', () => {
    const { from: _, ...nobodys } = reasoning;
    const fitted = fitHistory(
      { messages: exchange([nobodys, { type: 'tool-call', ...call('1') }]) },
      at,
    );
    expect(fitted.messages?.[1]).toEqual(says('', call('1')));
  });

  it('an exchange that was begun without reasoning goes on without it', () => {
    const request = {
      messages: exchange([{ type: 'tool-call', ...call('1') }]),
      reasoning: 'low',
    } as const;
    expect(fitHistory(request, at).reasoning).toBe('off');
    // Later steps of one exchange need no reasoning of their own.
    const steps = [...own, says('', call('2')), result('2')];
    expect(fitHistory({ messages: steps, reasoning: 'low' }, at).reasoning).toBe('low');
    // A model that reasons and shows nothing says that it has.
    const silent = { type: 'reasoning', text: '', from: at };
    const hidden = exchange([silent, { type: 'tool-call', ...call('1') }]);
    expect(fitHistory({ messages: hidden, reasoning: 'low' }, at)).toEqual({
      messages: [user('a'), says('', call('1')), result('1')],
      reasoning: 'low',
    });
  });
});
