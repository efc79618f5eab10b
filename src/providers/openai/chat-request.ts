/** Writes a generate's input as the body of `POST /chat/completions`. */
import type { GenerateRequest, Reasoning } from '../../domain/catalogue.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import { leftOut, mergedBody } from '../wire/merged-body.ts';
import { chatMessages, type ReasoningBack } from './chat-messages.ts';
import { strictSchema } from './strict-schema.ts';

/** What is known of the server. */
export type ChatSettings = {
  readonly maxTokens: number | null;
  readonly maxTokensField: 'max_tokens' | 'max_completion_tokens';
  readonly asksUsage: boolean;
  readonly mayBeStrict: boolean;
  readonly parallelToolCalls: boolean | null;
  readonly reasoningBack: ReasoningBack;
  readonly reasoningOff: string;
};

export type ChatRequest = {
  readonly body: string;
  /** For a server that counts no tokens. */
  readonly input: GenerateRequest;
  /** What is sent otherwise than it was asked, in words. */
  readonly notes: readonly string[];
};

export function chatRequest(
  input: GenerateRequest,
  to: { readonly model: string; readonly provider: string },
  settings: ChatSettings,
): ChatRequest {
  const { temperature, stopSequences = [], reasoning, schema } = input;
  const maxTokens = input.maxTokens ?? settings.maxTokens;
  const effort = reasoning === undefined ? null : effortOf(reasoning, settings);
  const body = {
    model: to.model,
    messages: chatMessages(input, settings.reasoningBack),
    ...(maxTokens === null ? {} : { [settings.maxTokensField]: maxTokens }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(stopSequences.length === 0 ? {} : { stop: stopSequences.slice(0, stopsMax) }),
    ...(effort === null ? {} : { reasoning_effort: effort }),
    ...toolsOf(input, settings),
    ...(schema === undefined ? {} : { response_format: formatOf(schema, settings) }),
    ...(settings.asksUsage ? { stream_options: { include_usage: true } } : {}),
    stream: true,
  };
  const own = { provider: to.provider, kept: ['model', 'messages', 'stream'] } as const;
  const isBudget = typeof reasoning === 'object';
  const notes = [
    ...(isBudget ? [`reasoning.budgetTokens was sent as the effort ${effort}.`] : []),
    ...(stopSequences.length > stopsMax
      ? [`stopSequences: only the first ${stopsMax} were sent.`]
      : []),
    ...leftOut(input, own),
  ];
  return { body: JSON.stringify(mergedBody(body, input, own)), input, notes };
}

/** The API refuses a call with more. */
const stopsMax = 4;

function toolsOf(
  { tools = [], toolChoice }: GenerateRequest,
  { parallelToolCalls }: ChatSettings,
): object {
  // Servers refuse a choice among no tools.
  if (tools.length === 0) return {};
  return {
    tools: tools.map(({ name, description, inputSchema }) => ({
      type: 'function',
      function: {
        name,
        ...(description === undefined ? {} : { description }),
        // OpenAI refuses a schema that does not say so.
        parameters: { ...(inputSchema as JsonObject), type: 'object' },
      },
    })),
    ...(toolChoice === undefined ? {} : { tool_choice: choiceOf(toolChoice) }),
    ...(parallelToolCalls === null ? {} : { parallel_tool_calls: parallelToolCalls }),
  };
}

function choiceOf(choice: NonNullable<GenerateRequest['toolChoice']>): string | JsonObject {
  if (typeof choice === 'string') return choice;
  return { type: 'function', function: { name: choice.tool } };
}

function formatOf(schema: Json, { mayBeStrict }: ChatSettings): JsonObject {
  const strict = mayBeStrict ? strictSchema(schema) : null;
  return {
    type: 'json_schema',
    json_schema: { name: 'answer', schema: strict ?? schema, strict: strict !== null },
  };
}

/** The protocol knows efforts and no numbers of tokens. */
function effortOf(reasoning: Reasoning, { reasoningOff }: ChatSettings): string {
  if (reasoning === 'off') return reasoningOff;
  if (typeof reasoning === 'string') return reasoning;
  const { budgetTokens } = reasoning;
  if (budgetTokens <= lowTokensMax) return 'low';
  return budgetTokens <= mediumTokensMax ? 'medium' : 'high';
}

const lowTokensMax = 4_096;
const mediumTokensMax = 16_384;
