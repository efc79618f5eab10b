/**
 * Checks the messages that a chart gives to `generate`, by field, and gives each its text in `content`. A
 * message that holds more than text keeps the list of its parts.
 */
import { asBoolean, asObject, asOneOf, asText, onlyKeys, refuseField } from '../field.ts';
import type { Json, JsonObject } from '../json.ts';
import { limits } from '../limits.ts';
import type {
  AssistantPart,
  GenerateMessage,
  ImagePart,
  PartOrigin,
  ToolCall,
  ToolResultPart,
  UserPart,
} from './message.ts';
import { propertyOf } from '../thrown.ts';
import { callsOfParts, isPlain, textOfParts } from './parts.ts';

const roles = ['system', 'user', 'assistant', 'tool'] as const;
const messageKeys = {
  system: ['role', 'content'],
  user: ['role', 'content', 'parts'],
  assistant: ['role', 'content', 'toolCalls', 'parts'],
  tool: ['role', 'content', 'toolCallId', 'isError', 'parts'],
} as const;
const partTypes = {
  user: ['text', 'image'],
  assistant: ['text', 'reasoning', 'tool-call', 'image', 'opaque'],
  tool: ['text', 'json', 'image'],
} as const;
const callKeys = ['id', 'name', 'input', 'invalid', 'extra'] as const;
const partKeys = {
  text: ['text'],
  reasoning: ['text', 'signature', 'encrypted', 'from'],
  'tool-call': callKeys,
  image: ['mediaType', 'data', 'sha256', 'url'],
  json: ['value'],
  opaque: ['data', 'from'],
} as const;
type PartType = keyof typeof partKeys;
type Part = AssistantPart | ToolResultPart | UserPart;

/** Throws `invalid-field` and names the field under `generate.messages`. */
export function checkMessages(messages: Json, mayBeEmpty: boolean): readonly GenerateMessage[] {
  if (!Array.isArray(messages) || (messages.length === 0 && !mayBeEmpty)) {
    refuseField('generate.messages', 'must be a list that is not empty');
  }
  return messages.map((message: Json, i) => checkMessage(message, `generate.messages[${i}]`));
}

function checkMessage(message: Json, field: string): GenerateMessage {
  const item = asObject(message, field);
  const role = asOneOf(item['role'], `${field}.role`, roles);
  onlyKeys(item, field, messageKeys[role]);
  const parts = role === 'system' ? null : partsIn(item, role, field);
  if (parts === null) {
    asText(item['content'], `${field}.content`);
    if (item['toolCalls'] !== undefined) checkToolCalls(item['toolCalls'], `${field}.toolCalls`);
  }
  if (role === 'tool') {
    asText(item['toolCallId'], `${field}.toolCallId`);
    asBoolean(item['isError'], `${field}.isError`, false);
  }
  // Each field was checked just now.
  if (parts === null || role === 'system') return item as unknown as GenerateMessage;
  return withParts(item, role, parts);
}

/** The parts of a message, checked; null for a message of text alone. */
function partsIn(
  { content, parts }: JsonObject,
  role: keyof typeof partTypes,
  field: string,
): readonly Part[] | null {
  const [given, name] = Array.isArray(content) ? [content, 'content'] : [parts, 'parts'];
  if (given === undefined) return null;
  return checkParts(given, partTypes[role], `${field}.${name}`);
}

/** What a model says, as parts. Throws `invalid-field` and names the field under this one. */
export function checkAnswerParts(given: Json, field: string): readonly AssistantPart[] {
  // `checkPart` lets only the parts of this role pass.
  return checkParts(given, partTypes.assistant, field) as readonly AssistantPart[];
}

function checkParts(given: Json, types: readonly PartType[], field: string): readonly Part[] {
  const { messagePartsMax } = limits;
  if (!Array.isArray(given) || given.length > messagePartsMax) {
    refuseField(field, `must be a list of at most ${messagePartsMax} parts`);
  }
  return given.map((part: Json, i) => checkPart(part, types, `${field}[${i}]`));
}

function checkPart(part: Json, types: readonly PartType[], field: string): Part {
  const item = asObject(part, field);
  const type = asOneOf(item['type'], `${field}.type`, types);
  onlyKeys(item, field, ['type', ...partKeys[type]]);
  if (type === 'text') asText(item['text'], `${field}.text`);
  if (type === 'tool-call') checkToolCall(item, field);
  if (type === 'reasoning') {
    for (const key of ['text', 'signature', 'encrypted'] as const) {
      if (key === 'text' || item[key] !== undefined) asText(item[key], `${field}.${key}`);
    }
  }
  if (type === 'json' && item['value'] === undefined) refuseField(`${field}.value`, 'is missing');
  if (type === 'opaque') asObject(item['data'], `${field}.data`);
  if (item['from'] !== undefined) checkOrigin(item['from'], `${field}.from`);
  if (type === 'image') return checkImage(item, field);
  // Each field was checked just now.
  return item as unknown as Part;
}

const base64 = /^[A-Za-z0-9+/]+={0,2}$/;
const dataUrl = /^data:([^;,]{1,100});base64,/;
/** What the vendors take. */
const mediaTypes = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];

/** An image is one of bytes, hash or address. Bytes may also come as a `data:` URL. */
function checkImage(item: JsonObject, field: string): ImagePart {
  const given = ['data', 'sha256', 'url'].filter((key) => item[key] !== undefined);
  if (given.length !== 1) refuseField(field, 'must have exactly one of data, sha256 and url');
  if (item['url'] !== undefined) {
    const url = asText(item['url'], `${field}.url`);
    if (!URL.canParse(url) || !/^https?:/.test(url)) {
      refuseField(`${field}.url`, 'must begin with https:// or http://');
    }
    return { type: 'image', url };
  }
  const bytes = item['data'];
  const head = dataUrlOf(bytes);
  const kind = checkMediaType(item['mediaType'] ?? head?.[1], `${field}.mediaType`);
  if (item['sha256'] !== undefined) {
    const sha256 = asText(item['sha256'], `${field}.sha256`);
    if (!/^[0-9a-f]{64}$/.test(sha256)) refuseField(`${field}.sha256`, 'must be 64 hex digits');
    return { type: 'image', mediaType: kind, sha256 };
  }
  const data = asText(bytes, `${field}.data`).slice(head?.[0].length ?? 0);
  if (!base64.test(data) || data.length % 4 !== 0) refuseField(`${field}.data`, 'must be base64');
  return { type: 'image', mediaType: kind, data };
}

function dataUrlOf(bytes: unknown): RegExpExecArray | null {
  return typeof bytes === 'string' ? dataUrl.exec(bytes.slice(0, 200)) : null;
}

export function checkMediaType(given: Json | undefined, field: string): string {
  const type = asText(given, field);
  if (!mediaTypes.includes(type)) refuseField(field, `must be one of ${mediaTypes.join(', ')}`);
  return type;
}

/** Words that say so, when something is an image with bytes of a type that no vendor takes. */
export function untakenImage(given: unknown): string | null {
  if (propertyOf(given, 'type') !== 'image') return null;
  const data = propertyOf(given, 'data');
  if (typeof data !== 'string' && !(data instanceof Uint8Array)) return null;
  const type = propertyOf(given, 'mediaType') ?? dataUrlOf(data)?.[1];
  if (typeof type !== 'string' || mediaTypes.includes(type)) return null;
  return `an image of the type ${type.slice(0, 100)}; it may be ${mediaTypes.join(', ')}`;
}

function checkOrigin(from: Json, field: string): asserts from is Json & PartOrigin {
  const item = asObject(from, field);
  onlyKeys(item, field, ['provider', 'model']);
  asText(item['provider'], `${field}.provider`);
  asText(item['model'], `${field}.model`);
}

function withParts(
  item: JsonObject,
  role: keyof typeof partTypes,
  parts: readonly Part[],
): GenerateMessage {
  // `checkPart` has let only the parts of this role pass.
  if (role === 'assistant') {
    const said = parts as readonly AssistantPart[];
    const calls = callsOfParts(said);
    return {
      role,
      content: textOfParts(said),
      ...(calls.length === 0 ? {} : { toolCalls: calls }),
      ...(isPlain(said) ? {} : { parts: said }),
    };
  }
  if (role === 'user') {
    const said = parts as readonly UserPart[];
    const isText = said.every(({ type }) => type === 'text');
    return { role, content: textOfParts(said), ...(isText ? {} : { parts: said }) };
  }
  const result = parts as readonly ToolResultPart[];
  const isText = result.every(({ type }) => type === 'text');
  return {
    role,
    toolCallId: asText(item['toolCallId'], 'toolCallId'),
    content: textOfParts(result),
    ...(item['isError'] === true ? { isError: true } : {}),
    ...(isText ? {} : { parts: result }),
  };
}

/** Tool calls have the form of a `GenerateOutput`'s: a chart hands them back unchanged. */
function checkToolCalls(calls: Json, list: string): void {
  if (!Array.isArray(calls)) refuseField(list, 'must be a list');
  calls.forEach((call: Json, i) => {
    const field = `${list}[${i}]`;
    const item = asObject(call, field);
    onlyKeys(item, field, callKeys);
    checkToolCall(item, field);
  });
}

function checkToolCall(item: JsonObject, field: string): asserts item is JsonObject & ToolCall {
  asText(item['id'], `${field}.id`);
  asText(item['name'], `${field}.name`);
  asObject(item['input'], `${field}.input`);
  if (item['invalid'] !== undefined) asText(item['invalid'], `${field}.invalid`);
  if (item['extra'] === undefined) return;
  const extra = asObject(item['extra'], `${field}.extra`);
  onlyKeys(extra, `${field}.extra`, ['data', 'from']);
  if (extra['from'] !== undefined) checkOrigin(extra['from'], `${field}.extra.from`);
}
