/** Writes a conversation as the messages of a chat completion. */
import { createHash } from 'node:crypto';
import type {
  AssistantPart,
  GenerateMessage,
  GenerateRequest,
  ImagePart,
  ToolCall,
} from '../../domain/catalogue.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import { partsOf } from '../../domain/model/parts.ts';
import { ProviderFault } from '../port.ts';
import { conversationOf } from '../wire/conversation.ts';
import { fieldOf, reasoningFields } from './reasoning.ts';

/** How reasoning of earlier answers is sent: what came, on every answer of the model, or not at all. */
export type ReasoningBack = 'as-it-came' | 'always' | 'never';

type ChatPart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image_url'; readonly image_url: { readonly url: string } };
type ToolTurn = Extract<GenerateMessage, { readonly role: 'tool' }>;
type AssistantTurn = Extract<GenerateMessage, { readonly role: 'assistant' }>;
export type ChatMessage = { readonly role: string; readonly [field: string]: unknown };

export function chatMessages(input: GenerateRequest, reasoning: ReasoningBack): ChatMessage[] {
  const { system, turns } = conversationOf(input);
  const messages: ChatMessage[] = system === null ? [] : [{ role: 'system', content: system }];
  let shown: ChatPart[] = [];
  for (const turn of turns) {
    if (turn.role === 'tool') {
      messages.push(toolMessage(turn));
      shown.push(...imagesOf(turn));
      continue;
    }
    // A result may hold text alone, so its images follow as the user's, after all results.
    if (shown.length > 0) messages.push({ role: 'user', content: shown });
    shown = [];
    if (turn.role === 'assistant') messages.push(assistantMessage(turn, reasoning));
    else messages.push({ role: 'user', content: userContent(turn) });
  }
  if (shown.length > 0) messages.push({ role: 'user', content: shown });
  return needsAll(messages, reasoning) ? messages.map(withReasoning) : messages;
}

function userContent(turn: Extract<GenerateMessage, { readonly role: 'user' }>): Json | ChatPart[] {
  if (turn.parts === undefined) return turn.content;
  return turn.parts.map((part) => (part.type === 'image' ? imageOf(part) : part));
}

/** The text of a result that has none, but images. */
const shownBelow = '(shown below)';

function toolMessage({ toolCallId, content, isError = false, parts = [] }: ToolTurn): ChatMessage {
  // Some servers refuse a result without a text.
  const text = content.trim() === '' && parts.length > 0 ? shownBelow : content;
  const said = isError ? `error: ${text}` : text;
  return { role: 'tool', tool_call_id: fitId(toolCallId), content: said };
}

function imagesOf({ toolCallId, parts = [] }: ToolTurn): ChatPart[] {
  const images = parts.filter((part) => part.type === 'image');
  if (images.length === 0) return [];
  const text = `What the tool call ${fitId(toolCallId)} shows:`;
  return [{ type: 'text', text }, ...images.map(imageOf)];
}

function imageOf(image: ImagePart): ChatPart {
  if ('url' in image) return { type: 'image_url', image_url: { url: image.url } };
  if ('sha256' in image) {
    throw new ProviderFault('caller', `the bytes of the image ${image.sha256} are not there`);
  }
  return {
    type: 'image_url',
    image_url: { url: `data:${image.mediaType};base64,${image.data}` },
  };
}

function assistantMessage(turn: AssistantTurn, reasoning: ReasoningBack): ChatMessage {
  const { content, toolCalls = [] } = turn;
  const parts = reasoning === 'never' ? [] : partsOf(turn);
  const calls = toolCalls.map(chatCall);
  return {
    ...Object.assign({}, ...parts.map(kept)),
    ...thought(parts),
    role: 'assistant',
    content: content === '' && calls.length > 0 ? null : content,
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
}

/** Fields of the message that only the server reads. */
function kept(part: AssistantPart): JsonObject {
  return part.type === 'opaque' ? fieldsIn(part.data) : {};
}

function fieldsIn(data: Json | undefined): JsonObject {
  const isObject = typeof data === 'object' && data !== null && !Array.isArray(data);
  return isObject ? (data as JsonObject) : {};
}

function thought(parts: readonly AssistantPart[]): { readonly [field: string]: string } {
  const texts: Record<string, string> = {};
  for (const part of parts) {
    if (part.type !== 'reasoning') continue;
    const field = fieldOf(part.signature);
    texts[field] = (texts[field] ?? '') + part.text;
  }
  return texts;
}

/** DeepSeek wants its field on every answer of the model, once it is on one. */
function needsAll(messages: readonly ChatMessage[], reasoning: ReasoningBack): boolean {
  if (reasoning === 'never') return false;
  return reasoning === 'always' || messages.some((one) => one['reasoning_content'] !== undefined);
}

function withReasoning(message: ChatMessage): ChatMessage {
  const has = reasoningFields.some((field) => message[field] !== undefined);
  return message.role !== 'assistant' || has ? message : { reasoning_content: '', ...message };
}

/** Fields of a call that the server wants back stand beside those that heddle writes. */
function chatCall({ id, name, input, extra }: ToolCall): JsonObject {
  const own = fieldsIn(extra?.data);
  return {
    ...own,
    id: fitId(id),
    type: 'function',
    function: { ...fieldsIn(own['function']), name, arguments: JSON.stringify(input) },
  };
}

const idCharsMax = 40;

/** OpenAI refuses longer ids, which other servers give. The same id is always written alike. */
function fitId(id: string): string {
  if (id.length <= idCharsMax) return id;
  return `call_${createHash('sha256').update(id).digest('hex').slice(0, 32)}`;
}
