/**
 * Appends to a run's conversations. The turn that takes an answer appends the call's new messages and the
 * answer. So a call that fails, or is left, leaves nothing in its conversation. Messages of earlier turns
 * stand in their rows and are not written again.
 *
 * 1. One call of a conversation is open at a time, so nothing comes between a call and its answer.
 * 2. Messages are named by run, turn and place: a turn that is computed again appends the same ones.
 * 3. While a replica of an earlier release may be at work, the turn that begins a call appends the call's
 *    messages: such a replica sends what the rows hold, and no more.
 * 4. An image that is too large for a row stands in the row by its hash (`image-effects.ts`).
 */
import type { GenerateMessage, GenerateOutput, GenerateRequest } from '../../domain/catalogue.ts';
import { heddleError } from '../../domain/errors.ts';
import { asObject } from '../../domain/field.ts';
import type { Json } from '../../domain/json.ts';
import { limits } from '../../domain/limits.ts';
import { checkGenerate } from '../../domain/model/generate-input.ts';
import { imagesOf } from '../../domain/model/needs.ts';
import type { OpenInvocation } from '../../kernel/port.ts';
import type { Draft } from './draft.ts';
import { keepImages, useStored } from './image-effects.ts';
import { isUnwritten, noted, without, type HeldConversation } from './held.ts';
import type { TurnContext } from './turn-context.ts';

/** What a turn must be able to do to append. */
type Appending = Pick<TurnContext, 'sha256'>;

/** A call begins: notes that it asks in the conversation that it names, if it names one. */
export function beginCall(
  draft: Draft,
  call: { readonly id: string; readonly incarnation: number; readonly input: GenerateRequest },
  open: readonly OpenInvocation[],
  context: Appending & Pick<TurnContext, 'hasOlderReplicas'>,
): void {
  const { id, incarnation, input } = call;
  const { conversation } = input;
  useStored(draft, input.messages);
  if (conversation === undefined) return;
  // Of two calls that begin together the first one goes on.
  const first = open.find((other) => conversationOf(other) === conversation);
  if (first !== undefined && first.id !== id) {
    throw heddleError('conversation-busy', { conversation });
  }
  checkRoom(draft, conversation);
  if (context.hasOlderReplicas) return appendAsked(draft, { ...input, conversation }, context);
  note(draft, conversation, { ...writtenIn(draft, conversation), asks: { id, incarnation } });
}

/** The call has ended without an answer, or its chart has left it: nothing of it stays. */
export function dropAsked(draft: Draft, id: string): void {
  for (const [conversation, { asks }] of Object.entries(draft.held.conversations)) {
    if (asks?.id !== id) continue;
    const written = writtenIn(draft, conversation);
    if (written.messages > 0) note(draft, conversation, written);
    else {
      const conversations = without(draft.held.conversations, conversation);
      draft.held = { ...draft.held, conversations };
    }
  }
}

/** A call has its result: appends what it has asked, and the answer, to its conversation. */
export function takeAnswer(
  draft: Draft,
  call: OpenInvocation,
  output: Json,
  context: Appending,
): void {
  const conversation = conversationOf(call);
  if (conversation === null) return;
  if (isUnwritten(draft.held, conversation, call)) {
    appendAsked(draft, { ...checkGenerate(call.input ?? null), conversation }, context);
  }
  const { text, toolCalls = [], parts } = asObject(output, 'generate') as Partial<GenerateOutput>;
  const answer: GenerateMessage = {
    role: 'assistant',
    content: text ?? '',
    ...(toolCalls.length === 0 ? {} : { toolCalls }),
    ...(parts === undefined ? {} : { parts }),
  };
  append(draft, conversation, answer, context);
}

function conversationOf({ source, input }: OpenInvocation): string | null {
  if (source.kind !== 'generate' || typeof input !== 'object' || input === null) return null;
  const { conversation } = input as { readonly conversation?: Json };
  return typeof conversation === 'string' ? conversation : null;
}

/** Checked before the call costs anything. What the model then answers is always kept. */
function checkRoom(draft: Draft, conversation: string): void {
  const { conversations } = draft.held;
  const { conversationCharsMax, conversationImageBytesMax } = limits;
  const { conversationMessagesMax, conversationsMax } = limits;
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
  const { bytes = 0 } = at.imageSizes ?? {};
  if (bytes > conversationImageBytesMax) full(conversationImageBytesMax, 'bytes of images');
}

function appendAsked(
  draft: Draft,
  asked: GenerateRequest & { readonly conversation: string },
  context: Appending,
): void {
  const { conversation, messages = [], prompt } = asked;
  for (const message of messages) append(draft, conversation, message, context);
  if (prompt === undefined) return;
  append(draft, conversation, { role: 'user', content: prompt }, context);
}

function append(
  draft: Draft,
  conversation: string,
  said: GenerateMessage,
  { sha256 }: Appending,
): void {
  const { messages, chars, images = [], imageSizes } = writtenIn(draft, conversation);
  const { message, sizes } = keepImages(draft, said, { sha256, before: imageSizes });
  const messageText = JSON.stringify(message);
  draft.conversation.push({ conversation, messageText });
  const needs = new Set([...images, ...imagesOf(message)]);
  note(draft, conversation, {
    messages: messages + 1,
    chars: chars + messageText.length,
    ...(needs.size === 0 ? {} : { images: [...needs] }),
    ...(sizes === undefined ? {} : { imageSizes: sizes }),
  });
}

/** What the conversation's rows hold. */
function writtenIn({ held }: Draft, conversation: string): Omit<HeldConversation, 'asks'> {
  const at = noted(held.conversations, conversation) ?? { messages: 0, chars: 0 };
  const { asks: _, ...written } = at;
  return written;
}

function note(draft: Draft, conversation: string, at: HeldConversation): void {
  const conversations = { ...draft.held.conversations, [conversation]: at };
  draft.held = { ...draft.held, conversations };
}
