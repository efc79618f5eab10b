/** The emulated chat API of Ollama, through the real SDK. */
import { describe, expect, it } from 'vitest';
import { chat, collected, failure, ollama } from './started.ts';

const tool = (name: string) => ({ type: 'function', function: { name, description: 'reads' } });

describe('an answer', () => {
  it('is the same whole and in lines', async () => {
    const { client } = await ollama({ script: { chunks: 6, latencyMs: 20, firstTokenMs: 5 } });
    const whole = await client.chat(chat());
    expect(whole).toMatchObject({
      model: 'emulated',
      done: true,
      done_reason: 'stop',
      prompt_eval_count: 5,
      total_duration: 20_000_000,
    });
    const lines = await collected(await client.chat({ ...chat(), stream: true }));
    expect(lines.map(({ done }) => done)).toEqual([
      ...Array.from({ length: 6 }, () => false),
      true,
    ]);
    expect(lines.map(({ message }) => message.content).join('')).toBe(whole.message.content);
    expect(lines.at(-1)).toMatchObject({ done_reason: 'stop', eval_count: whole.eval_count });
  });

  it('calls tools with arguments that are objects', async () => {
    const input = { key: 'answer/c1' };
    const { client } = await ollama({ answer: () => ({ toolCalls: [{ name: 'recall', input }] }) });
    const request = { ...chat(), tools: [tool('recall')] };
    const { message, done_reason: reason } = await client.chat(request);
    expect(reason).toBe('stop');
    expect(message).toEqual({
      role: 'assistant',
      content: '',
      tool_calls: [{ function: { name: 'recall', arguments: input } }],
    });
    const lines = await collected(await client.chat({ ...request, stream: true }));
    expect(lines.map((line) => line.message.tool_calls)).toEqual([message.tool_calls, undefined]);
  });

  it('ends with length at num_predict, and with load where nothing is asked', async () => {
    const { client } = await ollama();
    const short = await client.chat({ ...chat(), options: { num_predict: 2 } });
    expect(short).toMatchObject({ done_reason: 'length', eval_count: 2 });
    const free = await client.chat({ ...chat(), options: { num_predict: -1 } });
    expect(free.done_reason).toBe('stop');
    const load = await client.chat({ model: 'emulated', messages: [] });
    expect(load).toMatchObject({ done: true, done_reason: 'load' });
    const unload = await client.chat({ model: 'emulated', messages: [], keep_alive: 0 });
    expect(unload.done_reason).toBe('unload');
    const lines = await collected(
      await client.chat({ model: 'emulated', messages: [], stream: true }),
    );
    expect(lines).toMatchObject([{ done: true, done_reason: 'load' }]);
  });

  it('tells by its count alone that the context was too small', async () => {
    const { client } = await ollama({ script: { contextTokens: 50 } });
    const long = chat('x'.repeat(1_000));
    expect(await client.chat(long)).toMatchObject({ prompt_eval_count: 50 });
    const small = await client.chat({ ...long, options: { num_ctx: 20 } });
    expect(small.prompt_eval_count).toBe(20);
    const refused = await failure(client.chat({ ...long, truncate: false } as typeof long));
    expect(refused).toMatchObject({ status_code: 400 });
  });
});

describe('an error', () => {
  it.each([
    ['invalid-request', 400],
    ['authentication', 401],
    ['billing', 402],
    ['credit-balance', 402],
    ['usage-limits', 429],
    ['organization-disabled', 403],
    ['organization-on-hold', 403],
    ['context-full', 400],
    ['permission', 403],
    ['not-found', 404],
    ['too-large', 413],
    ['rate-limited', 429],
    ['spend-limit', 429],
    ['contract-spend-limit', 429],
    ['ramp-limit', 429],
    ['server-error', 500],
    ['unavailable', 503],
    ['timeout', 504],
    ['overloaded', 503],
  ] as const)('%s comes with its status and a sentence', async (error, status) => {
    const { client } = await ollama({
      script: { faults: [{ kind: 'error', error, afterLatency: false, share: 1 }] },
    });
    for (const stream of [false, true] as const) {
      const failed = await failure(client.chat({ ...chat(), stream } as never));
      expect(failed).toMatchObject({ name: 'ResponseError', status_code: status });
      expect(failed.message).toMatch(/^[a-z].+/);
    }
  });

  it('may be a line in the middle', async () => {
    const { client } = await ollama({
      script: {
        faults: [{ kind: 'error-in-stream', error: 'server-error', atEvent: 2, share: 1 }],
      },
    });
    const lines: unknown[] = [];
    const failed = await failure(
      (async () => {
        for await (const line of await client.chat({ ...chat(), stream: true })) lines.push(line);
      })(),
    );
    expect(lines).toHaveLength(2);
    expect(failed).toMatchObject({
      name: 'Error',
      message: expect.stringContaining('llama runner'),
    });
    expect(await failure(client.chat(chat()))).toMatchObject({ status_code: 500 });
  });

  it('is busy, or out of quota by option, when all places are taken', async () => {
    const { client, emulator } = await ollama({ script: { ceiling: 0 } });
    const busy = await failure(client.chat(chat()));
    expect(busy).toMatchObject({ status_code: 503 });
    expect(busy.message).toContain('maximum pending requests exceeded');
    await emulator.set({ whenFull: 'rate-limited' });
    expect(await failure(client.chat(chat()))).toMatchObject({ status_code: 429 });
    expect(emulator.stats()).toMatchObject({ rateLimited: 2, peakInFlight: 0 });
  });

  it.each<[string, object]>([
    ['model is required', { messages: [] }],
    ['messages', { model: 'm', messages: 'x' }],
    ['invalid role: robot', { model: 'm', messages: [{ role: 'robot', content: '' }] }],
    ['content', { model: 'm', messages: [{ role: 'user', content: [] }] }],
    [
      'arguments',
      {
        model: 'm',
        messages: [
          { role: 'assistant', tool_calls: [{ function: { name: 'a', arguments: '{}' } }] },
        ],
      },
    ],
  ])('is what a bad request gets: %s', async (said, body) => {
    const { emulator } = await ollama();
    const url = `${emulator.url}/api/chat`;
    const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
    expect([response.status, await response.json()]).toEqual([
      400,
      { error: expect.stringContaining(said) },
    ]);
    expect((await fetch(url, { method: 'POST' })).status).toBe(400);
    expect((await fetch(url, { method: 'POST', body: '{' })).status).toBe(400);
  });
});

it('tells of its models and of itself', async () => {
  const { client, emulator } = await ollama({ script: { models: ['gemma:latest', 'qwen:4b'] } });
  const names = ({ models }: { models: { name: string }[] }) => models.map(({ name }) => name);
  expect(names(await client.list())).toEqual(['gemma:latest', 'qwen:4b']);
  expect(names(await client.ps())).toEqual(['gemma:latest', 'qwen:4b']);
  expect((await client.version()).version).toMatch(/^\d+\.\d+\.\d+$/);
  expect((await client.show({ model: 'gemma' })).capabilities).toContain('tools');
  expect(await failure(client.show({ model: 'gone' }))).toMatchObject({ status_code: 404 });
  const gone = await failure(client.chat({ ...chat(), model: 'gone' }));
  expect(gone).toMatchObject({ status_code: 404, message: "model 'gone' not found" });
  await client.chat({ ...chat(), model: 'gemma' });
  expect(await (await fetch(emulator.url)).text()).toBe('Ollama is running');
  expect((await fetch(`${emulator.url}/api/nothing`)).status).toBe(404);
});
