/**
 * A model's request and its answer in the words that all protocols share: each wire translates, so
 * that one answer function serves all.
 */
import type { Json } from '../domain/json.ts';
import { tokensOf } from '../providers/stub/stub-answer.ts';

export const protocolNames = ['anthropic', 'ollama', 'openai'] as const;
export type ProtocolName = (typeof protocolNames)[number];

export type ModelToolCall = { readonly name: string; readonly input: Json };

/** Each tool result is a message of its own, however the protocol packs it. */
export type ModelMessage = {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly text: string;
  readonly toolCalls: readonly ModelToolCall[];
};

export type ModelRequest = {
  readonly protocol: ProtocolName;
  readonly model: string;
  /** The emulator's seed: the same seed and messages give the same answer. */
  readonly seed: number;
  readonly messages: readonly ModelMessage[];
  /** The names of the tools that the request offers. */
  readonly tools: readonly string[];
  readonly maxTokens: number | null;
};

export type ModelAnswer = {
  readonly text?: string;
  readonly toolCalls?: readonly ModelToolCall[];
  /** Default: `tool-use` when there are tool calls, else `end`. */
  readonly stopReason?: 'end' | 'tool-use' | 'length';
};

/**
 * Makes the answer. It must return at once and be quick: other calls of the process wait for it.
 */
export type AnswerFunction = (request: ModelRequest) => ModelAnswer;

export type FinishedAnswer = {
  readonly text: string;
  readonly toolCalls: readonly ModelToolCall[];
  readonly stopReason: 'end' | 'tool-use' | 'length';
  readonly inputTokens: number;
  readonly outputTokens: number;
};

/**
 * Fills in the fields that an answer left out, and cuts the answer at the request's limit as a
 * model would.
 */
export function finishAnswer(request: ModelRequest, answer: ModelAnswer): FinishedAnswer {
  const { text = '', toolCalls = [] } = answer;
  const callChars = toolCalls.length === 0 ? 0 : JSON.stringify(toolCalls).length;
  const inputTokens = inputTokensOf(request);
  const outputTokens = tokensOf(text.length + callChars);
  if (request.maxTokens !== null && outputTokens > request.maxTokens) {
    // A tool call that was cut off is dropped.
    const cut = text.slice(0, request.maxTokens * 4);
    const stopReason = 'length';
    return { text: cut, toolCalls: [], stopReason, inputTokens, outputTokens: request.maxTokens };
  }
  const stopReason = answer.stopReason ?? (toolCalls.length > 0 ? 'tool-use' : 'end');
  return { text, toolCalls, stopReason, inputTokens, outputTokens };
}

export function inputTokensOf({ messages }: ModelRequest): number {
  let chars = 0;
  for (const { text, toolCalls } of messages) {
    chars += text.length;
    if (toolCalls.length > 0) chars += JSON.stringify(toolCalls).length;
  }
  return tokensOf(chars);
}
