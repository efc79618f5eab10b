/**
 * Checks by field what a provider's call returns, and gives every answer the same form. Code behind this
 * check trusts the types.
 *
 * 1. Parts that only their own provider can read name the provider and the model that was asked for.
 * 2. The tool calls of an answer that was cut are invalid: no chart and no tool loop carries one out.
 * 3. Each tool call of an answer has an id of its own.
 */
import type {
  AssistantPart,
  GenerateOutput,
  GenerateRequest,
  PartOrigin,
  ToolCall,
} from '../domain/catalogue.ts';
import { heddleError } from '../domain/errors.ts';
import type { Json } from '../domain/json.ts';
import { limits } from '../domain/limits.ts';
import { callsOfParts, isPlain, partsOf, textOfParts } from '../domain/model/parts.ts';
import { propertyOf } from '../domain/thrown.ts';
import type { Provider } from './port.ts';
import { servedModel } from './served-model.ts';
import { cutText, stopOf } from './stop-reasons.ts';

type Refuse = (field: string, reason: string) => never;

/** The answer of a call. Throws `provider-answer-invalid`: the call ends, and its slot is used again. */
export function asAnswer(
  provider: Pick<Provider, 'name' | 'models' | 'tiers'>,
  request: GenerateRequest,
  answer: unknown,
): GenerateOutput {
  const refuse: Refuse = (field, reason) => {
    throw heddleError('provider-answer-invalid', { provider: provider.name, field, reason });
  };
  if (typeof answer !== 'object' || answer === null) refuse('the answer', 'must be an object');
  const model = textOf(answer, 'model', { field: 'model', refuse });
  const asked = servedModel(provider, request)?.model ?? model;
  const origin = { provider: provider.name, model: asked };
  const said = withOrigin(contentOf(answer, origin, refuse), origin, request);
  const word = textOf(answer, 'stopReason', { field: 'stopReason', refuse });
  const stop = stopOf(word, said.toolCalls.length > 0);
  const raw = propertyOf(answer, 'rawStopReason');
  const notes = propertyOf(answer, 'notes');
  return {
    ...withoutCutCalls(said, cutText(stop.stopReason)),
    ...stop,
    ...(stop.stopReason === 'other' && typeof raw === 'string' ? { rawStopReason: raw } : {}),
    ...(Array.isArray(notes) ? { notes: notes.slice(0, notesMax).map(String) } : {}),
    usage: usageOf(propertyOf(answer, 'usage'), refuse),
    provider: textOf(answer, 'provider', { field: 'provider', refuse }),
    model,
  };
}

const notesMax = 16;

type Said = Pick<GenerateOutput, 'text' | 'toolCalls' | 'parts'>;

/** An answer with parts has the text and the tool calls of its parts. */
function contentOf(answer: object, origin: PartOrigin, refuse: Refuse): Said {
  const list = propertyOf(answer, 'parts');
  if (list === undefined) {
    const calls = propertyOf(answer, 'toolCalls');
    const toolCalls = Array.isArray(calls) ? calls : refuse('toolCalls', 'must be a list');
    const seen = new Set<string>();
    return {
      text: textOf(answer, 'text', { field: 'text', refuse }),
      toolCalls: toolCalls.map((call: unknown, i) =>
        toolCallOf(call, { field: `toolCalls[${i}]`, origin, seen, refuse }),
      ),
    };
  }
  if (!Array.isArray(list) || list.length > limits.messagePartsMax) {
    return refuse('parts', `must be a list of at most ${limits.messagePartsMax} parts`);
  }
  const seen = new Set<string>();
  const parts = list.map((part: unknown, i) =>
    partOf(part, { field: `parts[${i}]`, origin, seen, refuse }),
  );
  const text = textOfParts(parts);
  const toolCalls = callsOfParts(parts);
  return isPlain(parts) ? { text, toolCalls } : { text, toolCalls, parts };
}

/**
 * Some models reason and show nothing of it. Their tool calls say all the same who has reasoned, so that the
 * tool exchange goes on with reasoning: see `history/fit-history.ts`.
 */
function withOrigin(said: Said, from: PartOrigin, { reasoning }: GenerateRequest): Said {
  if (reasoning === undefined || reasoning === 'off' || said.toolCalls.length === 0) return said;
  const parts = partsOf(said);
  if (parts.some(({ type }) => type === 'reasoning')) return said;
  return { ...said, parts: [{ type: 'reasoning', text: '', from }, ...parts] };
}

type At = {
  readonly field: string;
  readonly origin: PartOrigin;
  /** The ids of the tool calls before. */
  readonly seen: Set<string>;
  readonly refuse: Refuse;
};

function partOf(part: unknown, at: At): AssistantPart {
  const { field, origin: from, refuse } = at;
  const type = propertyOf(part, 'type');
  switch (type) {
    case 'text':
      return { type, text: textOf(part, 'text', { field: `${field}.text`, refuse }) };
    case 'reasoning': {
      const text = textOf(part, 'text', { field: `${field}.text`, refuse });
      const signature = propertyOf(part, 'signature');
      const encrypted = propertyOf(part, 'encrypted');
      return {
        type,
        text,
        ...(typeof signature === 'string' ? { signature } : {}),
        ...(typeof encrypted === 'string' ? { encrypted } : {}),
        from,
      };
    }
    case 'tool-call':
      return { type, ...toolCallOf(part, at) };
    case 'image':
      return {
        type,
        mediaType: textOf(part, 'mediaType', { field: `${field}.mediaType`, refuse }),
        data: textOf(part, 'data', { field: `${field}.data`, refuse }),
      };
    case 'opaque':
      return { type, data: propertyOf(part, 'data') as Json, from };
    default:
      return refuse(`${field}.type`, 'must be text, reasoning, tool-call, image or opaque');
  }
}

function toolCallOf(call: unknown, { field, origin: from, seen, refuse }: At): ToolCall {
  const invalid = propertyOf(call, 'invalid');
  const extra = propertyOf(call, 'extra');
  const id = ownId(textOf(call, 'id', { field: `${field}.id`, refuse }), seen);
  return {
    id,
    name: textOf(call, 'name', { field: `${field}.name`, refuse }),
    ...argumentsOf(call),
    ...(invalid === undefined
      ? {}
      : { invalid: textOf(call, 'invalid', { field: `${field}.invalid`, refuse }) }),
    ...(extra === undefined ? {} : { extra: { data: propertyOf(extra, 'data') as Json, from } }),
  };
}

/** A model may write anything, and arguments are an object. */
function argumentsOf(call: unknown): Pick<ToolCall, 'input' | 'invalid'> {
  const input = propertyOf(call, 'input');
  const isObject = typeof input === 'object' && input !== null && !Array.isArray(input);
  return isObject
    ? { input: input as Json }
    : { input: {}, invalid: 'the input is not a JSON object' };
}

/** Some models give one id to several calls, or none. */
function ownId(given: string, seen: Set<string>): string {
  const stem = given === '' ? 'call' : given;
  let id = stem;
  for (let n = 2; seen.has(id); n++) id = `${stem}_${n}`;
  seen.add(id);
  return id;
}

function withoutCutCalls(said: Said, cut: string | undefined): Said {
  if (cut === undefined || said.toolCalls.length === 0) return said;
  // The cut comes first: it is why the arguments may be no JSON.
  const why = ({ invalid }: ToolCall): string =>
    invalid === undefined ? cut : `${cut}; ${invalid}`;
  const invalid = (call: ToolCall): ToolCall => ({ ...call, invalid: why(call) });
  const toolCalls = said.toolCalls.map(invalid);
  if (said.parts === undefined) return { ...said, toolCalls };
  const parts = said.parts.map((part): AssistantPart =>
    part.type === 'tool-call' ? { ...part, ...invalid(part) } : part,
  );
  return { ...said, toolCalls, parts };
}

function usageOf(usage: unknown, refuse: Refuse): GenerateOutput['usage'] {
  const tokens = (key: string): number => {
    const value = propertyOf(usage, key);
    const isCount = typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
    return isCount ? value : refuse(`usage.${key}`, 'must be a whole number of tokens');
  };
  const some = <Key extends string>(key: Key, max: number): { readonly [K in Key]?: number } => {
    const given = propertyOf(usage, key) ?? 0;
    if (given === 0) return {};
    return { [key]: Math.min(tokens(key), max) } as { readonly [K in Key]?: number };
  };
  const [inputTokens, outputTokens] = [tokens('inputTokens'), tokens('outputTokens')];
  const read = some('cacheReadTokens', inputTokens);
  return {
    inputTokens,
    outputTokens,
    ...read,
    ...some('cacheWriteTokens', inputTokens - (read.cacheReadTokens ?? 0)),
    ...some('reasoningTokens', outputTokens),
  };
}

function textOf(
  of: unknown,
  key: string,
  { field, refuse }: { readonly field: string; readonly refuse: Refuse },
): string {
  const value = propertyOf(of, key);
  return typeof value === 'string' ? value : refuse(field, 'must be a text');
}
