/** Translates a checked Messages request into the words that both protocols share. */
import type { Json } from '../../domain/json.ts';
import type { ModelMessage, ModelRequest, ModelToolCall } from '../model-request.ts';
import { asString, isMembers, type Members } from '../wire.ts';

export function readMessagesRequest(body: Members, seed: number): ModelRequest {
  const messages: ModelMessage[] = [];
  const { system, tools, max_tokens: maxTokens } = body;
  if (system !== undefined) messages.push({ role: 'system', text: textOf(system), toolCalls: [] });
  for (const message of body['messages'] as readonly Members[]) addMessage(messages, message);
  return {
    protocol: 'anthropic',
    model: asString(body['model']),
    seed,
    messages,
    tools: Array.isArray(tools) ? tools.map((tool: Members) => asString(tool['name'])) : [],
    maxTokens: typeof maxTokens === 'number' ? maxTokens : null,
  };
}

function addMessage(messages: ModelMessage[], { role, content }: Members): void {
  const author = role as 'user' | 'assistant' | 'system';
  if (typeof content === 'string') {
    messages.push({ role: author, text: content, toolCalls: [] });
    return;
  }
  let text = '';
  const toolCalls: ModelToolCall[] = [];
  for (const block of content as readonly Members[]) {
    if (block['type'] === 'text') text += asString(block['text']);
    else if (block['type'] === 'tool_use') {
      toolCalls.push({ name: asString(block['name']), input: block['input'] as Json });
    } else if (block['type'] === 'tool_result') {
      messages.push({ role: 'tool', text: textOf(block['content']), toolCalls: [] });
    }
  }
  if (text !== '' || toolCalls.length > 0) messages.push({ role: author, text, toolCalls });
}

function textOf(content: unknown): string {
  if (!Array.isArray(content)) return asString(content);
  return content.map((block) => (isMembers(block) ? asString(block['text']) : '')).join('');
}
