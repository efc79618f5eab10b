/**
 * A request as one provider takes it. What the provider does not know of the call's preferences is left out,
 * and noted. A schema that the provider cannot hold the model to is told to the model: as the arguments of
 * a tool that it must call, or in words.
 *
 * Pure. `provider-answer.ts` sends the request and reads the answer.
 */
import type { GenerateRequest, ToolOffer } from '../../../domain/catalogue.ts';
import type { JsonObject } from '../../../domain/json.ts';
import { callPreferences, type CallPreference, type Provider } from '../../../providers/port.ts';

/** How the model is told the schema of its answer. Null: the call has none. */
export type SchemaForm = 'native' | 'tool' | 'words' | null;

export type FittedRequest = {
  readonly request: GenerateRequest;
  /** What was left out, in words. */
  readonly notes: readonly string[];
  readonly form: SchemaForm;
};

/** The tool whose arguments are the answer. */
export const answerTool = 'answer';

/** A provider that says nothing of itself got a temperature before there were other preferences. */
const knownByAll: readonly CallPreference[] = ['temperature'];

export function fittedRequest(provider: Provider, given: GenerateRequest): FittedRequest {
  const { preferences = knownByAll } = provider.supports ?? {};
  const left = callPreferences.filter(
    (name) => given[name] !== undefined && !preferences.includes(name),
  );
  const notes = left.map(
    (name) => `${name} was left out: provider ${provider.name} does not know it`,
  );
  const request = left.length === 0 ? given : without(given, left);
  const { schema } = request;
  if (schema === undefined) return { request, notes, form: null };
  const form = formAt(provider, request);
  if (form === 'native') return { request, notes, form };
  const { schema: _, ...rest } = request;
  const told = form === 'tool' ? asTool(rest, schema) : inWords(rest, schema);
  return { request: told, notes, form };
}

function without(given: GenerateRequest, names: readonly CallPreference[]): GenerateRequest {
  const kept = Object.entries(given).filter(([name]) => !names.some((left) => left === name));
  return Object.fromEntries(kept);
}

/** A tool can be forced only where the model neither thinks nor has other tools. */
function formAt(
  { supports = {} }: Provider,
  { schema, tools = [], toolChoice, reasoning }: GenerateRequest,
): SchemaForm {
  const isNative = supports.schema === 'without-tools' ? tools.length === 0 : supports.schema;
  if (isNative === true) return 'native';
  const mayForce = tools.length === 0 && toolChoice === undefined;
  const thinks = reasoning !== undefined && reasoning !== 'off';
  const takesForced = supports.toolChoice === true && isObjectSchema(schema);
  return takesForced && mayForce && !thinks ? 'tool' : 'words';
}

/** The arguments of a tool are an object, and its schema has no choice at its top. */
function isObjectSchema(schema: GenerateRequest['schema']): schema is JsonObject {
  const { type, ...rest } = schema as JsonObject;
  return type === 'object' && ['anyOf', 'oneOf', 'allOf', '$ref'].every((key) => !(key in rest));
}

type Schema = Exclude<GenerateRequest['schema'], undefined>;

function asTool(request: GenerateRequest, schema: Schema): GenerateRequest {
  const offer: ToolOffer = {
    name: answerTool,
    description: 'Gives the answer. Call it exactly once.',
    inputSchema: schema,
  };
  return { ...request, tools: [offer], toolChoice: { tool: answerTool } };
}

function inWords(request: GenerateRequest, schema: Schema): GenerateRequest {
  const words = [
    'Answer with JSON alone: no other text, and no code fence.',
    `The JSON must fit this JSON Schema: ${JSON.stringify(schema)}`,
  ].join(' ');
  const { system } = request;
  return { ...request, system: system === undefined ? words : `${system}\n\n${words}` };
}
