/**
 * Chat completions as a provider: the protocol of OpenAI, which vLLM, OpenRouter, DeepSeek, LM Studio,
 * llama.cpp and many others speak. heddle speaks it itself, without an SDK.
 *
 * It owns what the protocol is. It leaves the options to options.ts, the request to chat-request.ts, the
 * events to sse.ts, the result to chat-answer.ts, and all that providers share to wire/.
 *
 * 1. An answer is complete when a `finish_reason` has come. `[DONE]` may come after it or not.
 */
import { capacityDefaults } from '../../domain/capacity-settings.ts';
import { asOptions } from '../../domain/options.ts';
import { isA } from '../../domain/thrown.ts';
import type { Provider } from '../port.ts';
import { estimatedTokens } from '../call-tokens.ts';
import { BrokenAnswer } from '../wire/faults/broken-answer.ts';
import type { Exchange } from '../wire/exchange.ts';
import {
  type WireCall,
  type WireDialect,
  wireProvider,
  type WireProtocol,
} from '../wire/wire-provider.ts';
import { ChatAnswer } from './chat-answer.ts';
import { type ChatRequest, chatRequest } from './chat-request.ts';
import { type OpenaiCompatibleOptions, ownOptions, resolveOptions } from './options.ts';
import { SseEvents } from './sse.ts';
import { ToldInStream } from './told-in-stream.ts';

export type { ChatSupport, OpenaiCompatibleOptions } from './options.ts';

/** No header comes before the model is loaded, where a local server loads one. */
const loadMsMax = 300_000;

/**
 * How long the counts and `[DONE]` are waited for after the end of the answer, in case the server keeps the
 * connection open.
 */
const afterEndMsMax = 1_000;

/** A server of chat completions as a provider. Throws `invalid-field` for an option that is wrong. */
export function createOpenaiCompatible(
  options: OpenaiCompatibleOptions,
): Provider & Required<Pick<Provider, 'close'>> {
  return wireProvider(protocol, asOptions(options, 'openaiCompatible', null));
}

const protocol: WireProtocol<OpenaiCompatibleOptions, ChatRequest> = {
  name: 'openaiCompatible',
  ceiling: 1,
  baseUrl: null,
  path: '/chat/completions',
  ownOptions,
  ownLimits: { firstByteMsMax: loadMsMax },
  open,
};

function open(options: OpenaiCompatibleOptions): WireDialect<ChatRequest> {
  const { headers, supports, settings } = resolveOptions(options);
  return {
    headers,
    supports,
    write: (input, to) => chatRequest(input, to, settings),
    read: (request, call) => ({
      run: async (exchange) => {
        const answer = await read(exchange, request, call);
        return answer.output(call.provider);
      },
      told: (error) => (isA(error, ToldInStream) ? error.told : null),
    }),
  };
}

async function read(
  exchange: Exchange,
  { body, input, notes }: ChatRequest,
  { idempotencyKey, onDelta }: WireCall,
): Promise<ChatAnswer> {
  const response = await exchange.fetch(null, { body });
  // The endpoint says why, by the status and the text that the exchange has kept.
  if (!response.ok || response.body === null) throw new Error('the server refused the call');
  const answer = new ChatAnswer({
    idempotencyKey,
    onDelta,
    notes,
    estimated: (chars) => ({
      inputTokens: estimatedTokens(input).inputTokens,
      outputTokens: Math.ceil(chars / capacityDefaults.given.charsPerToken),
    }),
  });
  try {
    await readEvents(response.body, answer);
  } catch (error) {
    // What breaks after the end of an answer takes nothing away from it.
    if (!answer.isComplete || exchange.isAborted) throw error;
  }
  if (answer.isComplete) return answer;
  throw new BrokenAnswer('cut', 'the stream ended without a finish_reason');
}

async function readEvents(body: AsyncIterable<Uint8Array>, answer: ChatAnswer): Promise<void> {
  const chunks = body[Symbol.asyncIterator]();
  const events = new SseEvents();
  for (;;) {
    const next = answer.isComplete ? await soon(chunks.next()) : await chunks.next();
    if (next === null) return;
    const isEnd = next.done === true;
    for (const data of isEnd ? events.end() : events.take(next.value)) {
      if (data.trim() === '[DONE]') return;
      answer.take(parsed(data));
    }
    if (isEnd) return;
  }
}

/** Null when it does not come soon. */
async function soon<Value>(coming: Promise<Value>): Promise<Value | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), afterEndMsMax);
  });
  try {
    return await Promise.race([coming, late]);
  } finally {
    clearTimeout(timer);
  }
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    throw new BrokenAnswer('unreadable', 'an event of the answer is no JSON');
  }
}
