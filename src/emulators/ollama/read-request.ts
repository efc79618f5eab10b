/**
 * Checks a chat request as Ollama does, and translates it into the words that both protocols share.
 */
import type { Json } from '../../domain/json.ts';
import type { ModelMessage, ModelRequest, ModelToolCall } from '../model-request.ts';
import { invalid, isMembers, type Members } from '../wire.ts';

const roles = ['system', 'user', 'assistant', 'tool'] as const;

export function readChatRequest(body: Members, seed: number): ModelRequest {
  const { model, messages = [], tools = [], options = {} } = body;
  if (typeof model !== 'string' || model === '') invalid('model is required');
  if (!Array.isArray(messages)) invalid(misfit('messages', '[]api.Message'));
  if (!Array.isArray(tools)) invalid(misfit('tools', 'api.Tools'));
  if (!isMembers(options)) invalid(misfit('options', 'map[string]interface {}'));
  const predict = options['num_predict'];
  return {
    protocol: 'ollama',
    model,
    seed,
    messages: messages.map(readMessage),
    tools: tools.map(toolName),
    // A negative number means no limit.
    maxTokens: typeof predict === 'number' && predict >= 0 ? predict : null,
  };
}

function misfit(field: string, type: string): string {
  return `json: cannot unmarshal value into Go struct field ChatRequest.${field} of type ${type}`;
}

function readMessage(message: unknown): ModelMessage {
  if (!isMembers(message)) invalid(misfit('messages', 'api.Message'));
  const { role, content = '', tool_calls: calls = [] } = message;
  const known = roles.find((name) => name === role);
  if (known === undefined) invalid(`invalid role: ${String(role)}`);
  if (typeof content !== 'string') invalid(misfit('messages.content', 'string'));
  if (!Array.isArray(calls)) invalid(misfit('messages.tool_calls', '[]api.ToolCall'));
  return { role: known, text: content, toolCalls: calls.map(readToolCall) };
}

function readToolCall(call: unknown): ModelToolCall {
  const made = isMembers(call) ? call['function'] : undefined;
  if (!isMembers(made)) invalid(misfit('messages.tool_calls', 'api.ToolCall'));
  // Ollama refuses arguments that are a JSON text, as OpenAI sends them; so does the emulator.
  const input = made['arguments'] ?? {};
  if (!isMembers(input)) {
    invalid(misfit('messages.tool_calls.function.arguments', 'api.ToolCallFunctionArguments'));
  }
  return { name: String(made['name']), input: input as Json };
}

function toolName(tool: unknown): string {
  const made = isMembers(tool) ? tool['function'] : undefined;
  if (!isMembers(made) || typeof made['name'] !== 'string') invalid(misfit('tools', 'api.Tool'));
  return made['name'];
}
