/** Writes a generate's input as the body of Ollama's `POST /api/chat`. */
import type { GenerateRequest } from '../../domain/catalogue.ts';
import type { Json } from '../../domain/json.ts';
import { conversationOf, type Conversation } from '../wire/conversation.ts';

type Message = {
  role: 'system' | 'user' | 'assistant' | 'tool';
  content: string;
  tool_calls?: { function: { name: string; arguments: { [key: string]: Json } } }[];
  tool_name?: string;
};

export type OllamaRequest = {
  model: string;
  messages: Message[];
  stream: true;
  /** Refuse a prompt that does not fit. By default the server cuts its beginning without an error. */
  truncate: false;
  /** Stop at a full context. By default the server forgets the beginning and goes on. */
  shift: false;
  options: { num_ctx?: number; num_predict?: number; temperature?: number };
  tools?: {
    type: 'function';
    function: { name: string; description?: string; parameters: { [key: string]: Json } };
  }[];
};

export function ollamaRequest(
  input: GenerateRequest,
  chosen: { readonly model: string; readonly contextTokens: number | null },
): OllamaRequest {
  const { system, turns } = conversationOf(input);
  const { maxTokens, temperature, tools = [] } = input;
  const messages = messagesOf(turns);
  if (system !== null) messages.unshift({ role: 'system', content: system });
  return {
    model: chosen.model,
    messages,
    stream: true,
    truncate: false,
    shift: false,
    options: {
      ...(chosen.contextTokens === null ? {} : { num_ctx: chosen.contextTokens }),
      ...(maxTokens === undefined ? {} : { num_predict: maxTokens }),
      ...(temperature === undefined ? {} : { temperature }),
    },
    ...(tools.length === 0 ? {} : { tools: tools.map(toolOf) }),
  };
}

/** Ollama knows a tool's result by the tool's name, because it gives calls no ids. */
function messagesOf(turns: Conversation['turns']): Message[] {
  const names = new Map<string, string>();
  return turns.map((turn): Message => {
    if (turn.role === 'tool') {
      const { toolCallId, content, isError = false } = turn;
      const name = names.get(toolCallId) ?? toolCallId;
      return { role: 'tool', content: isError ? `error: ${content}` : content, tool_name: name };
    }
    if (turn.role === 'user') return { role: 'user', content: turn.content };
    const { content, toolCalls = [] } = turn;
    for (const { id, name } of toolCalls) names.set(id, name);
    if (toolCalls.length === 0) return { role: 'assistant', content };
    const calls = toolCalls.map(({ name, input }) => ({
      function: { name, arguments: input as { [key: string]: Json } },
    }));
    return { role: 'assistant', content, tool_calls: calls };
  });
}

function toolOf({
  name,
  description,
  inputSchema,
}: NonNullable<GenerateRequest['tools']>[number]): NonNullable<OllamaRequest['tools']>[number] {
  return {
    type: 'function',
    function: {
      name,
      ...(description === undefined ? {} : { description }),
      parameters: inputSchema as { [key: string]: Json },
    },
  };
}
