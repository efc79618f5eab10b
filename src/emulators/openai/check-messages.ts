/** The histories that OpenAI's chat completions refuse. */
import { invalid, isMembers, type Members } from '../wire.ts';
import { checkLength, checkToolName } from './check-name.ts';

const roles = ['system', 'developer', 'assistant', 'user', 'tool'];
const idCharsMax = 40;

export function checkChatMessages(messages: readonly unknown[]): void {
  if (messages.length === 0) {
    invalid(
      "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.",
    );
  }
  let open = new Set<string>();
  messages.forEach((message, index) => {
    const path = `messages[${index}]`;
    if (!isMembers(message)) invalid(`Invalid type for '${path}': expected an object.`);
    const role = String(message['role']);
    if (!roles.includes(role)) {
      invalid(`Invalid value: '${role}'. Supported values are: ${roles.join(', ')}.`);
    }
    if (role === 'tool') {
      answer(open, message);
      checkContent(message['content'], { path, role });
      return;
    }
    checkAnswered(open);
    open = role === 'assistant' ? callsOf(message, path) : new Set();
    if (open.size === 0 || message['content'] !== null) {
      checkContent(message['content'], { path, role });
    }
  });
  checkAnswered(open);
}

function answer(open: Set<string>, { tool_call_id: id }: Members): void {
  if (typeof id === 'string' && open.delete(id)) return;
  invalid(
    "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.",
  );
}

function checkAnswered(open: ReadonlySet<string>): void {
  if (open.size === 0) return;
  invalid(
    `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${[...open].join(', ')}`,
  );
}

/** The ids of the calls that the next messages have to answer. */
function callsOf({ tool_calls: calls }: Members, path: string): Set<string> {
  const ids = new Set<string>();
  if (calls === undefined) return ids;
  if (!Array.isArray(calls) || calls.length === 0) {
    invalid(`Invalid '${path}.tool_calls': empty array.`);
  }
  calls.forEach((call: unknown, index) => {
    const at = `${path}.tool_calls[${index}]`;
    const made = isMembers(call) && call['type'] === 'function' ? call['function'] : undefined;
    if (!isMembers(call) || !isMembers(made)) {
      invalid(`Missing required parameter: '${at}.function'.`);
    }
    const { id } = call;
    if (typeof id !== 'string' || id === '') invalid(`Missing required parameter: '${at}.id'.`);
    checkLength(id, idCharsMax, `${at}.id`);
    if (ids.has(id)) invalid(`Duplicate value for 'tool_call_id' of '${id}' in message.`);
    ids.add(id);
    checkToolName(made['name'], `${at}.function.name`);
    if (typeof made['arguments'] !== 'string') {
      invalid(`Invalid type for '${at}.function.arguments': expected a string.`);
    }
  });
  return ids;
}

function checkContent(
  content: unknown,
  { path, role }: { readonly path: string; readonly role: string },
): void {
  if (typeof content === 'string') return;
  if (!Array.isArray(content)) {
    const got = content === null ? 'null' : typeof content;
    invalid(`Invalid value for 'content': expected a string, got ${got}. (${path})`);
  }
  if (content.length === 0) invalid(`Invalid '${path}.content': empty array.`);
  content.forEach((part: unknown, index) => {
    const at = `${path}.content[${index}]`;
    const type = isMembers(part) ? part['type'] : undefined;
    if (isMembers(part) && type === 'text' && typeof part['text'] === 'string') return;
    if (role === 'user' && isMembers(part) && type === 'image_url') {
      checkImage(part['image_url'], at);
      return;
    }
    invalid(`Invalid value: '${String(type)}'. Supported values depend on the role. (${at}.type)`);
  });
}

function checkImage(image: unknown, at: string): void {
  const url = isMembers(image) ? image['url'] : undefined;
  if (typeof url === 'string' && /^(https?:\/\/|data:image\/[a-z+.-]+;base64,)/.test(url)) return;
  invalid(`Invalid '${at}.image_url.url': expected a URL or base64-encoded image data.`);
}
