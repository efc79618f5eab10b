/** The messages of a chat completion. */
import {
  base64At,
  type Fields,
  fieldsAt,
  fullTextAt,
  imageTypes,
  isBlank,
  isFields,
  listAt,
  oneOfAt,
  refuse,
  textAt,
} from './refusal.ts';

export const openaiName = /^[a-zA-Z0-9_-]{1,64}$/;
const idCharsMax = 40;
const roles = ['system', 'developer', 'user', 'assistant', 'tool'] as const;

export function checkMessages(list: readonly unknown[]): void {
  if (list.length === 0) refuse("Invalid 'messages': empty array.");
  const messages = list.map((one, i) => fieldsAt(one, `messages[${i}]`));
  const ids = new Set<string>();
  let open: readonly string[] | null = null;
  messages.forEach((message, i) => {
    const at = `messages[${i}]`;
    const role = oneOfAt(message['role'], `${at}.role`, roles);
    if (role === 'tool') {
      open = answered(open, message, at);
      return;
    }
    if (open !== null) refuseOpen(open);
    open = role === 'assistant' ? callsIn(message, ids, at) : null;
    if (role !== 'assistant') checkSaid(message['content'], role, at);
  });
  if (open !== null) refuseOpen(open);
  const last = messages.findLast(({ role }) => role !== 'system' && role !== 'developer');
  if (last === undefined) refuse('messages: nobody has said anything');
  // OpenAI takes it; Mistral and others do not.
  if (last['role'] === 'assistant') refuse('Expected last role User or Tool for serving');
  checkReasoning(messages);
}

function refuseOpen(open: readonly string[]): void {
  if (open.length === 0) return;
  const rule =
    "An assistant message with 'tool_calls' must be followed by tool messages responding";
  refuse(`${rule} to each 'tool_call_id'. Without a response: ${open.join(', ')}`);
}

function answered(open: readonly string[] | null, message: Fields, at: string): readonly string[] {
  const id = fullTextAt(message['tool_call_id'], `${at}.tool_call_id`);
  if (open === null) {
    return refuse(
      "Messages with role 'tool' must be a response to a preceding message with 'tool_calls'.",
    );
  }
  if (!open.includes(id)) {
    refuse(`${at}.tool_call_id: ${id} is no tool call without a response before it`);
  }
  const { content } = message;
  if (typeof content !== 'string') checkParts(content, ['text'], at);
  else if (isBlank(content)) refuse(`${at}.content: says nothing`);
  return open.filter((one) => one !== id);
}

function checkSaid(content: unknown, role: string, at: string): void {
  if (typeof content === 'string') {
    if (isBlank(content)) refuse(`${at}.content: says nothing`);
  } else checkParts(content, role === 'user' ? ['text', 'image_url'] : ['text'], at);
}

function checkParts(content: unknown, types: readonly string[], at: string): void {
  const parts = listAt(content, `${at}.content`);
  if (parts.length === 0) refuse(`Invalid '${at}.content': empty array.`);
  parts.forEach((one, i) => {
    const part = fieldsAt(one, `${at}.content[${i}]`);
    const type = oneOfAt(part['type'], `${at}.content[${i}].type`, types);
    if (type === 'text') {
      if (isBlank(textAt(part['text'], `${at}.content[${i}].text`))) refuse(`${at}: is blank`);
    } else checkImage(part, `${at}.content[${i}]`);
  });
}

function checkImage({ image_url: image }: Fields, at: string): void {
  const url = textAt(fieldsAt(image, `${at}.image_url`)['url'], `${at}.image_url.url`);
  const [, type, data] = /^data:([^;,]*);base64,(.*)$/s.exec(url) ?? [];
  if (type !== undefined) {
    oneOfAt(type, `${at}.image_url.url`, imageTypes);
    base64At(data, `${at}.image_url.url`);
  } else if (!/^https?:\/\/./.test(url)) refuse(`Invalid '${at}.image_url.url'.`);
}

/** Null: the message has no tool calls. */
function callsIn(message: Fields, ids: Set<string>, at: string): readonly string[] | null {
  const { content, tool_calls: list } = message;
  if (list === undefined) {
    if (typeof content !== 'string' || isBlank(content)) {
      refuse(`Invalid value for 'content': expected a string, got ${String(content)}.`);
    }
    return null;
  }
  if (content !== null) textAt(content, `${at}.content`);
  const calls = listAt(list, `${at}.tool_calls`);
  if (calls.length === 0) refuse(`[] is too short - '${at}.tool_calls'`);
  return calls.map((one, i) => {
    const call = fieldsAt(one, `${at}.tool_calls[${i}]`);
    oneOfAt(call['type'], `${at}.tool_calls[${i}].type`, ['function']);
    const id = fullTextAt(call['id'], `${at}.tool_calls[${i}].id`);
    if (id.length > idCharsMax) {
      refuse(`Invalid '${at}.tool_calls[${i}].id': string too long. Expected at most 40.`);
    }
    if (ids.has(id)) refuse(`Duplicate value for 'tool_call_id' of ${id}`);
    ids.add(id);
    checkFunction(call['function'], `${at}.tool_calls[${i}].function`);
    return id;
  });
}

function checkFunction(value: unknown, at: string): void {
  const { name, arguments: input } = fieldsAt(value, at);
  if (!openaiName.test(textAt(name, `${at}.name`))) {
    refuse(`Invalid '${at}.name': string does not match pattern '^[a-zA-Z0-9_-]+$'.`);
  }
  const text = textAt(input, `${at}.arguments`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    refuse(`${at}.arguments: is no JSON`);
  }
  if (!isFields(parsed)) refuse(`${at}.arguments: is no object`);
}

/** DeepSeek (kimi-cli#2141): on all of them, if on one. */
function checkReasoning(messages: readonly Fields[]): void {
  const said = messages.filter(({ role }) => role === 'assistant');
  for (const field of ['reasoning', 'reasoning_content']) {
    for (const message of messages) {
      if (message[field] === undefined) continue;
      textAt(message[field], field);
      if (message['role'] !== 'assistant') refuse(`${field}: is no assistant's`);
    }
  }
  const has = said.filter((message) => message['reasoning_content'] !== undefined);
  const lacks = said.filter(
    (message) => message['reasoning_content'] === undefined && message['reasoning'] === undefined,
  );
  if (has.length > 0 && lacks.length > 0) {
    refuse('The `reasoning_content` in the thinking mode must be passed back to the API.');
  }
}
