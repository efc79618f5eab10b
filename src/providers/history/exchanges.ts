/**
 * Tool calls and their results. Each call has one result, directly after the message that asks for it and in
 * the order of the calls. A result belongs to the last call before it that has its id.
 *
 * Ids are unique over the whole history and have a form that every provider takes. How an id is written
 * depends only on what stands before it, so a history that grows keeps its beginning, which providers cache.
 */
import type { AssistantPart, GenerateMessage, ToolCall } from '../../domain/catalogue.ts';
import { callsOfParts } from '../../domain/model/parts.ts';
import { ownText, wellFormed } from './own-text.ts';
import { ofParts, type AssistantMessage, type ToolMessage } from './said.ts';

/** The result of a call that has none: its run was interrupted, or its chart went another way. */
const interrupted = 'The tool call was interrupted: it may have been carried out, or not.';

type Asked = { readonly id: string; result: ToolMessage | null };
type Place = { readonly message: GenerateMessage; readonly asked: readonly Asked[] };

/** `name`: the name under which a tool is sent. */
export function withExchanges(
  messages: readonly GenerateMessage[],
  name: (own: string) => string,
): readonly GenerateMessage[] {
  const places: Place[] = [];
  const open = new Map<string, readonly Asked[]>();
  const ids = new Set<string>();
  for (const message of messages) {
    if (message.role === 'tool') {
      const asked = open.get(message.toolCallId)?.find(({ result }) => result === null);
      if (asked !== undefined) asked.result = message;
      continue;
    }
    const calls = message.role === 'assistant' ? callsOf(message) : [];
    const asked = calls.map(({ id }): Asked => ({ id: ownId(id, ids), result: null }));
    for (const { id } of calls) {
      open.set(
        id,
        asked.filter((_, i) => calls[i]?.id === id),
      );
    }
    places.push({
      message: message.role === 'assistant' ? withCalls(message, asked, name) : message,
      asked,
    });
  }
  return places.flatMap(({ message, asked }) => [message, ...asked.map(resultOf)]);
}

function callsOf({ parts, toolCalls = [] }: AssistantMessage): readonly ToolCall[] {
  return parts === undefined ? toolCalls : callsOfParts(parts);
}

function ownId(id: string, ids: Set<string>): string {
  if (!wellFormed.test(id) || ids.has(id)) return ownText(id, 'call', ids);
  ids.add(id);
  return id;
}

function resultOf({ id, result }: Asked): GenerateMessage {
  if (result === null) {
    return { role: 'tool', toolCallId: id, content: interrupted, isError: true };
  }
  return result.toolCallId === id ? result : { ...result, toolCallId: id };
}

function withCalls(
  message: AssistantMessage,
  asked: readonly Asked[],
  name: (own: string) => string,
): AssistantMessage {
  const { parts } = message;
  const before = callsOf(message);
  const after = before.map((call, i) => withId(call, asked[i]?.id ?? call.id, name));
  if (after.every((call, i) => call === before[i])) return message;
  if (parts === undefined) return { ...message, toolCalls: after };
  const left = [...after];
  return ofParts(
    parts.map((part): AssistantPart => {
      const call = part.type === 'tool-call' ? left.shift() : undefined;
      return call === undefined ? part : { type: 'tool-call', ...call };
    }),
  );
}

function withId(call: ToolCall, id: string, name: (own: string) => string): ToolCall {
  const isObject =
    typeof call.input === 'object' && call.input !== null && !Array.isArray(call.input);
  const sent = name(call.name);
  if (isObject && call.id === id && call.name === sent) return call;
  return { ...call, id, name: sent, input: isObject ? call.input : {} };
}
