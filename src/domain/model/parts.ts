/** Turns a message or an answer into its parts, and parts into what a message without them has. Pure. */
import type { AssistantPart, TextPart, ToolCall, ToolCallPart, ToolResultPart } from './message.ts';

/** The parts of a model's message or answer, in order, whether it has a list of them or not. */
export function partsOf(message: {
  /** The text of a message. */
  readonly content?: string;
  /** The text of an answer. */
  readonly text?: string;
  /** The tool calls. */
  readonly toolCalls?: readonly ToolCall[];
  /** The whole message, where it has one. */
  readonly parts?: readonly AssistantPart[];
}): readonly AssistantPart[] {
  const { text = '', content = text, toolCalls = [], parts } = message;
  if (parts !== undefined) return parts;
  const said: readonly TextPart[] = content === '' ? [] : [{ type: 'text', text: content }];
  return [...said, ...toolCalls.map((call): ToolCallPart => ({ type: 'tool-call', ...call }))];
}

/** The text of some parts: their texts one after the other, and JSON as text. */
export function textOfParts(parts: readonly (AssistantPart | ToolResultPart)[]): string {
  const texts = parts.map((part) => {
    if (part.type === 'text') return part.text;
    return part.type === 'json' ? JSON.stringify(part.value) : '';
  });
  return texts.join('');
}

/** The tool calls among some parts. */
export function callsOfParts(parts: readonly AssistantPart[]): readonly ToolCall[] {
  return parts.flatMap((part): readonly ToolCall[] => {
    if (part.type !== 'tool-call') return [];
    const { type: _, ...call } = part;
    return [call];
  });
}

/** True when text and tool calls alone give these parts again, so that a list of them says nothing more. */
export function isPlain(parts: readonly AssistantPart[]): boolean {
  const texts = parts.filter(({ type }) => type === 'text').length;
  const calls = parts.filter(({ type }) => type === 'tool-call').length;
  if (texts > 1 || texts + calls < parts.length) return false;
  return texts === 0 || parts[0]?.type === 'text';
}
