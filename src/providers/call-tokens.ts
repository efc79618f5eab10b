/**
 * What a call may cost, before it is made: characters by four for what goes in, and the bound of the
 * answer for what comes out. Rough, and meant to be high: what was not used is given back.
 */
import type { GenerateInput, GenerateOutput } from '../domain/catalogue.ts';

type CallTokens = GenerateOutput['usage'];

const charsPerToken = 4;
/** What an answer is taken for when the call names no bound. */
const defaultOutputTokens = 1_024;

export function estimatedTokens(input: GenerateInput): CallTokens {
  const { prompt = '', system = '', messages = [], tools = [], maxTokens } = input;
  let chars = prompt.length + system.length;
  for (const { content } of messages) chars += content.length;
  for (const message of messages) {
    if ('toolCalls' in message) chars += JSON.stringify(message.toolCalls).length;
  }
  for (const tool of tools) chars += JSON.stringify(tool).length;
  return {
    inputTokens: Math.ceil(chars / charsPerToken),
    outputTokens: maxTokens ?? defaultOutputTokens,
  };
}

export const totalTokens = ({ inputTokens, outputTokens }: CallTokens): number =>
  inputTokens + outputTokens;
