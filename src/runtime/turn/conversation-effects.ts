/**
 * Appends to a run's conversations. The turn that begins a call appends the call's new messages; the
 * turn that takes the result appends the answer. Messages of earlier turns stand in their rows and are
 * not written again.
 *
 * 1. One call of a conversation is open at a time, so nothing comes between a call and its answer.
 * 2. Messages are named by run, turn and place: a turn that is computed again appends the same ones.
 */
import type { GenerateMessage, GenerateOutput, GenerateRequest } from '../../domain/catalogue.ts';
import { heddleError } from '../../domain/errors.ts';
import { asObject } from '../../domain/field.ts';
import type { Json } from '../../domain/json.ts';
import { limits } from '../../domain/limits.ts';
import type { OpenInvocation } from '../../kernel/port.ts';
import type { Draft } from './draft.ts';
import { noted } from './held.ts';

/** A call begins: appends its messages to the conversation that it names, if it names one. */
export function beginCall(
  draft: Draft,
  { id, input }: { readonly id: string; readonly input: GenerateRequest },
  open: readonly OpenInvocation[],
): void {
  const { conversation, messages = [], prompt } = input;
  if (conversation === undefined) return;
  // Of two calls that begin together the first one goes on.
  const first = open.find((other) => conversationOf(other) === conversation);
  if (first !== undefined && first.id !== id) {
    throw heddleError('conversation-busy', { conversation });
  }
  checkRoom(draft, conversation);
  for (const message of messages) append(draft, conversation, message);
  if (prompt !== undefined) append(draft, conversation, { role: 'user', content: prompt });
}

/** A call has its result: appends the answer to its conversation. */
export function takeAnswer(draft: Draft, call: OpenInvocation, output: Json): void {
  const conversation = conversationOf(call);
  if (conversation === null) return;
  const { text, toolCalls = [], parts } = asObject(output, 'generate') as Partial<GenerateOutput>;
  append(draft, conversation, {
    role: 'assistant',
    content: text ?? '',
    ...(toolCalls.length === 0 ? {} : { toolCalls }),
    ...(parts === undefined ? {} : { parts }),
  });
}

function conversationOf({ source, input }: OpenInvocation): string | null {
  if (source.kind !== 'generate' || typeof input !== 'object' || input === null) return null;
  const { conversation } = input as { readonly conversation?: Json };
  return typeof conversation === 'string' ? conversation : null;
}

/** Checked before the call costs anything. What the model then answers is always kept. */
function checkRoom(draft: Draft, conversation: string): void {
  const { conversations } = draft.held;
  const { conversationCharsMax, conversationMessagesMax, conversationsMax } = limits;
  const at = noted(conversations, conversation);
  const full = (max: number, unit: string): never => {
    throw heddleError('conversation-full', { conversation, max, unit });
  };
  if (at === undefined) {
    if (Object.keys(conversations).length < conversationsMax) return;
    const reason = `would be one more than the ${conversationsMax} that a run may hold`;
    throw heddleError('invalid-field', { field: 'generate.conversation', reason });
  }
  if (at.chars > conversationCharsMax) full(conversationCharsMax, 'characters');
  if (at.messages > conversationMessagesMax) full(conversationMessagesMax, 'messages');
}

function append(draft: Draft, conversation: string, message: GenerateMessage): void {
  const messageText = JSON.stringify(message);
  const before = noted(draft.held.conversations, conversation) ?? { messages: 0, chars: 0 };
  const { messages, chars } = before;
  const after = { messages: messages + 1, chars: chars + messageText.length };
  draft.conversation.push({ conversation, messageText });
  const conversations = { ...draft.held.conversations, [conversation]: after };
  draft.held = { ...draft.held, conversations };
}
