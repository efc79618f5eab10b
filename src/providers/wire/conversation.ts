/** A generate's input as one conversation, the same for every adapter. */
import type { GenerateRequest, GenerateMessage } from '../../domain/catalogue.ts';

type AssistantTurn = Extract<GenerateMessage, { readonly role: 'assistant' }>;

type Turn = Exclude<GenerateMessage, { readonly role: 'system' }>;

export type Conversation = {
  /** `system` and all system messages; null if there are none. */
  readonly system: string | null;
  readonly turns: readonly Turn[];
};

/**
 * Leaves out an assistant's message without text and tool calls: it says nothing, and providers refuse
 * it, though a model may end with one. A prompt comes after the messages.
 */
export function conversationOf({ prompt, messages = [], system }: GenerateRequest): Conversation {
  const systems = system === undefined ? [] : [system];
  const turns: Turn[] = [];
  for (const message of messages) {
    if (message.role === 'system') systems.push(message.content);
    else if (message.role !== 'assistant' || !isEmpty(message)) turns.push(message);
  }
  if (prompt !== undefined) turns.push({ role: 'user', content: prompt });
  return { system: systems.length === 0 ? null : systems.join('\n\n'), turns };
}

function isEmpty(message: AssistantTurn): boolean {
  return message.content === '' && (message.toolCalls ?? []).length === 0;
}
