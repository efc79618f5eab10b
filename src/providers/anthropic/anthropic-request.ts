/** Writes a generate's input as the body of Anthropic's `POST /v1/messages`. */
import type { GenerateRequest } from '../../domain/catalogue.ts';
import type { Json } from '../../domain/json.ts';
import { conversationOf } from '../wire/conversation.ts';
import { leftOut, mergedBody } from '../wire/merged-body.ts';
import { type Block, type Message, messagesOf } from './anthropic-blocks.ts';
import { answerSchema } from './answer-schema.ts';
import { withCacheMarks } from './cache-marks.ts';
import { withThinkingBack } from './thinking-back.ts';
import { thought, type ThinkingStyle } from './thinking.ts';

type Body = {
  readonly model: string;
  readonly max_tokens: number;
  readonly messages: readonly Message[];
  readonly stream: true;
  readonly system?: string | readonly Block[];
  readonly tools?: readonly { readonly [field: string]: unknown }[];
};

export type AnthropicRequest = {
  readonly body: Body;
  /** What is sent otherwise than it was asked, in words. */
  readonly notes: readonly string[];
};

export type AnthropicTarget = {
  readonly model: string;
  readonly provider: string;
  /** For calls that give none. */
  readonly maxTokens: number;
  /** Null: by the name of the model. */
  readonly style: ThinkingStyle | null;
};

const kept = ['model', 'messages', 'stream'] as const;

export function anthropicRequest(input: GenerateRequest, to: AnthropicTarget): AnthropicRequest {
  const { system: told, turns } = conversationOf(input);
  const { stopSequences = [], tools = [], cache = false } = input;
  const back = { input, model: to.model, provider: to.provider };
  const { fields, notes, messages } = withThinkingBack(messagesOf(turns), thought(input, to), back);
  const format = formatOf(input.schema);
  const system = format === null ? withSchema(told, input.schema) : told;
  const { output_config: effort, ...thinking } = fields;
  const output = { ...effort, ...format };
  const body: Body = {
    model: to.model,
    messages,
    stream: true,
    ...(system === null ? {} : { system }),
    ...(tools.length === 0 ? {} : { tools: tools.map(toolOf), ...choiceOf(input.toolChoice) }),
    ...(stopSequences.length === 0 ? {} : { stop_sequences: stopSequences }),
    ...thinking,
    ...(Object.keys(output).length === 0 ? {} : { output_config: output }),
  };
  const marked = cache === false ? body : withCacheMarks(body, cache);
  const own = { provider: to.provider, kept };
  return {
    body: mergedBody(marked, input, own),
    notes: [...notes, ...leftOut(input, own)],
  };
}

function formatOf(schema: Json | undefined): object | null {
  const narrowed = schema === undefined ? null : answerSchema(schema);
  return narrowed === null ? null : { format: { type: 'json_schema', schema: narrowed } };
}

/** A schema that Anthropic takes in no form is told in words: it is never left out. */
function withSchema(system: string | null, schema: Json | undefined): string | null {
  if (schema === undefined) return system;
  const words = `Answer with JSON alone, which fits this JSON Schema: ${JSON.stringify(schema)}`;
  return system === null ? words : `${system}\n\n${words}`;
}

function choiceOf(choice: GenerateRequest['toolChoice']): object {
  if (choice === undefined || choice === 'auto') return {};
  if (choice === 'none') return { tool_choice: { type: 'none' } };
  if (choice === 'required') return { tool_choice: { type: 'any' } };
  return { tool_choice: { type: 'tool', name: choice.tool } };
}

function toolOf({
  name,
  description,
  inputSchema,
}: NonNullable<GenerateRequest['tools']>[number]): Readonly<Record<string, unknown>> {
  // The check of the input has made sure that this is an object.
  const schema = inputSchema as { readonly [key: string]: Json };
  return {
    name,
    ...(description === undefined ? {} : { description }),
    input_schema: { ...schema, type: 'object' },
  };
}
