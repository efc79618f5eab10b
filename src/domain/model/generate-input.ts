/** Checks the input that a chart gives to `generate`, by field, before any request is paid for. */
import type { GenerateRequest } from './model-call.ts';
import { asObject, asOneOf, asText, asWhole, onlyKeys, refuseField } from '../field.ts';
import { checkName } from '../ids.ts';
import type { Json, JsonObject } from '../json.ts';
import { limits } from '../limits.ts';
import { checkMessages } from './message-input.ts';

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
  'toolChoice',
  'stopSequences',
  'reasoning',
  'cache',
  'schema',
  'providerOptions',
  'timeoutMs',
  'attemptTimeoutMs',
];

/** The input as providers get it. Throws `invalid-field` and names the first field that is wrong. */
export function checkGenerate(input: Json): GenerateRequest {
  const given = asObject(input, 'generate');
  const value = 'stream' in given ? withoutStream(given) : given;
  onlyKeys(value, 'generate', generateKeys);
  const { prompt, messages, conversation, temperature } = value;
  if (conversation !== undefined) checkName(conversation, 'generate.conversation');
  else if (prompt === undefined && messages === undefined) {
    refuseField('generate.prompt', 'or generate.messages must be given');
  }
  if (prompt !== undefined) asText(prompt, 'generate.prompt');
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
  checkOptions(value);
  if (messages === undefined) return value;
  return { ...value, messages: checkMessages(messages, conversation !== undefined) };
}

/**
 * Charts and runs of 0.1.0 may give `stream`, which never had an effect: the text of every answer is shown
 * while it comes. So `stream` is dropped, and such a call goes on.
 */
function withoutStream(given: JsonObject): JsonObject {
  const kept = Object.entries(given).filter(([key]) => key !== 'stream');
  return Object.fromEntries(kept);
}

function checkOptions(value: JsonObject): void {
  const { toolChoice, stopSequences, reasoning, cache, schema, providerOptions } = value;
  if (toolChoice !== undefined) checkToolChoice(toolChoice, value['tools']);
  if (stopSequences !== undefined) checkStops(stopSequences);
  if (reasoning !== undefined) checkReasoning(reasoning);
  if (cache !== undefined && ![true, false, '5m', '1h'].includes(cache as boolean | string)) {
    refuseField('generate.cache', "must be true, false, '5m' or '1h'");
  }
  if (schema !== undefined) asObject(schema, 'generate.schema');
  if (providerOptions === undefined) return;
  for (const [name, of] of Object.entries(asObject(providerOptions, 'generate.providerOptions'))) {
    asObject(of, `generate.providerOptions.${name.slice(0, limits.nameCharsMax)}`);
  }
}

function checkToolChoice(choice: Json, tools: Json | undefined): void {
  const offered = Array.isArray(tools) ? tools.map((tool) => asObject(tool, 'tool')['name']) : [];
  const field = 'generate.toolChoice';
  if (typeof choice === 'string') asOneOf(choice, field, ['auto', 'required', 'none']);
  else {
    const named = asObject(choice, field);
    onlyKeys(named, field, ['tool']);
    const name = asText(named['tool'], `${field}.tool`);
    if (!offered.includes(name)) refuseField(`${field}.tool`, 'must be one of generate.tools');
  }
  if (choice === 'required' && offered.length === 0) {
    refuseField(field, 'needs generate.tools');
  }
}

function checkStops(stops: Json): void {
  const { stopSequencesMax } = limits;
  if (!Array.isArray(stops) || stops.length > stopSequencesMax) {
    refuseField('generate.stopSequences', `must be a list of at most ${stopSequencesMax} texts`);
  }
  stops.forEach((stop: Json, i) => {
    const field = `generate.stopSequences[${i}]`;
    if (asText(stop, field).trim() === '') refuseField(field, 'must not be blank');
  });
}

function checkReasoning(reasoning: Json): void {
  const field = 'generate.reasoning';
  if (typeof reasoning === 'string') {
    asOneOf(reasoning, field, ['off', 'low', 'medium', 'high']);
    return;
  }
  const given = asObject(reasoning, field);
  onlyKeys(given, field, ['budgetTokens']);
  const bounds = { min: 1_024, max: 1_000_000, fallback: null };
  if (asWhole(given['budgetTokens'], `${field}.budgetTokens`, bounds) === null) {
    refuseField(`${field}.budgetTokens`, 'must be a whole number');
  }
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

function checkTools(tools: Json): void {
  if (!Array.isArray(tools)) refuseField('generate.tools', 'must be a list');
  const names = new Set<unknown>();
  tools.forEach((tool: Json, i) => {
    const field = `generate.tools[${i}]`;
    const item = asObject(tool, field);
    onlyKeys(item, field, ['name', 'description', 'inputSchema']);
    if (names.has(checkName(item['name'], `${field}.name`))) {
      refuseField(`${field}.name`, 'is the name of a tool before it');
    }
    names.add(item['name']);
    if (item['description'] !== undefined) asText(item['description'], `${field}.description`);
    asObject(item['inputSchema'], `${field}.inputSchema`);
  });
}
