/**
 * The rules of Ollama's `POST /api/chat`: the types of its client and server. The server refuses little and
 * mistakes much, so what it mistakes is refused here: results that are not those of the calls before them by
 * name and order, and messages that say nothing.
 */
import {
  base64At,
  type Fields,
  fieldsAt,
  fullTextAt,
  isBlank,
  isFields,
  listAt,
  numberAt,
  oneOfAt,
  onlyFields,
  refusalBy,
  refuse,
  textAt,
  wholeAt,
} from './refusal.ts';
import { checkToolSchema } from './schemas.ts';

/** The sentence with which Ollama, or who reads its answer, refuses the body; null if it is right. */
export function ollamaRefusal(body: unknown): string | null {
  return refusalBy(check, body);
}

const topFields =
  `model messages tools format stream think keep_alive options truncate shift logprobs
  top_logprobs`.split(/\s+/);

function check(body: Fields): void {
  onlyFields(body, 'body', topFields);
  if (fullTextAt(body['model'], 'model') === '') refuse('model is required');
  const { format, think, keep_alive: keepAlive } = body;
  if (format !== undefined && format !== 'json' && !isFields(format)) refuse('invalid format');
  if (think !== undefined && typeof think !== 'boolean') {
    oneOfAt(think, 'think', ['low', 'medium', 'high', 'max']);
  }
  if (keepAlive !== undefined && typeof keepAlive !== 'number' && typeof keepAlive !== 'string') {
    refuse('time: invalid duration');
  }
  for (const field of ['stream', 'truncate', 'shift']) {
    const value = body[field];
    if (value !== undefined && typeof value !== 'boolean') refuse(`${field}: not a bool`);
  }
  checkOptions(body['options']);
  checkTools(body['tools']);
  checkMessages(listAt(body['messages'], 'messages'));
}

function checkOptions(given: unknown): void {
  if (given === undefined) return;
  const options = fieldsAt(given, 'options');
  for (const name of ['num_ctx', 'num_predict', 'seed', 'top_k', 'num_keep']) {
    if (options[name] !== undefined) wholeAt(options[name], `option "${name}"`, -2);
  }
  if (options['temperature'] !== undefined) numberAt(options['temperature'], 'temperature', 0, 100);
  if (options['stop'] === undefined) return;
  listAt(options['stop'], 'option "stop"').forEach((stop, i) => fullTextAt(stop, `stop.${i}`));
}

function checkTools(tools: unknown): void {
  const names = listAt(tools ?? [], 'tools').map((one, i) => {
    const { type, function: called } = fieldsAt(one, `tools.${i}`);
    oneOfAt(type, `tools.${i}.type`, ['function']);
    const { name, description, parameters } = fieldsAt(called, `tools.${i}.function`);
    if (description !== undefined) textAt(description, `tools.${i}.function.description`);
    checkToolSchema(parameters, `tools.${i}.function.parameters`);
    return fullTextAt(name, `tools.${i}.function.name`);
  });
  if (new Set(names).size < names.length) refuse('tools: two tools have one name');
}

type Open = { readonly name: string; readonly id: unknown };
const messageFields = ['role', 'content', 'thinking', 'images', 'tool_calls', 'tool_name'];

function checkMessages(messages: readonly unknown[]): void {
  if (messages.length === 0) refuse('messages: the model would only be loaded');
  let open: readonly Open[] = [];
  messages.forEach((one, i) => {
    const at = `messages.${i}`;
    const message = fieldsAt(one, at);
    onlyFields(message, at, [...messageFields, 'tool_call_id']);
    const role = oneOfAt(message['role'], `${at}.role`, ['system', 'user', 'assistant', 'tool']);
    const content = textAt(message['content'], `${at}.content`);
    const images = listAt(message['images'] ?? [], `${at}.images`);
    images.forEach((image, k) => base64At(image, `${at}.images.${k}`));
    if (role !== 'assistant') {
      if ('thinking' in message || 'tool_calls' in message) refuse(`${at}: is no assistant's`);
      if (isBlank(content) && images.length === 0) refuse(`${at}: says nothing`);
    }
    if (role === 'tool') {
      open = answered(open, message, at);
      return;
    }
    if (open.length > 0) refuse(`${at}: the tool call ${open[0]?.name} has no result`);
    if (role === 'assistant') open = callsIn(message, at);
  });
  if (open.length > 0) refuse(`messages: the tool call ${open[0]?.name} has no result`);
  const last = messages.findLast((one) => isFields(one) && one['role'] !== 'system');
  if (last === undefined) refuse('messages: nobody has said anything');
  if (isFields(last) && last['role'] === 'assistant')
    refuse('messages: the model has the last word');
}

/** Results are known by name and order (ollama#11417). */
function answered(open: readonly Open[], message: Fields, at: string): readonly Open[] {
  const [first, ...rest] = open;
  if (first === undefined) return refuse(`${at}: is the result of no tool call`);
  if (message['tool_name'] !== first.name) {
    refuse(`${at}: is taken for the result of ${first.name}, the first call without one`);
  }
  const id = message['tool_call_id'];
  if (id !== undefined && id !== first.id) refuse(`${at}: is the result of another tool call`);
  return rest;
}

function callsIn(message: Fields, at: string): readonly Open[] {
  const { thinking, content, tool_calls: list } = message;
  if (thinking !== undefined) textAt(thinking, `${at}.thinking`);
  const calls = listAt(list ?? [], `${at}.tool_calls`).map((one, i) => {
    const { id, function: called } = fieldsAt(one, `${at}.tool_calls.${i}`);
    const { name, arguments: input } = fieldsAt(called, `${at}.tool_calls.${i}.function`);
    fieldsAt(input, `${at}.tool_calls.${i}.function.arguments`);
    if (id !== undefined) fullTextAt(id, `${at}.tool_calls.${i}.id`);
    return { name: fullTextAt(name, `${at}.tool_calls.${i}.function.name`), id };
  });
  if (calls.length === 0 && isBlank(String(content))) refuse(`${at}: says nothing`);
  return calls;
}
