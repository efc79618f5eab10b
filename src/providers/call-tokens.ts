/**
 * The most tokens that a call may use, estimated before it is made: a quarter of its input's
 * characters, and the bound of its answer. The estimate is rough and meant to be high: what was not
 * used is given back.
 */
import { capacityDefaults } from '../domain/capacity-settings.ts';
import type {
  AssistantPart,
  GenerateOutput,
  GenerateRequest,
  ToolResultPart,
} from '../domain/catalogue.ts';

type CallTokens = GenerateOutput['usage'];

const { charsPerToken, outputTokens } = capacityDefaults.given;

/** An image costs its model some 1,500 tokens, however many bytes it has. */
const imageChars = 6_000;

/** What stands in the rows of a call's conversation. */
type ConversationChars = {
  readonly chars: number;
  /** How many images stand in them, and how many of the characters are their bytes. */
  readonly images?: { readonly count: number; readonly chars: number } | undefined;
  /** The call's own messages are among the rows already. */
  readonly hasOwn: boolean;
};

/** Counts the conversation's rows and the call's own messages, each once, and an image as what it costs. */
export function estimatedTokens(input: GenerateRequest, rows?: ConversationChars): CallTokens {
  const { system = '', tools = [] } = input;
  let chars = system.length + (rows === undefined ? 0 : charsOfRows(rows));
  if (rows?.hasOwn !== true) chars += charsOf(input);
  for (const tool of tools) chars += JSON.stringify(tool).length;
  return {
    inputTokens: Math.ceil(chars / charsPerToken),
    outputTokens: outputMax(input),
  };
}

/** The tokens of reasoning where a call names an effort: those of the highest that an adapter writes. */
const effortTokens = 16_384;

/**
 * Reasoning counts as output. An adapter lets a model that thinks answer with more tokens, where the bound
 * of the answer would be used up by its reasoning.
 */
function outputMax({ maxTokens, reasoning = 'off' }: GenerateRequest): number {
  if (reasoning === 'off') return maxTokens ?? outputTokens;
  const thought = typeof reasoning === 'object' ? reasoning.budgetTokens : effortTokens;
  const bound = maxTokens ?? Math.max(outputTokens, effortTokens);
  return bound > thought ? bound : bound + thought;
}

function charsOfRows({ chars, images }: ConversationChars): number {
  return images === undefined ? chars : chars - images.chars + images.count * imageChars;
}

function charsOf({ prompt = '', messages = [] }: GenerateRequest): number {
  let chars = prompt.length;
  for (const message of messages) {
    if ('parts' in message && message.parts !== undefined) chars += charsOfParts(message.parts);
    else chars += message.content.length;
    if ('toolCalls' in message) chars += JSON.stringify(message.toolCalls).length;
  }
  return chars;
}

function charsOfParts(parts: readonly (AssistantPart | ToolResultPart)[]): number {
  let chars = 0;
  for (const part of parts) {
    if (part.type === 'image') chars += imageChars;
    else if (part.type !== 'tool-call') chars += JSON.stringify(part).length;
  }
  return chars;
}

export const totalTokens = ({ inputTokens, outputTokens }: CallTokens): number =>
  inputTokens + outputTokens;
