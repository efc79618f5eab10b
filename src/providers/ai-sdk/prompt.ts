/**
 * Writes a generate's input as the call options of an AI SDK model. What the model gave with a part as its
 * `providerMetadata` goes back as the part's `providerOptions`: so signatures return.
 */
import type {
  AssistantPart,
  GenerateMessage,
  GenerateRequest,
  ImagePart,
  ToolResultPart,
} from '../../domain/catalogue.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import { partsOf } from '../../domain/model/parts.ts';
import { propertyOf } from '../../domain/thrown.ts';
import type { CallOptions, PromptMessage, PromptPart, Version } from './model-shape.ts';

export function callOptions(
  input: GenerateRequest,
  of: {
    readonly version: Version;
    readonly provider: string;
    readonly idempotencyKey: string;
    readonly signal: AbortSignal;
  },
): CallOptions {
  const {
    maxTokens,
    temperature,
    stopSequences,
    schema,
    tools = [],
    toolChoice,
    reasoning,
  } = input;
  const own = input.providerOptions?.[of.provider];
  return {
    prompt: promptOf(input, of.version),
    ...(maxTokens === undefined ? {} : { maxOutputTokens: maxTokens }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(stopSequences === undefined ? {} : { stopSequences }),
    ...(schema === undefined ? {} : { responseFormat: { type: 'json', schema } }),
    ...(tools.length === 0 ? {} : { tools: tools.map((tool) => ({ type: 'function', ...tool })) }),
    ...(toolChoice === undefined || tools.length === 0 ? {} : { toolChoice: choiceOf(toolChoice) }),
    ...(reasoning === undefined ? {} : { reasoning: effortOf(reasoning) }),
    ...(own === undefined ? {} : { providerOptions: own }),
    // Providers that know the header answer a repeated call once.
    headers: { 'idempotency-key': of.idempotencyKey },
    abortSignal: of.signal,
  };
}

/** The SDK knows efforts alone: a number of tokens becomes the effort that it is nearest to. */
function effortOf(
  reasoning: NonNullable<GenerateRequest['reasoning']>,
): NonNullable<CallOptions['reasoning']> {
  if (typeof reasoning === 'string') return reasoning === 'off' ? 'none' : reasoning;
  const { budgetTokens } = reasoning;
  return budgetTokens <= 4_096 ? 'low' : budgetTokens <= 16_384 ? 'medium' : 'high';
}

function choiceOf(
  choice: NonNullable<GenerateRequest['toolChoice']>,
): NonNullable<CallOptions['toolChoice']> {
  return typeof choice === 'string' ? { type: choice } : { type: 'tool', toolName: choice.tool };
}

function promptOf(
  { system, messages = [], prompt }: GenerateRequest,
  version: Version,
): PromptMessage[] {
  const names = new Map<string, string>();
  const written: PromptMessage[] =
    system === undefined ? [] : [{ role: 'system', content: system }];
  for (const message of messages) {
    for (const { id, name } of 'toolCalls' in message ? (message.toolCalls ?? []) : []) {
      names.set(id, name);
    }
    const last = written.at(-1);
    const next = messageOf(message, { version, names });
    // The results of the calls of one answer are one message.
    if (next.role === 'tool' && last?.role === 'tool') {
      written[written.length - 1] = { role: 'tool', content: [...last.content, ...next.content] };
    } else written.push(next);
  }
  if (prompt !== undefined)
    written.push({ role: 'user', content: [{ type: 'text', text: prompt }] });
  return written;
}

type Around = { readonly version: Version; readonly names: ReadonlyMap<string, string> };

function messageOf(message: GenerateMessage, around: Around): PromptMessage {
  switch (message.role) {
    case 'system':
      return { role: 'system', content: message.content };
    case 'user': {
      const { content, parts = [{ type: 'text', text: content }] } = message;
      const written = parts.map((part) => (part.type === 'image' ? fileOf(part, around) : part));
      return { role: 'user', content: written };
    }
    case 'assistant':
      return { role: 'assistant', content: assistantParts(partsOf(message), around) };
    case 'tool': {
      const { toolCallId, content, isError = false, parts } = message;
      const output = outputOf({ content, isError, parts }, around);
      const toolName = around.names.get(toolCallId) ?? toolCallId;
      return { role: 'tool', content: [{ type: 'tool-result', toolCallId, toolName, output }] };
    }
  }
}

/** What `answer.ts` keeps in an opaque part: the metadata of the part before it, or a whole part. */
export type KeptPart =
  | { readonly kind: 'metadata'; readonly providerMetadata: Json }
  | { readonly kind: 'part'; readonly part: JsonObject };

function assistantParts(parts: readonly AssistantPart[], around: Around): PromptPart[] {
  const written: PromptPart[] = [];
  for (const part of parts) {
    if (part.type === 'text') written.push({ type: 'text', text: part.text });
    else if (part.type === 'reasoning') {
      written.push({ type: 'reasoning', text: part.text, ...returned(part.signature) });
    } else if (part.type === 'tool-call') {
      const { id: toolCallId, name: toolName, input, extra } = part;
      const options = extra === undefined ? {} : { providerOptions: extra.data };
      written.push({ type: 'tool-call', toolCallId, toolName, input, ...options });
    } else if (part.type === 'image') written.push(fileOf(part, around));
    else {
      const kept = keptIn(part.data);
      if (kept === null) continue;
      if (kept.kind === 'part') written.push(kept.part as unknown as PromptPart);
      const last = written.pop();
      if (last === undefined) continue;
      const more = kept.kind === 'metadata' ? { providerOptions: kept.providerMetadata } : {};
      written.push({ ...last, ...more });
    }
  }
  return written;
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Null: another provider has had this name, or a chart has written it, and the model could not read it. */
function keptIn(data: Json): KeptPart | null {
  const kind = propertyOf(data, 'kind');
  const isKept =
    (kind === 'part' && isObject(propertyOf(data, 'part'))) ||
    (kind === 'metadata' && isObject(propertyOf(data, 'providerMetadata')));
  return isKept ? (data as unknown as KeptPart) : null;
}

/** The metadata of reasoning is kept as the text of its signature. Any other text is as in `keptIn`. */
function returned(signature: string | undefined): { readonly providerOptions?: unknown } {
  if (signature === undefined) return {};
  try {
    const metadata: unknown = JSON.parse(signature);
    return isObject(metadata) ? { providerOptions: metadata } : {};
  } catch {
    return {};
  }
}

function fileOf(image: ImagePart, { version }: Around): PromptPart {
  if ('url' in image) {
    const url = new URL(image.url);
    const data = version === 'v4' ? { type: 'url', url } : url;
    return { type: 'file', mediaType: 'image/*', data };
  }
  const { mediaType } = image;
  const bytes = 'data' in image ? image.data : '';
  return {
    type: 'file',
    mediaType,
    data: version === 'v4' ? { type: 'data', data: bytes } : bytes,
  };
}

function outputOf(
  result: {
    readonly content: string;
    readonly isError: boolean;
    readonly parts: readonly ToolResultPart[] | undefined;
  },
  { version }: Around,
): unknown {
  const { content, isError, parts } = result;
  if (isError) return { type: 'error-text', value: content };
  if (parts === undefined) return { type: 'text', value: content };
  const [only] = parts;
  if (parts.length === 1 && only?.type === 'json') return { type: 'json', value: only.value };
  return { type: 'content', value: parts.map((part) => contentOf(part, version)) };
}

function contentOf(part: ToolResultPart, version: Version): unknown {
  if (part.type === 'text') return part;
  if (part.type === 'json') return { type: 'text', text: JSON.stringify(part.value) };
  if (version === 'v4') return fileOf(part, { version, names: new Map() });
  if ('url' in part) {
    return version === 'v3'
      ? { type: 'image-url', url: part.url }
      : { type: 'text', text: part.url };
  }
  const data = 'data' in part ? part.data : '';
  const type = version === 'v3' ? 'image-data' : 'media';
  return { type, data, mediaType: part.mediaType };
}
