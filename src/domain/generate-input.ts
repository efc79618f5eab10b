/** Checks the input that a chart gives to `generate`, by field, before any request is paid for. */
import type { GenerateInput } from './catalogue.ts';
import { asBoolean, asObject, asOneOf, asText, asWhole, onlyKeys, refuseField } from './field.ts';
import { checkName } from './ids.ts';
import type { Json, JsonObject } from './json.ts';
import { limits } from './limits.ts';

const generateKeys = [
  'prompt',
  'messages',
  'conversation',
  'system',
  'provider',
  'providers',
  'model',
  'tier',
  'tools',
  'maxTokens',
  'temperature',
  'timeoutMs',
  'attemptTimeoutMs',
];

export function checkGenerate(input: Json): GenerateInput {
  const given = asObject(input, 'generate');
  const value = 'stream' in given ? withoutStream(given) : given;
  onlyKeys(value, 'generate', generateKeys);
  const { prompt, messages, conversation, temperature } = value;
  if (conversation !== undefined) checkName(conversation, 'generate.conversation');
  else if (prompt === undefined && messages === undefined) {
    refuseField('generate.prompt', 'or generate.messages must be given');
  }
  if (prompt !== undefined) asText(prompt, 'generate.prompt');
  if (messages !== undefined) checkMessages(messages, conversation !== undefined);
  for (const key of ['system', 'provider', 'model', 'tier'] as const) {
    if (value[key] !== undefined) asText(value[key], `generate.${key}`);
  }
  checkRoute(value);
  if (value['tools'] !== undefined) checkTools(value['tools']);
  const positive = { min: 1, max: limits.delayMsMax, fallback: null };
  asWhole(value['maxTokens'], 'generate.maxTokens', positive);
  asWhole(value['timeoutMs'], 'generate.timeoutMs', positive);
  asWhole(value['attemptTimeoutMs'], 'generate.attemptTimeoutMs', positive);
  if (
    temperature !== undefined &&
    (typeof temperature !== 'number' || !(temperature >= 0 && temperature <= 2))
  ) {
    refuseField('generate.temperature', 'must be a number from 0 to 2');
  }
  return value;
}

/**
 * Charts and runs of 0.1.0 may give `stream`, which never had an effect: the text of every answer is shown
 * while it comes. So `stream` is dropped, and such a call goes on.
 */
function withoutStream(given: JsonObject): JsonObject {
  const kept = Object.entries(given).filter(([key]) => key !== 'stream');
  return Object.fromEntries(kept);
}

/** Refuses two fields for one choice: they would need a rule of precedence that is hard to remember. */
function checkRoute({ provider, providers, model, tier }: JsonObject): void {
  if (model !== undefined && tier !== undefined) {
    refuseField('generate.tier', 'and generate.model may not both be given');
  }
  if (providers === undefined) return;
  if (provider !== undefined) {
    refuseField('generate.providers', 'and generate.provider may not both be given');
  }
  const { generateProvidersMax } = limits;
  if (!Array.isArray(providers) || providers.length === 0) {
    refuseField('generate.providers', 'must be a list that is not empty');
  }
  if (providers.length > generateProvidersMax) {
    refuseField('generate.providers', `names more than ${generateProvidersMax} providers`);
  }
  const names = providers.map((name: Json, i) => asText(name, `generate.providers[${i}]`));
  if (new Set(names).size < names.length) {
    refuseField('generate.providers', 'names a provider twice');
  }
}

const messageKeys = {
  system: ['role', 'content'],
  user: ['role', 'content'],
  assistant: ['role', 'content', 'toolCalls'],
  tool: ['role', 'content', 'toolCallId', 'isError'],
} as const;

function checkMessages(messages: Json, mayBeEmpty: boolean): void {
  if (!Array.isArray(messages) || (messages.length === 0 && !mayBeEmpty)) {
    refuseField('generate.messages', 'must be a list that is not empty');
  }
  messages.forEach((message: Json, i) => {
    const field = `generate.messages[${i}]`;
    const item = asObject(message, field);
    const roles = ['system', 'user', 'assistant', 'tool'] as const;
    const role = asOneOf(item['role'], `${field}.role`, roles);
    onlyKeys(item, field, messageKeys[role]);
    asText(item['content'], `${field}.content`);
    if (role === 'tool') {
      asText(item['toolCallId'], `${field}.toolCallId`);
      asBoolean(item['isError'], `${field}.isError`, false);
    }
    if (item['toolCalls'] !== undefined) checkToolCalls(item['toolCalls'], `${field}.toolCalls`);
  });
}

/** Tool calls have the form of a `GenerateOutput`'s: a chart hands them back unchanged. */
function checkToolCalls(calls: Json, list: string): void {
  if (!Array.isArray(calls)) refuseField(list, 'must be a list');
  calls.forEach((call: Json, i) => {
    const field = `${list}[${i}]`;
    const item = asObject(call, field);
    onlyKeys(item, field, ['id', 'name', 'input', 'invalid']);
    asText(item['id'], `${field}.id`);
    asText(item['name'], `${field}.name`);
    asObject(item['input'], `${field}.input`);
    if (item['invalid'] !== undefined) asText(item['invalid'], `${field}.invalid`);
  });
}

function checkTools(tools: Json): void {
  if (!Array.isArray(tools)) refuseField('generate.tools', 'must be a list');
  tools.forEach((tool: Json, i) => {
    const field = `generate.tools[${i}]`;
    const item = asObject(tool, field);
    onlyKeys(item, field, ['name', 'description', 'inputSchema']);
    checkName(item['name'], `${field}.name`);
    if (item['description'] !== undefined) asText(item['description'], `${field}.description`);
    asObject(item['inputSchema'], `${field}.inputSchema`);
  });
}
