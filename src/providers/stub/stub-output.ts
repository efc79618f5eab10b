/** The stub's answers, made only from a seed and the call's input, so that runs can be compared. */
import type { GenerateRequest, GenerateMessage, GenerateOutput } from '../../domain/catalogue.ts';
import { planAnswer } from './plan-answer.ts';
import { sampleValue } from './sample-value.ts';
import { tokensOf } from './stub-answer.ts';

/** A complete answer, always the same for the same seed and input. */
export function stubAnswer(seed: number, provider: string, input: GenerateRequest): GenerateOutput {
  const messages: GenerateMessage[] = [];
  if (input.system !== undefined) messages.push({ role: 'system', content: input.system });
  // A prompt comes after the messages, as it does in the adapters.
  if (input.messages !== undefined) messages.push(...input.messages);
  if (input.prompt !== undefined) messages.push({ role: 'user', content: input.prompt });
  const tools = toolsOf(input);
  const asked = messages.map(({ role, content }) => ({ role, text: content }));
  const planned = planAnswer({ seed, messages: asked, tools });
  const { toolCalls = [] } = planned;
  const isValue = input.schema !== undefined && toolCalls.length === 0;
  const text = isValue ? JSON.stringify(sampleValue(input.schema)) : (planned.text ?? '');
  let inputChars = 0;
  for (const message of messages) {
    inputChars += message.content.length;
    if (message.role === 'assistant') inputChars += charsOf(message.toolCalls ?? []);
  }
  return {
    text,
    toolCalls: toolCalls.map((call, i) => ({ id: `call-${i + 1}`, ...call })),
    stopReason: toolCalls.length > 0 ? 'tool-calls' : 'end',
    usage: {
      inputTokens: tokensOf(inputChars),
      outputTokens: tokensOf(text.length + charsOf(toolCalls)),
    },
    provider,
    model: input.model ?? 'stub',
  };
}

/** The names of the tools that the model may call. */
function toolsOf({ tools = [], toolChoice = 'auto' }: GenerateRequest): readonly string[] {
  if (toolChoice === 'none') return [];
  const names = tools.map(({ name }) => name);
  return typeof toolChoice === 'object' ? names.filter((name) => name === toolChoice.tool) : names;
}

function charsOf(calls: readonly object[]): number {
  return calls.length === 0 ? 0 : JSON.stringify(calls).length;
}
