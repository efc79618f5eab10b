/** The adapters, and what their providers would send: so that one suite tries them all. */
import { createAnthropic } from '../../src/providers/anthropic/anthropic.ts';
import { createOllama } from '../../src/providers/ollama/ollama.ts';
import { createOpenaiCompatible } from '../../src/providers/openai/openai-compatible.ts';
import { ProviderFault, type Provider, type ProviderCall } from '../../src/providers/port.ts';
import type { ProviderAnswer } from '../../src/domain/catalogue.ts';

export type ClosableProvider = Provider & { close(): Promise<void> };

type ProviderWire = {
  readonly name: string;
  readonly path: string;
  connect(baseUrl: string, more?: object): ClosableProvider;
  /** The events of one answer with text, and a tool call where it asks for one. */
  answer(text: readonly string[], tool?: object): string[];
  /** How many of an answer's events may be missing at its end. */
  readonly afterEnd: number;
  /** How many bytes may be missing at the end of the event that completes an answer. */
  readonly endBytes: number;
  /** An error inside the stream. */
  errorEvent(type: string, message: string): string;
  readonly contentType: string;
};

const sse = (event: { readonly type: string }): string =>
  `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

const anthropicWire: ProviderWire = {
  name: 'anthropic',
  path: '/v1/messages',
  connect: (baseUrl, more = {}) =>
    createAnthropic({ apiKey: 'sk-test-key', baseUrl, model: 'claude-test', ceiling: 4, ...more }),
  answer: (text, tool) => {
    const usage = { input_tokens: 12, output_tokens: 1 };
    const block = (index: number, content: object) =>
      sse({ type: 'content_block_start', index, content_block: content } as never);
    const delta = (index: number, piece: object) =>
      sse({ type: 'content_block_delta', index, delta: piece } as never);
    const stop = (index: number) => sse({ type: 'content_block_stop', index } as never);
    const json = tool === undefined ? '' : JSON.stringify(tool);
    const middle = Math.ceil(json.length / 2);
    const toolEvents =
      tool === undefined
        ? []
        : [
            // Thought after the text, and something that only Anthropic knows.
            block(2, { type: 'thinking', thinking: '', signature: '' }),
            delta(2, { type: 'thinking_delta', thinking: 'Which “ü🧵”?' }),
            delta(2, { type: 'signature_delta', signature: 'c2lnbmVk' }),
            stop(2),
            block(3, { type: 'news', words: 'a ' }),
            delta(3, { type: 'news_delta', words: 'thread' }),
            stop(3),
            block(1, { type: 'tool_use', id: 'toolu_1', name: 'look', input: {} }),
            delta(1, { type: 'input_json_delta', partial_json: json.slice(0, middle) }),
            delta(1, { type: 'input_json_delta', partial_json: json.slice(middle) }),
            stop(1),
          ];
    const reason = tool === undefined ? 'end_turn' : 'tool_use';
    return [
      sse({ type: 'message_start', message: { model: 'claude-test', usage } } as never),
      block(0, { type: 'text', text: '' }),
      sse({ type: 'ping' }),
      ...text.map((piece) => delta(0, { type: 'text_delta', text: piece })),
      stop(0),
      ...toolEvents,
      sse({
        type: 'message_delta',
        delta: { stop_reason: reason },
        usage: { output_tokens: 34 },
      } as never),
      sse({ type: 'message_stop' }),
    ];
  },
  afterEnd: 0,
  endBytes: 0,
  errorEvent: (type, message) => sse({ type: 'error', error: { type, message } } as never),
  contentType: 'text/event-stream',
};

const line = (value: object): string => `${JSON.stringify({ model: 'qwen-test', ...value })}\n`;

const ollamaWire: ProviderWire = {
  name: 'ollama',
  path: '/api/chat',
  connect: (baseUrl, more = {}) =>
    createOllama({ baseUrl, model: 'qwen-test', ceiling: 4, ...more }),
  answer: (text, tool) => {
    const message = (more: object) =>
      line({ message: { role: 'assistant', content: '', ...more }, done: false });
    const calls = { tool_calls: [{ function: { name: 'look', arguments: tool } }] };
    return [
      ...text.map((content) => message({ content })),
      ...(tool === undefined ? [] : [message(calls)]),
      line({
        message: { role: 'assistant', content: '' },
        done: true,
        done_reason: 'stop',
        prompt_eval_count: 12,
        eval_count: 34,
      }),
    ];
  },
  afterEnd: 0,
  // Ollama's client takes a last line without its line break.
  endBytes: 1,
  errorEvent: (_type, message) => `${JSON.stringify({ error: message })}\n`,
  contentType: 'application/x-ndjson',
};

const data = (value: object): string =>
  `data: ${JSON.stringify({ id: 'c', model: 'gpt-test', ...value })}\n\n`;
const choice = (delta: object, more: object = {}): string =>
  data({ choices: [{ index: 0, ...more, delta }] });

const openaiWire: ProviderWire = {
  name: 'openai',
  path: '/v1/chat/completions',
  connect: (baseUrl, more = {}) =>
    createOpenaiCompatible({
      name: 'openai',
      apiKey: 'sk-test-key',
      baseUrl: `${baseUrl}/v1`,
      model: 'gpt-test',
      ceiling: 4,
      ...more,
    }),
  answer: (text, tool) => {
    const json = tool === undefined ? '' : JSON.stringify(tool);
    const middle = Math.ceil(json.length / 2);
    const fragment = (made: object, more: object = {}) =>
      choice({ tool_calls: [{ index: 0, ...more, function: made }] });
    const toolEvents =
      tool === undefined
        ? []
        : [
            fragment({ name: 'look', arguments: '' }, { id: 'call_1', type: 'function' }),
            fragment({ arguments: json.slice(0, middle) }),
            fragment({ arguments: json.slice(middle) }),
          ];
    return [
      choice({ role: 'assistant', content: '' }),
      ...text.map((content) => choice({ content })),
      ...toolEvents,
      choice({}, { finish_reason: tool === undefined ? 'stop' : 'tool_calls' }),
      data({ choices: [], usage: { prompt_tokens: 12, completion_tokens: 34 } }),
      'data: [DONE]\n\n',
    ];
  },
  // The counts of tokens and `[DONE]`.
  afterEnd: 2,
  // The blank line that ends an event.
  endBytes: 2,
  errorEvent: (type, message) => data({ error: { type, message } }),
  contentType: 'text/event-stream',
};

export const wires = [anthropicWire, ollamaWire, openaiWire] as const;

let calls = 0;
export function callOf(more: Partial<ProviderCall> = {}): ProviderCall {
  const idempotencyKey = `run/ask/${(calls += 1)}`;
  const signal = new AbortController().signal;
  return { input: { prompt: 'Why?' }, idempotencyKey, attempt: 1, signal, ...more };
}

export type Ended =
  | { readonly kind: 'ok'; readonly output: ProviderAnswer }
  | { readonly kind: 'aborted' }
  | { readonly kind: ProviderFault['kind']; readonly fault: ProviderFault };

export function endOf(promise: Promise<ProviderAnswer>): Promise<Ended> {
  return promise.then(
    (output) => ({ kind: 'ok', output }),
    (error: unknown) => {
      if (error instanceof ProviderFault) return { kind: error.kind, fault: error };
      if (error instanceof Error && error.message === 'The call was aborted.') {
        return { kind: 'aborted' };
      }
      throw error;
    },
  );
}

/** The fault that a call ended with; fails where it did not. */
export async function faultOf(promise: Promise<ProviderAnswer>): Promise<ProviderFault> {
  const end = await endOf(promise);
  if (!('fault' in end)) throw new Error(`no fault: ${end.kind}`);
  return end.fault;
}
