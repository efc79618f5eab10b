/** What the answers of servers of chat completions become, each with its own oddities. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ModelDelta } from '../../../src/domain/catalogue.ts';
import { callOf, faultOf } from '../../support/provider-wires.ts';
import { ChatServer, counts, delta, done, event, finish } from './chat-server.ts';

let server: ChatServer;
beforeEach(async () => {
  server = await ChatServer.start();
});
afterEach(async () => {
  await server.close();
});

const calls = (...made: object[]): string => delta({ tool_calls: made });
const callsOf = async (...events: string[]) =>
  (await server.answer([...events, finish('tool_calls'), done])).toolCalls;

describe('an answer', () => {
  it('is complete with its finish_reason: [DONE], counts and what breaks after it are not needed', async () => {
    const told = delta({ content: 'ok' });
    for (const rest of [
      [done],
      [],
      ['data: {"choi'],
      [': comment\n\n'],
      [event({ error: 'late' })],
    ]) {
      expect(await server.answer([told, finish('stop'), ...rest])).toMatchObject({
        text: 'ok',
        stopReason: 'end',
        model: 'm-1',
      });
    }
  });

  it('is none without a finish_reason, whatever else ends it', async () => {
    for (const rest of [[done], [], [counts({ prompt_tokens: 1, completion_tokens: 1 }), done]]) {
      server.says([delta({ content: 'ok' }), finish(''), ...rest]);
      const fault = await faultOf(server.provider().call(callOf()));
      expect([fault.kind, fault.message]).toEqual([
        'outage',
        expect.stringContaining('without a finish_reason'),
      ]);
    }
  });

  it('is none where the server says that it gave up', async () => {
    for (const reason of ['error', 'abort', 'insufficient_system_resource']) {
      server.says([delta({ content: 'ok' }), finish(reason), done]);
      const fault = await faultOf(server.provider().call(callOf()));
      expect([fault.kind, fault.message]).toEqual(['outage', expect.stringContaining(reason)]);
    }
  });

  it.each([
    ['stop', { stopReason: 'end' }],
    ['eos', { stopReason: 'end' }],
    ['length', { stopReason: 'max-tokens' }],
    ['content_filter', { stopReason: 'refusal' }],
    ['model_length', { stopReason: 'context-full' }],
    ['sunset', { stopReason: 'other', rawStopReason: 'sunset' }],
  ])('that ended by %s says why', async (reason, stop) => {
    expect(await server.answer([delta({ content: 'ok' }), finish(reason)])).toMatchObject(stop);
  });

  it('that refuses is no answer, though it ended by stop', async () => {
    const refused = [
      delta({ refusal: 'I will ' }),
      delta({ refusal: 'not.' }),
      finish('stop'),
      done,
    ];
    expect(await server.answer(refused)).toMatchObject({
      text: 'I will not.',
      stopReason: 'refusal',
    });
  });

  it('may come whole, from a server that does not stream', async () => {
    const message = { role: 'assistant', content: 'ok', tool_calls: [] };
    const body = { model: 'm-1', choices: [{ index: 0, message, finish_reason: 'stop' }] };
    const text = JSON.stringify(body, null, 2);
    expect(await server.answer([text.slice(0, 30), text.slice(30)])).toMatchObject({
      text: 'ok',
      stopReason: 'end',
    });
    server.says([text.slice(0, -3)]);
    expect((await faultOf(server.provider().call(callOf()))).kind).toBe('outage');
  });

  it('has the first choice alone, and texts from a list of parts', async () => {
    const two = event({
      choices: [
        { index: 1, delta: { content: 'no' } },
        { index: 0, delta: { content: [{ type: 'text', text: 'ok' }, { type: 'ref' }] } },
      ],
    });
    expect((await server.answer([two, finish('stop')])).text).toBe('ok');
  });

  it.each([
    ['null', 'data: null\n\n'],
    ['a list', 'data: []\n\n'],
    ['no JSON', 'data: {"choices"\n\n'],
    ['choices that are no list', event({ choices: {} })],
    ['a tool call that is none', calls(7 as never)],
    ['bytes that are no UTF-8', Buffer.from('data: {"a":"\xff"}\n\n', 'latin1')],
  ])('is none where an event is %s', async (_what, odd) => {
    server.says([delta({ content: 'ok' }), odd, finish('stop'), done]);
    expect((await faultOf(server.provider().call(callOf()))).kind).toBe('outage');
  });
});

describe('its tool calls', () => {
  const look = (input: object) => ({ name: 'look', input });

  it('come in fragments by index, mixed', async () => {
    expect(
      await callsOf(
        calls({ index: 0, id: 'a', type: 'function', function: { name: 'look', arguments: '' } }),
        calls({ index: 1, id: 'b', type: 'function', function: { name: 'look', arguments: '{' } }),
        calls({ index: 0, function: { arguments: '{"n":' } }),
        calls(
          { index: 1, function: { arguments: '}' } },
          { index: 0, function: { arguments: '1}' } },
        ),
      ),
    ).toEqual([
      { id: 'a', ...look({ n: 1 }) },
      { id: 'b', ...look({}) },
    ]);
  });

  it('come all at index 0, or without an index: a new id begins a call', async () => {
    for (const at of [{ index: 0 }, {}]) {
      expect(
        await callsOf(
          calls({ ...at, id: 'a', function: { name: 'look', arguments: '{"n":1}' } }),
          calls({ ...at, id: 'b', function: { name: 'look', arguments: '{"n"' } }),
          calls({ ...at, function: { arguments: ':2}' } }),
        ),
      ).toEqual([
        { id: 'a', ...look({ n: 1 }) },
        { id: 'b', ...look({ n: 2 }) },
      ]);
    }
  });

  it('may have a late id and a late, empty, split or repeated name', async () => {
    expect(
      await callsOf(
        calls({ index: 0, function: { name: '' } }),
        calls({ index: 0, id: 'a', function: { name: 'lo' } }),
        calls({ index: 0, id: '', function: { name: 'ok' } }),
        calls({ index: 0, id: 'a', function: { name: 'look', arguments: '{"n":' } }),
        calls({ index: 0, function: { name: '', arguments: '1' } }),
        calls({ index: 0, function: { name: 'look', arguments: '}' } }),
      ),
    ).toEqual([{ id: 'a', ...look({ n: 1 }) }]);
  });

  it('may have no ids: those that are minted are the same at every attempt', async () => {
    const events = [
      calls({ function: { name: 'look', arguments: '{"n":1}' } }),
      calls({ index: 0, function: { name: 'look', arguments: { n: 2 } } }),
      calls({ function: { name: 'look', arguments: null } }),
    ];
    const made = async (idempotencyKey: string, attempt: number) => {
      const call = { idempotencyKey, attempt };
      return (await server.answer([...events, finish('tool_calls')], { call })).toolCalls;
    };
    const first = await made('run/ask/1', 1);
    expect(first).toMatchObject([look({ n: 1 }), look({ n: 2 }), look({})]);
    expect(first.map(({ invalid }) => invalid)).toEqual([undefined, undefined, undefined]);
    expect(new Set(first.map(({ id }) => id)).size).toBe(3);
    for (const { id } of first) expect(id).toMatch(/^[\w-]{1,40}$/);
    expect(await made('run/ask/1', 2)).toEqual(first);
    expect(await made('run/ask/2', 1)).not.toEqual(first);
  });

  it('count though the answer ended by stop', async () => {
    const answer = await server.answer([
      calls({ index: 0, id: 'a', function: { name: 'look', arguments: '{}' } }),
      finish('stop'),
      done,
    ]);
    expect(answer).toMatchObject({ stopReason: 'tool-calls', toolCalls: [{ id: 'a' }] });
  });

  it('keep the fields that heddle does not know', async () => {
    const google = { thought_signature: 's' };
    const made = await callsOf(
      calls({ index: 0, id: 'a', function: { name: 'look', arguments: '{}', strict: true } }),
      calls({ index: 0, extra_content: { google } }),
      event(JSON.parse('{"choices":[{"delta":{"tool_calls":[{"index":0,"__proto__":{"x":1}}]}}]}')),
    );
    const [call] = made;
    expect(call?.extra?.data).toEqual(
      JSON.parse(
        '{"extra_content":{"google":{"thought_signature":"s"}},"__proto__":{"x":1},"function":{"strict":true}}',
      ),
    );
    expect(({} as { x?: number }).x).toBe(undefined);
  });

  it('whose input is no JSON object say so', async () => {
    const [call] = await callsOf(
      calls({ index: 0, id: 'a', function: { name: 'look', arguments: '{"n":' } }),
    );
    expect(call).toMatchObject({ input: {}, invalid: expect.stringContaining('{"n":') as string });
  });

  it('are bounded', async () => {
    const many = Array.from({ length: 1_025 }, (_, i) => ({
      id: `c${i}`,
      function: { name: 'x' },
    }));
    server.says([calls(...many), finish('tool_calls'), done]);
    expect((await faultOf(server.provider().call(callOf()))).kind).toBe('outage');
  });
});

describe('its reasoning', () => {
  it('is kept with the field in which it came', async () => {
    for (const field of ['reasoning', 'reasoning_content']) {
      const answer = await server.answer([
        delta({ [field]: 'Let me ' }),
        delta({ [field]: 'see.', content: '' }),
        delta({ content: 'ok', [field]: null }),
        finish('stop'),
      ]);
      expect(answer.text).toBe('ok');
      expect(answer.parts).toEqual([
        { type: 'reasoning', text: 'Let me see.', signature: field },
        { type: 'text', text: 'ok' },
      ]);
    }
  });

  it('is taken once, where both fields hold it', async () => {
    const both = delta({ reasoning: 'Hm.', reasoning_content: 'Hm.' });
    const { parts } = await server.answer([both, delta({ content: 'ok' }), finish('stop')]);
    expect(parts?.[0]).toEqual({ type: 'reasoning', text: 'Hm.', signature: 'reasoning' });
  });

  it('has its details put together, for the server alone', async () => {
    const detail = (more: object) => delta({ reasoning_details: [more] });
    const { parts } = await server.answer([
      detail({ type: 'reasoning.text', index: 0, text: 'Let ', signature: null }),
      detail({ type: 'reasoning.text', index: 0, text: 'me.', signature: 'sig' }),
      detail({ type: 'reasoning.encrypted', index: 1, data: 'x' }),
      delta({ content: 'ok' }),
      finish('stop'),
    ]);
    expect(parts?.[0]).toEqual({
      type: 'opaque',
      data: {
        reasoning_details: [
          { type: 'reasoning.text', index: 0, text: 'Let me.', signature: 'sig' },
          { type: 'reasoning.encrypted', index: 1, data: 'x' },
        ],
      },
    });
  });

  it('is shown while it comes, with text and tool calls', async () => {
    const shown: ModelDelta[] = [];
    await server.answer(
      [
        delta({ reasoning: 'Hm.' }),
        delta({ content: 'ok' }),
        calls({ index: 0, id: 'a', function: { name: 'look', arguments: '' } }),
        calls({ index: 0, function: { arguments: '{}' } }),
        finish('tool_calls'),
      ],
      { call: { onDelta: (piece) => void shown.push(piece) } },
    );
    expect(shown).toEqual([
      { type: 'reasoning', text: 'Hm.' },
      { type: 'text', text: 'ok' },
      { type: 'tool-call', id: 'a', name: 'look', inputText: '' },
      { type: 'tool-call', id: 'a', name: 'look', inputText: '{}' },
    ]);
  });
});

describe('its tokens', () => {
  const usageOf = async (usage: object) => {
    const answer = await server.answer([
      delta({ content: 'ok' }),
      finish('stop'),
      counts(usage),
      done,
    ]);
    expect(answer.notes).toBe(undefined);
    return answer.usage;
  };

  it('are counted with those that were cached and those of reasoning', async () => {
    expect(
      await usageOf({
        prompt_tokens: 90,
        completion_tokens: 40,
        total_tokens: 130,
        prompt_tokens_details: { cached_tokens: 64, cache_write_tokens: 8 },
        completion_tokens_details: { reasoning_tokens: 12 },
      }),
    ).toEqual({
      inputTokens: 90,
      outputTokens: 40,
      cacheReadTokens: 64,
      cacheWriteTokens: 8,
      reasoningTokens: 12,
    });
    expect(
      await usageOf({ prompt_tokens: 90, completion_tokens: 4, prompt_cache_hit_tokens: 64 }),
    ).toEqual({ inputTokens: 90, outputTokens: 4, cacheReadTokens: 64 });
  });

  it('are those of the total, where reasoning counts only there', async () => {
    const usage = { prompt_tokens: 32, completion_tokens: 9, total_tokens: 135 };
    expect(await usageOf(usage)).toEqual({ inputTokens: 32, outputTokens: 103 });
  });

  it('are estimated where none came, and the answer says so', async () => {
    for (const rest of [[], [counts({})], [event({ choices: [], usage: null })]]) {
      const answer = await server.answer(
        [delta({ content: 'x'.repeat(400) }), finish('stop'), ...rest],
        {
          call: { input: { prompt: 'y'.repeat(800) } },
        },
      );
      expect(answer.usage.outputTokens).toBeGreaterThanOrEqual(100);
      expect(answer.usage.inputTokens).toBeGreaterThanOrEqual(200);
      expect(answer.usage.outputTokens).toBeLessThan(200);
      expect(answer.notes?.join()).toContain('estimated');
    }
  });
});

describe('an error inside the stream', () => {
  const kindOf = async (...events: string[]) => {
    server.says([delta({ content: 'It ' }), ...events, done]);
    return faultOf(server.provider().call(callOf()));
  };

  it('is what its type says', async () => {
    const fault = await kindOf(event({ error: { type: 'rate_limit_error', message: 'slow' } }));
    expect(fault).toMatchObject({ kind: 'rate-limited', message: expect.stringContaining('slow') });
    const stopped = { index: 0, delta: { content: '' }, finish_reason: 'error' };
    const both = { error: { message: 'gone' }, choices: [stopped] };
    expect(await kindOf(event(both))).toMatchObject({ kind: 'outage' });
    expect(await kindOf(event({ object: 'error', message: 'bad', type: 'E' }))).toMatchObject({
      kind: 'outage',
      message: expect.stringContaining('bad'),
    });
    expect(await kindOf(event({ error: 'no more' }))).toMatchObject({
      kind: 'outage',
      message: expect.stringContaining('no more'),
    });
  });

  it.each([
    [{ code: 429, message: 'Rate limited upstream' }, 'rate-limited'],
    [{ code: 402, message: 'Insufficient credits' }, 'refused'],
    [{ code: '502', message: 'Bad gateway' }, 'outage'],
    [{ code: 'server_is_overloaded', message: 'busy', type: 'server_error' }, 'rate-limited'],
    [{ code: 'insufficient_quota', message: 'no money', type: 'insufficient_quota' }, 'refused'],
  ])('is what its code says, a number too: %j', async (error, kind) => {
    expect((await kindOf(event({ error }))).kind).toBe(kind);
  });

  it('may say that the context is full', async () => {
    const error = { code: 'context_length_exceeded', message: 'too long' };
    expect(await kindOf(event({ error }))).toMatchObject({ kind: 'caller', isContextFull: true });
  });
});
