/** Writes a generate's input as the body of Anthropic's `POST /v1/messages`. */
import type { GenerateRequest } from '../../domain/catalogue.ts';
import type { Json } from '../../domain/json.ts';
import { conversationOf, type Conversation } from '../wire/conversation.ts';

type Block =
  | { type: 'text'; text: string }
  | { type: 'tool_use'; id: string; name: string; input: Json }
  | { type: 'tool_result'; tool_use_id: string; content: string; is_error?: boolean };
type Message = { role: 'user' | 'assistant'; content: Block[] };

export type AnthropicRequest = {
  model: string;
  max_tokens: number;
  messages: Message[];
  stream: true;
  system?: string;
  temperature?: number;
  tools?: {
    name: string;
    description?: string;
    input_schema: { type: 'object'; [key: string]: unknown };
  }[];
};

export function anthropicRequest(
  input: GenerateRequest,
  chosen: { readonly model: string; readonly maxTokens: number },
): AnthropicRequest {
  const { system, turns } = conversationOf(input);
  const { temperature, tools = [] } = input;
  return {
    model: chosen.model,
    max_tokens: chosen.maxTokens,
    messages: messagesOf(turns),
    stream: true,
    ...(system === null ? {} : { system }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(tools.length === 0 ? {} : { tools: tools.map(toolOf) }),
  };
}

/** Successive turns of one role become one message: the results of parallel tools must come together. */
function messagesOf(turns: Conversation['turns']): Message[] {
  const messages: Message[] = [];
  for (const turn of turns) {
    const role = turn.role === 'assistant' ? 'assistant' : 'user';
    const last = messages.at(-1);
    if (last?.role === role) last.content.push(...blocksOf(turn));
    else messages.push({ role, content: blocksOf(turn) });
  }
  return messages;
}

function blocksOf(turn: Conversation['turns'][number]): Block[] {
  if (turn.role === 'tool') {
    const { toolCallId, content, isError = false } = turn;
    const error = isError ? { is_error: true } : {};
    return [{ type: 'tool_result', tool_use_id: toolCallId, content, ...error }];
  }
  if (turn.role === 'user') return [{ type: 'text', text: turn.content }];
  const text: Block[] = turn.content === '' ? [] : [{ type: 'text', text: turn.content }];
  const calls = (turn.toolCalls ?? []).map(({ id, name, input }): Block => ({
    type: 'tool_use',
    id,
    name,
    input,
  }));
  return [...text, ...calls];
}

function toolOf({
  name,
  description,
  inputSchema,
}: NonNullable<GenerateRequest['tools']>[number]): NonNullable<AnthropicRequest['tools']>[number] {
  // The check of the input has made sure that this is an object.
  const schema = inputSchema as { readonly [key: string]: Json };
  return {
    name,
    ...(description === undefined ? {} : { description }),
    input_schema: { ...schema, type: 'object' },
  };
}
