/**
 * The SDKs against an emulator of other makers (aimock) and against ours, with the same requests: what
 * the SDKs make of them must be the same. Not compared are ids, times and usage, which aimock leaves 0,
 * and how many pieces a text comes in.
 */
import { LLMock } from '@copilotkit/aimock';
import { Ollama } from 'ollama';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AnswerFunction } from '../../src/emulators/model-request.ts';
import { anthropicAt, begun, collected, failure, openaiAt } from './started.ts';

const text = 'A heddle lifts a thread — at the right moment 🧵.';
const input = { key: 'answer/"c1"', list: [1, null, { deep: true }] };
const calls = [
  { name: 'recall', input },
  { name: 'forget', input: {} },
];

const peer = new LLMock({ port: 0, chunkSize: 12, logLevel: 'silent' });
beforeAll(async () => {
  peer.onMessage('tell', { content: text });
  peer.onMessage('call', {
    toolCalls: calls.map(({ name, input: args }) => ({ name, arguments: JSON.stringify(args) })),
  });
  await peer.start();
});
afterAll(() => peer.stop());

/** Ours, with the same two things to say. */
const answer: AnswerFunction = ({ messages }) =>
  messages.at(-1)?.text === 'call' ? { toolCalls: calls } : { text };
const script = { chunks: 4 };

/** One after the other of the same kind counts once. */
const runs = (types: readonly string[]): string[] =>
  types.filter((type, index) => type !== types[index - 1]);

describe('the Anthropic SDK', () => {
  const tools = calls.map(({ name }) => ({ name, input_schema: { type: 'object' as const } }));
  const ask = (content: string) => ({
    model: 'claude-haiku-4-5',
    max_tokens: 1_024,
    messages: [{ role: 'user' as const, content }],
    tools,
  });
  const both = async () => {
    const ours = await begun({ protocol: 'anthropic', answer, script });
    return [peer.url, ours.url].map(anthropicAt);
  };

  it.each(['tell', 'call'])('sees the same events and message: %s', async (prompt) => {
    const [theirs, ours] = await Promise.all(
      (await both()).map(async (client) => {
        const events = await collected(
          await client.messages.create({ ...ask(prompt), stream: true }),
        );
        const parsed = [
          await client.messages.stream(ask(prompt)).finalMessage(),
          await client.messages.create(ask(prompt)),
        ].map(({ type, role, model, content, stop_reason, stop_sequence }) => ({
          type,
          role,
          model,
          stop_reason,
          stop_sequence,
          content: content.map((block) => {
            if (block.type === 'text') return block.text;
            return block.type === 'tool_use'
              ? { name: block.name, input: block.input }
              : block.type;
          }),
        }));
        const deltas = events.map((event) =>
          event.type === 'content_block_delta' ? event.delta.type : event.type,
        );
        return { types: runs(deltas), parsed };
      }),
    );
    expect(theirs?.parsed[0]?.content).toEqual(prompt === 'tell' ? [text] : calls);
    expect(ours).toEqual(theirs);
  });

  it('sees the same error', async () => {
    const ours = await begun({
      protocol: 'anthropic',
      script: { faults: [{ kind: 'error', error: 'overloaded', afterLatency: false, share: 1 }] },
    });
    const error = { message: 'Overloaded', type: 'overloaded_error' };
    peer.nextRequestError(529, error);
    const [theirFailure, ourFailure] = [
      await failure(anthropicAt(peer.url).messages.create(ask('tell'))),
      await failure(anthropicAt(ours.url).messages.create(ask('tell'))),
    ];
    const { name, status, type } = theirFailure;
    expect({ status, type }).toEqual({ status: 529, type: 'overloaded_error' });
    expect(ourFailure).toMatchObject({ name, status, type });
  });
});

describe('the Ollama SDK', () => {
  const tools = calls.map(({ name }) => ({
    type: 'function',
    function: { name, description: name, parameters: { type: 'object' } },
  }));
  const chat = (content: string) => ({ model: 'm', messages: [{ role: 'user', content }], tools });

  it.each(['tell', 'call'])('sees the same lines and message: %s', async (prompt) => {
    const emulator = await begun({ protocol: 'ollama', answer, script });
    const [theirs, ours] = await Promise.all(
      [peer.url, emulator.url].map(async (host) => {
        const client = new Ollama({ host });
        const lines = await collected(await client.chat({ ...chat(prompt), stream: true }));
        const { message, done, done_reason: reason } = await client.chat(chat(prompt));
        return {
          kinds: runs(lines.map((line) => `${line.done}:${line.message.tool_calls !== undefined}`)),
          content: lines.map((line) => line.message.content).join(''),
          calls: lines
            .flatMap((line) => line.message.tool_calls ?? [])
            .map((call) => call.function),
          end: lines.at(-1)?.done_reason,
          whole: {
            done,
            reason,
            role: message.role,
            content: message.content,
            calls: message.tool_calls?.map((call) => call.function),
          },
        };
      }),
    );
    expect(theirs?.content).toBe(prompt === 'tell' ? text : '');
    expect(ours).toEqual(theirs);
  });
});

describe('the OpenAI SDK', () => {
  const tools = calls.map(({ name }) => ({
    type: 'function' as const,
    function: { name, parameters: { type: 'object' } },
  }));
  const ask = (content: string) => ({
    model: 'gpt-5',
    messages: [{ role: 'user' as const, content }],
    tools,
  });

  it.each(['tell', 'call'])('sees the same chunks and message: %s', async (prompt) => {
    const emulator = await begun({ protocol: 'openai', answer, script });
    const [theirs, ours] = await Promise.all(
      [peer.url, emulator.url].map(openaiAt).map(async (client) => {
        const chunks = await collected(
          await client.chat.completions.create({ ...ask(prompt), stream: true }),
        );
        const choices = chunks.flatMap((chunk) => chunk.choices);
        const whole = await client.chat.completions.create(ask(prompt));
        const streamed = await client.chat.completions.stream(ask(prompt)).finalMessage();
        return {
          objects: runs(chunks.map(({ object }) => object)),
          ends: choices.map(({ finish_reason: end }) => end).filter((end) => end !== null),
          roles: choices.map(({ delta }) => delta.role).filter((role) => role !== undefined),
          content: choices.map(({ delta }) => delta.content ?? '').join(''),
          messages: [whole.choices[0]?.message, streamed].map((message) => ({
            role: message?.role,
            content: message?.content ?? null,
            calls: (message?.tool_calls ?? []).map((call) =>
              call.type === 'function' ? [call.function.name, call.function.arguments] : [],
            ),
          })),
        };
      }),
    );
    expect(theirs?.content).toBe(prompt === 'tell' ? text : '');
    expect(ours).toEqual(theirs);
  });

  it('sees the same error', async () => {
    const ours = await begun({
      protocol: 'openai',
      script: { faults: [{ kind: 'error', error: 'rate-limited', afterLatency: false, share: 1 }] },
    });
    peer.nextRequestError(429, {
      message: 'slow',
      type: 'requests',
      code: 'rate_limit_exceeded',
    });
    const [theirFailure, ourFailure] = [
      await failure(openaiAt(peer.url).chat.completions.create(ask('tell'))),
      await failure(openaiAt(ours.url).chat.completions.create(ask('tell'))),
    ];
    const { name, status, type } = theirFailure;
    expect({ status, type }).toEqual({ status: 429, type: 'requests' });
    expect(ourFailure).toMatchObject({ name, status, type });
  });
});
