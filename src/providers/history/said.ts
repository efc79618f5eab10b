/**
 * A message without what its provider would refuse: blank texts, and parts that only another provider or
 * model can read.
 */
import type {
  AssistantPart,
  GenerateMessage,
  PartOrigin,
  ToolCall,
  ToolResultPart,
  UserPart,
} from '../../domain/catalogue.ts';
import { callsOfParts, isPlain, textOfParts } from '../../domain/model/parts.ts';
import { isBlank } from './blank.ts';

export type AssistantMessage = Extract<GenerateMessage, { readonly role: 'assistant' }>;
export type ToolMessage = Extract<GenerateMessage, { readonly role: 'tool' }>;
type UserMessage = Extract<GenerateMessage, { readonly role: 'user' }>;

/** The provider that gets the call, and the model that it is asked for; undefined: it chooses itself. */
export type CallTarget = { readonly provider: string; readonly model: string | undefined };

/** Stands for a result without a text: some providers refuse an empty one. */
const emptyResult = '(empty)';

/** Null for a message that says nothing. The very message, when nothing of it is left out. */
export function saidOf(message: GenerateMessage, to: CallTarget): GenerateMessage | null {
  switch (message.role) {
    case 'system':
      return isBlank(message.content) ? null : message;
    case 'user':
      return userSaid(message);
    case 'tool':
      return toolSaid(message);
    case 'assistant':
      return assistantSaid(message, to);
  }
}

/** True when something of the message goes to no other than the provider and model that wrote it. */
export function isForeignIn({ parts, toolCalls = [] }: AssistantMessage, to: CallTarget): boolean {
  const calls = parts === undefined ? toolCalls : callsOfParts(parts);
  return (
    (parts ?? []).some((part) => isForeignPart(part, to)) ||
    calls.some(({ extra }) => extra !== undefined && isForeign(extra.from, to))
  );
}

function isForeignPart(part: AssistantPart, to: CallTarget): boolean {
  return (part.type === 'reasoning' || part.type === 'opaque') && isForeign(part.from, to);
}

/** What does not say where it came from is nobody's. A provider that chooses the model knows its own. */
function isForeign(from: PartOrigin | undefined, { provider, model }: CallTarget): boolean {
  if (from === undefined || from.provider !== provider) return true;
  return model !== undefined && from.model !== model;
}

const isBlankText = (part: AssistantPart | ToolResultPart | UserPart): boolean =>
  part.type === 'text' && isBlank(part.text);

function userSaid(message: UserMessage): UserMessage | null {
  const { parts } = message;
  if (parts === undefined) return isBlank(message.content) ? null : message;
  const kept = parts.filter((part) => !isBlankText(part));
  if (kept.length === 0) return null;
  if (kept.length === parts.length) return message;
  const content = textOfParts(kept);
  const isText = kept.every(({ type }) => type === 'text');
  return { role: 'user', content, ...(isText ? {} : { parts: kept }) };
}

function toolSaid(message: ToolMessage): ToolMessage {
  const { parts, content, ...rest } = message;
  if (parts === undefined) return isBlank(content) ? { ...rest, content: emptyResult } : message;
  const kept = parts.filter((part) => !isBlankText(part));
  if (kept.length === 0) return { ...rest, content: emptyResult };
  if (kept.length === parts.length) return message;
  const isText = kept.every(({ type }) => type === 'text');
  return { ...rest, content: textOfParts(kept), ...(isText ? {} : { parts: kept }) };
}

function assistantSaid(message: AssistantMessage, to: CallTarget): AssistantMessage | null {
  const { parts, toolCalls = [], content } = message;
  const isOurs = !isForeignIn(message, to);
  if (parts !== undefined) {
    const kept = parts.filter((part) => !isForeignPart(part, to) && !saysNothing(part));
    if (kept.every(({ type }) => type === 'reasoning')) return null;
    if (isOurs && kept.length === parts.length) return message;
    return ofParts(
      kept.map((part) => (part.type === 'tool-call' ? withoutForeign(part, to) : part)),
    );
  }
  if (isBlank(content)) {
    if (toolCalls.length === 0) return null;
    if (isOurs && content === '') return message;
  } else if (isOurs) return message;
  const calls = toolCalls.map((call) => withoutForeign(call, to));
  return {
    role: 'assistant',
    content: isBlank(content) ? '' : content,
    ...(calls.length === 0 ? {} : { toolCalls: calls }),
  };
}

/** A provider may show no text of its reasoning, and know it again by what it signed. */
function saysNothing(part: AssistantPart): boolean {
  if (part.type !== 'reasoning') return isBlankText(part);
  return isBlank(part.text) && part.signature === undefined && part.encrypted === undefined;
}

function withoutForeign<Call extends ToolCall>(call: Call, to: CallTarget): Call {
  if (call.extra === undefined || !isForeign(call.extra.from, to)) return call;
  const { extra: _, ...rest } = call;
  return rest as Call;
}

/** The message of these parts, with its text and its tool calls beside them. */
export function ofParts(parts: readonly AssistantPart[]): AssistantMessage {
  const calls = callsOfParts(parts);
  return {
    role: 'assistant',
    content: textOfParts(parts),
    ...(calls.length === 0 ? {} : { toolCalls: calls }),
    ...(isPlain(parts) ? {} : { parts }),
  };
}
