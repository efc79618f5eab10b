/** Translates a checked chat completions request into the words that all protocols share. */
import type { Json } from '../../domain/json.ts';
import type { ModelMessage, ModelRequest, ModelToolCall } from '../model-request.ts';
import { asString, isMembers, type Members } from '../wire.ts';

export function readChatRequest(body: Members, seed: number): ModelRequest {
  const { messages, tools } = body;
  const maxTokens = body['max_completion_tokens'] ?? body['max_tokens'];
  return {
    protocol: 'openai',
    model: asString(body['model']),
    seed,
    messages: (messages as readonly Members[]).map(readMessage),
    tools: Array.isArray(tools) ? tools.map(toolName) : [],
    maxTokens: typeof maxTokens === 'number' ? maxTokens : null,
  };
}

function readMessage({ role, content, tool_calls: calls }: Members): ModelMessage {
  const author = role === 'developer' ? 'system' : (role as ModelMessage['role']);
  return {
    role: author,
    text: textOf(content),
    toolCalls: Array.isArray(calls) ? calls.map(readToolCall) : [],
  };
}

function textOf(content: unknown): string {
  if (!Array.isArray(content)) return asString(content);
  return content.map((part) => (isMembers(part) ? asString(part['text']) : '')).join('');
}

function readToolCall(call: Members): ModelToolCall {
  const made = call['function'] as Members;
  return { name: asString(made['name']), input: inputOf(asString(made['arguments'])) };
}

/** Arguments may be anything that a model has written. */
function inputOf(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

function toolName(tool: Members): string {
  return asString((tool['function'] as Members)['name']);
}
