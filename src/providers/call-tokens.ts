/**
 * The most tokens that a call may use, estimated before it is made: a quarter of its input's
 * characters, and the bound of its answer. The estimate is rough and meant to be high: what was not
 * used is given back.
 */
import { capacityDefaults } from '../domain/capacity-settings.ts';
import type { GenerateRequest, GenerateOutput } from '../domain/catalogue.ts';

type CallTokens = GenerateOutput['usage'];

const { charsPerToken, outputTokens } = capacityDefaults.given;

/**
 * `conversationChars`: the characters of the call's whole conversation, with those that the call adds
 * itself. A call without a conversation sends its prompt and messages, which are counted here.
 */
export function estimatedTokens(input: GenerateRequest, conversationChars?: number): CallTokens {
  const { system = '', tools = [], maxTokens } = input;
  let chars = system.length + (conversationChars ?? charsOf(input));
  for (const tool of tools) chars += JSON.stringify(tool).length;
  return {
    inputTokens: Math.ceil(chars / charsPerToken),
    outputTokens: maxTokens ?? outputTokens,
  };
}

function charsOf({ prompt = '', messages = [] }: GenerateRequest): number {
  let chars = prompt.length;
  for (const message of messages) {
    chars += message.content.length;
    if ('toolCalls' in message) chars += JSON.stringify(message.toolCalls).length;
  }
  return chars;
}

export const totalTokens = ({ inputTokens, outputTokens }: CallTokens): number =>
  inputTokens + outputTokens;
