/** Writes messages as the blocks of Anthropic's Messages API. Pure. */
import type { AssistantPart, ImagePart, ToolResultPart, UserPart } from '../../domain/catalogue.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import { partsOf } from '../../domain/model/parts.ts';
import { ProviderFault } from '../port.ts';
import type { Conversation } from '../wire/conversation.ts';

/** A block as the API takes it. Blocks of kinds that heddle does not know are among them. */
export type Block = { readonly type: string; readonly [field: string]: unknown };
export type Message = { readonly role: 'user' | 'assistant'; readonly content: readonly Block[] };

type Turn = Conversation['turns'][number];
type Result = Extract<Turn, { readonly role: 'tool' }>;

/** Said for the user before a message of the model's own: the API refuses it as the first. */
const begin = 'Begin.';

/** Successive turns of one role become one message: the results of parallel tools must come together. */
export function messagesOf(turns: readonly Turn[]): Message[] {
  const messages: { role: Message['role']; content: Block[] }[] = [];
  if (turns[0]?.role === 'assistant') messages.push({ role: 'user', content: [text(begin)] });
  for (const turn of turns) {
    const role = turn.role === 'assistant' ? 'assistant' : 'user';
    const blocks = blocksOf(turn);
    const last = messages.at(-1);
    if (last?.role === role) last.content.push(...blocks);
    else messages.push({ role, content: blocks });
  }
  return messages;
}

function blocksOf(turn: Turn): Block[] {
  switch (turn.role) {
    case 'tool':
      return [resultOf(turn)];
    case 'user':
      return turn.parts === undefined ? [text(turn.content)] : turn.parts.map(userBlock);
    case 'assistant':
      return partsOf(turn).flatMap(assistantBlock);
  }
}

const text = (said: string): Block => ({ type: 'text', text: said });

function userBlock(part: UserPart): Block {
  return part.type === 'text' ? text(part.text) : image(part);
}

/** Parts that only their provider can read are here only if they came from it, for this very model. */
function assistantBlock(part: AssistantPart): readonly Block[] {
  switch (part.type) {
    case 'text':
      return part.text === '' ? [] : [text(part.text)];
    case 'reasoning':
      if (part.encrypted !== undefined)
        return [{ type: 'redacted_thinking', data: part.encrypted }];
      // Without a signature the API refuses it.
      if (part.signature === undefined) return [];
      return [{ type: 'thinking', thinking: part.text, signature: part.signature }];
    case 'tool-call': {
      const { id, name, input, extra } = part;
      return [{ ...fieldsOf(extra?.data), type: 'tool_use', id, name, input }];
    }
    // The model cannot have sent one, and the API takes images of the user alone.
    case 'image':
      return [];
    case 'opaque':
      return [part.data as Block];
  }
}

function resultOf({ toolCallId, content, isError = false, parts }: Result): Block {
  const error = isError ? { is_error: true } : {};
  const said = parts === undefined ? content : parts.flatMap(resultBlock);
  return { type: 'tool_result', tool_use_id: toolCallId, content: said, ...error };
}

function resultBlock(part: ToolResultPart): readonly Block[] {
  if (part.type === 'image') return [image(part)];
  const said = part.type === 'text' ? part.text : JSON.stringify(part.value);
  return said === '' ? [] : [text(said)];
}

function image(part: ImagePart): Block {
  if ('url' in part) return { type: 'image', source: { type: 'url', url: part.url } };
  if (!('data' in part)) {
    throw new ProviderFault('caller', `the bytes of the image ${part.sha256} are not there`);
  }
  const { mediaType, data } = part;
  return { type: 'image', source: { type: 'base64', media_type: mediaType, data } };
}

function fieldsOf(data: Json | undefined): JsonObject {
  return typeof data === 'object' && data !== null && !Array.isArray(data)
    ? (data as JsonObject)
    : {};
}
