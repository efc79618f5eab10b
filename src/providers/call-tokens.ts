/**
 * What a call may cost, before it is made: characters by four for what goes in, and the bound of the
 * answer for what comes out. Rough, and meant to be high: what was not used is given back.
 */
import { capacityDefaults } from '../domain/capacity-settings.ts';
import type { GenerateInput, GenerateOutput } from '../domain/catalogue.ts';

type CallTokens = GenerateOutput['usage'];

const { charsPerToken, outputTokens } = capacityDefaults.given;

/**
 * `conversationChars`: all that its conversation holds, with what it adds itself; a call that names
 * none is sent what stands in it.
 */
export function estimatedTokens(input: GenerateInput, conversationChars?: number): CallTokens {
  const { system = '', tools = [], maxTokens } = input;
  let chars = system.length + (conversationChars ?? charsOf(input));
  for (const tool of tools) chars += JSON.stringify(tool).length;
  return {
    inputTokens: Math.ceil(chars / charsPerToken),
    outputTokens: maxTokens ?? outputTokens,
  };
}

function charsOf({ prompt = '', messages = [] }: GenerateInput): number {
  let chars = prompt.length;
  for (const message of messages) {
    chars += message.content.length;
    if ('toolCalls' in message) chars += JSON.stringify(message.toolCalls).length;
  }
  return chars;
}

export const totalTokens = ({ inputTokens, outputTokens }: CallTokens): number =>
  inputTokens + outputTokens;
