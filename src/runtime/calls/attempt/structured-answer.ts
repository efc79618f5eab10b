/** The JSON of an answer to a call with a schema: read from its text or from its tool call, and checked. Pure. */
import type {
  GenerateMessage,
  GenerateOutput,
  GenerateRequest,
  TokenUsage,
} from '../../../domain/catalogue.ts';
import { toSafeJson, type Json } from '../../../domain/json.ts';
import { isPlain, partsOf } from '../../../domain/model/parts.ts';
import type { SchemaCheck } from '../../../schema/compile-schema.ts';
import { answerTool, type SchemaForm } from './fitted-request.ts';

export type Read =
  | { readonly kind: 'fits'; readonly answer: GenerateOutput }
  /** The model asks for tools first, or its answer was cut or refused: there is nothing to check. */
  | { readonly kind: 'unfinished'; readonly answer: GenerateOutput }
  /** `words` are for the model and for people. */
  | { readonly kind: 'wrong'; readonly words: string };

export function readAnswer(given: GenerateOutput, form: SchemaForm, check: SchemaCheck): Read {
  const call =
    form === 'tool' ? given.toolCalls.find(({ name }) => name === answerTool) : undefined;
  if (call !== undefined && call.invalid === undefined) {
    return checked(asText(given, call.input), call.input, check);
  }
  const { stopReason } = given;
  if (stopReason !== 'end' && stopReason !== 'stop-sequence') {
    return { kind: 'unfinished', answer: given };
  }
  const value = jsonIn(given.text);
  if (value === undefined) return { kind: 'wrong', words: 'the answer is not JSON' };
  return checked(given, value, check);
}

function checked(answer: GenerateOutput, value: Json, check: SchemaCheck): Read {
  const words = check(value, 'the answer');
  if (words !== null) return { kind: 'wrong', words };
  return { kind: 'fits', answer: { ...answer, value } };
}

/** The tool that gave the answer was heddle's own: the chart sees a text, as from any provider. */
function asText(given: GenerateOutput, value: Json): GenerateOutput {
  const { parts: _, ...answer } = given;
  const text = JSON.stringify(value);
  const parts = partsOf(given).flatMap((part) =>
    part.type === 'reasoning' || part.type === 'opaque' ? [part] : [],
  );
  const said = [...parts, { type: 'text', text } as const];
  const whole = isPlain(said) ? {} : { parts: said };
  return { ...answer, text, toolCalls: [], stopReason: 'end', ...whole };
}

const fence = /^```[a-z]*\n([\s\S]*)\n```$/;

/** Models like to wrap JSON in a code fence, in spite of all words. */
function jsonIn(text: string): Json | undefined {
  const bare = text.trim();
  try {
    return toSafeJson(JSON.parse(fence.exec(bare)?.[1] ?? bare));
  } catch {
    return undefined;
  }
}

/** The question again, with the answer that did not fit and what is wrong with it. */
export function repairRequest(
  request: GenerateRequest,
  { text, parts, toolCalls }: GenerateOutput,
  words: string,
): GenerateRequest {
  const { prompt, messages = [], ...rest } = request;
  const asked: readonly GenerateMessage[] =
    prompt === undefined ? [] : [{ role: 'user', content: prompt }];
  const said: GenerateMessage = {
    role: 'assistant',
    content: text,
    ...(toolCalls.length === 0 ? {} : { toolCalls }),
    ...(parts === undefined ? {} : { parts }),
  };
  const told = `Your answer does not fit: ${words}. Answer again, with all of it.`;
  return { ...rest, messages: [...messages, ...asked, said], prompt: told };
}

export function sumOfUsage(a: TokenUsage, b: TokenUsage): TokenUsage {
  const some = <Key extends 'cacheReadTokens' | 'cacheWriteTokens' | 'reasoningTokens'>(
    key: Key,
  ) => {
    const tokens = (a[key] ?? 0) + (b[key] ?? 0);
    return tokens === 0 ? {} : { [key]: tokens };
  };
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    ...some('cacheReadTokens'),
    ...some('cacheWriteTokens'),
    ...some('reasoningTokens'),
  };
}
