/**
 * What a model is asked and what it answers, in words of neither protocol: the wires translate, so
 * that one answer function serves them both.
 */
import type { Json } from '../domain/json.ts';
import { tokensOf } from '../providers/stub/stub-answer.ts';

export type ProtocolName = 'anthropic' | 'ollama';

export type ModelToolCall = { readonly name: string; readonly input: Json };

/** Each tool result is a message of its own, whatever the protocol packs it into. */
export type ModelMessage = {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly text: string;
  readonly toolCalls: readonly ModelToolCall[];
};

export type ModelRequest = {
  readonly protocol: ProtocolName;
  readonly model: string;
  /** Of the emulator: the same seed and messages give the same answer. */
  readonly seed: number;
  readonly messages: readonly ModelMessage[];
  /** The names of the tools on offer. */
  readonly tools: readonly string[];
  readonly maxTokens: number | null;
};

export type ModelAnswer = {
  readonly text?: string;
  readonly toolCalls?: readonly ModelToolCall[];
  /** Default: `tool-use` when there are tool calls, else `end`. */
  readonly stopReason?: 'end' | 'tool-use' | 'length';
};

/** The model's mind. It must not wait, and be quick: it runs while other calls wait for the loop. */
export type AnswerFunction = (request: ModelRequest) => ModelAnswer;

export type FinishedAnswer = {
  readonly text: string;
  readonly toolCalls: readonly ModelToolCall[];
  readonly stopReason: 'end' | 'tool-use' | 'length';
  readonly inputTokens: number;
  readonly outputTokens: number;
};

/** Fills in what an answer left out, and stops it at the request's limit as a model would. */
export function finishAnswer(request: ModelRequest, answer: ModelAnswer): FinishedAnswer {
  const { text = '', toolCalls = [] } = answer;
  const callChars = toolCalls.length === 0 ? 0 : JSON.stringify(toolCalls).length;
  const inputTokens = inputTokensOf(request);
  const outputTokens = tokensOf(text.length + callChars);
  if (request.maxTokens !== null && outputTokens > request.maxTokens) {
    // A tool call that is not finished is none.
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
