/** The messages of a request to Anthropic: their roles, their blocks, and which block may stand where. */
import { takesPrefill, takesSystemRole } from './anthropic-models.ts';
import {
  base64At,
  type Fields,
  fieldsAt,
  fullTextAt,
  imageTypes,
  isBlank,
  listAt,
  oneOfAt,
  onlyFields,
  refuse,
  textAt,
} from './refusal.ts';

export type AnthropicBlock = { readonly type: string } & Fields;
export type AnthropicMessage = {
  readonly role: 'user' | 'assistant';
  readonly content: readonly AnthropicBlock[];
};

const messagesMax = 100_000;
const nameInHistory = /^[a-zA-Z0-9_-]{1,200}$/;
const callId = /^[a-zA-Z0-9_-]+$/;

/** The messages with their contents as blocks, in which successive ones of a role have become one. */
export function messagesIn(body: Fields): readonly AnthropicMessage[] {
  const model = textAt(body['model'], 'model');
  const list = listAt(body['messages'], 'messages').map((message, i) =>
    messageOf(message, `messages.${i}`),
  );
  if (list.length === 0) refuse('messages: at least one message is required');
  if (list.length > messagesMax) refuse('messages: List should have at most 100000 items');
  checkSystems(list, model);
  const spoken = list.filter(({ role }) => role !== 'system') as readonly AnthropicMessage[];
  if (spoken[0]?.role !== 'user') refuse('messages: first message must use the "user" role');
  checkContents(spoken);
  checkEnd(spoken, model);
  return combined(spoken);
}

type AnyMessage = Omit<AnthropicMessage, 'role'> & { readonly role: string };

function messageOf(value: unknown, at: string): AnyMessage {
  const message = fieldsAt(value, at);
  onlyFields(message, at, ['role', 'content']);
  const role = oneOfAt(message['role'], `${at}.role`, ['user', 'assistant', 'system']);
  const { content } = message;
  if (typeof content === 'string') return { role, content: [{ type: 'text', text: content }] };
  const blocks = listAt(content, `${at}.content`).map((block, i) => {
    const fields = fieldsAt(block, `${at}.content.${i}`);
    return { ...fields, type: textAt(fields['type'], `${at}.content.${i}.type`) };
  });
  return { role, content: blocks };
}

/** After a user's message, the last one or before an assistant's, never first or doubled. */
function checkSystems(list: readonly AnyMessage[], model: string): void {
  list.forEach(({ role }, i) => {
    if (role !== 'system') return;
    const before = list[i - 1]?.role;
    const after = list[i + 1]?.role ?? 'assistant';
    if (takesSystemRole(model) && before === 'user' && after === 'assistant') return;
    refuse(`messages: Unexpected role "system". The Messages API accepts a top-level \`system\``);
  });
}

function checkContents(list: readonly AnthropicMessage[]): void {
  list.forEach(({ role, content }, i) => {
    const isFinal = role === 'assistant' && i === list.length - 1;
    if (content.length === 0 && !isFinal) {
      const rule =
        'all messages must have non-empty content except for the optional final assistant';
      refuse(`messages.${i}: ${rule} message`);
    }
    content.forEach((block, k) => checkBlock(block, role, `messages.${i}.content.${k}`));
  });
}

function checkEnd(list: readonly AnthropicMessage[], model: string): void {
  const last = list.at(-1);
  if (last?.role !== 'assistant') return;
  if (!takesPrefill(model)) {
    const rule = 'The conversation must end with a user message.';
    refuse(`This model does not support assistant message prefill. ${rule}`);
  }
  const text = last.content.at(-1)?.['text'];
  if (typeof text === 'string' && text !== text.trimEnd()) {
    refuse('messages: final assistant content cannot end with trailing whitespace');
  }
}

function combined(list: readonly AnthropicMessage[]): readonly AnthropicMessage[] {
  const all: { role: 'user' | 'assistant'; content: AnthropicBlock[] }[] = [];
  for (const { role, content } of list) {
    const last = all.at(-1);
    if (last?.role === role) last.content.push(...content);
    else all.push({ role, content: [...content] });
  }
  return all;
}

const fieldsOf: Readonly<Record<string, readonly string[]>> = {
  text: ['text', 'citations'],
  image: ['source'],
  tool_result: ['tool_use_id', 'content', 'is_error'],
  thinking: ['thinking', 'signature'],
  redacted_thinking: ['data'],
  tool_use: ['id', 'name', 'input', 'caller'],
  server_tool_use: ['id', 'name', 'input'],
  web_search_tool_result: ['tool_use_id', 'content'],
};
const blocksOf: Readonly<Record<AnthropicMessage['role'], readonly string[]>> = {
  user: ['text', 'image', 'tool_result'],
  assistant: [
    'text',
    'thinking',
    'redacted_thinking',
    'tool_use',
    'server_tool_use',
    'web_search_tool_result',
  ],
};

function checkBlock(block: AnthropicBlock, role: AnthropicMessage['role'], at: string): void {
  const { type } = block;
  if (!blocksOf[role].includes(type)) {
    const known = blocksOf[role].join("', '");
    refuse(`${at}: Input tag '${type}' found using 'type' does not match any of: '${known}'`);
  }
  const known = ['type', ...(fieldsOf[type] ?? [])];
  onlyFields(block, at, type.includes('thinking') ? known : [...known, 'cache_control']);
  if (type === 'text') checkText(block, at);
  if (type === 'image') checkImage(block, at);
  if (type === 'tool_use') checkCall(block, at);
  if (type === 'tool_result') checkResult(block, at);
}

export function checkText({ text }: Fields, at: string): void {
  if (textAt(text, `${at}.text.text`) === '')
    refuse('messages: text content blocks must be non-empty');
  if (isBlank(textAt(text, at))) {
    refuse('messages: text content blocks must contain non-whitespace text');
  }
}

function checkImage({ source }: Fields, at: string): void {
  const { type, media_type: mediaType, data, url } = fieldsAt(source, `${at}.image.source`);
  const kind = oneOfAt(type, `${at}.image.source.type`, ['base64', 'url', 'file'] as const);
  if (kind === 'base64') {
    oneOfAt(mediaType, `${at}.image.source.base64.media_type`, imageTypes);
    base64At(data, `${at}.image.source.base64`);
  }
  if (kind === 'url' && !/^https?:\/\/./.test(fullTextAt(url, `${at}.image.source.url`))) {
    refuse(`${at}.image.source.url.url: Only HTTP(S) URLs are supported`);
  }
}

function checkCall({ id, name, input }: Fields, at: string): void {
  if (!callId.test(textAt(id, `${at}.tool_use.id`))) {
    refuse(`${at}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'`);
  }
  if (!nameInHistory.test(textAt(name, `${at}.tool_use.name`))) {
    refuse(`${at}.tool_use.name: String should match pattern '^[a-zA-Z0-9_-]{1,200}$'`);
  }
  fieldsAt(input, `${at}.tool_use.input`);
}

function checkResult({ tool_use_id: id, content, is_error: isError }: Fields, at: string): void {
  fullTextAt(id, `${at}.tool_result.tool_use_id`);
  const isList = Array.isArray(content);
  if (
    isError === true &&
    (content === undefined || content === '' || (isList && content.length === 0))
  ) {
    refuse(`${at}.tool_result: content cannot be empty if is_error is true`);
  }
  if (content === undefined || typeof content === 'string') return;
  listAt(content, `${at}.tool_result.content`).forEach((part, i) => {
    const inside = `${at}.tool_result.content.${i}`;
    const block = fieldsAt(part, inside);
    if (oneOfAt(block['type'], `${inside}.type`, ['text', 'image'] as const) === 'text') {
      checkText(block, inside);
    } else checkImage(block, inside);
  });
}
