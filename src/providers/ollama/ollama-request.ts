/** Writes a generate's input as the body of Ollama's `POST /api/chat`. */
import type { GenerateRequest, ImagePart, Reasoning } from '../../domain/catalogue.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import { partsOf } from '../../domain/model/parts.ts';
import { ProviderFault } from '../port.ts';
import { conversationOf, type Conversation } from '../wire/conversation.ts';
import { leftOut, mergedBody } from '../wire/merged-body.ts';

type Message = {
  role: 'system' | 'user' | 'assistant' | 'tool';
  content: string;
  thinking?: string;
  images?: string[];
  tool_calls?: { function: { name: string; arguments: { [key: string]: Json } } }[];
  tool_name?: string;
};

export type OllamaBody = {
  model: string;
  messages: Message[];
  stream: true;
  /** Refuse a prompt that does not fit. By default the server cuts its beginning without an error. */
  truncate: false;
  /** Stop at a full context. By default the server forgets the beginning and goes on. */
  shift: false;
  options: JsonObject;
  tools?: {
    type: 'function';
    function: { name: string; description?: string; parameters: { [key: string]: Json } };
  }[];
  think?: boolean | 'low' | 'medium' | 'high';
  format?: object;
  keep_alive?: string | number;
};

export type OllamaRequest = {
  readonly body: OllamaBody;
  /** What is sent otherwise than it was asked, in words. */
  readonly notes: readonly string[];
};

/** What the options of the provider say. */
export type OllamaSettings = {
  readonly contextTokens: number | null;
  readonly keepAlive: string | number | null;
  readonly options: JsonObject;
};

const kept = ['model', 'messages', 'stream'] as const;

export function ollamaRequest(
  input: GenerateRequest,
  to: { readonly model: string; readonly provider: string },
  { contextTokens, keepAlive, options }: OllamaSettings,
): OllamaRequest {
  const { system, turns } = conversationOf(input);
  const { maxTokens, temperature, stopSequences = [], tools = [], reasoning, schema } = input;
  const messages = messagesOf(turns);
  if (system !== null) messages.unshift({ role: 'system', content: system });
  const { think, notes } = thinkOf(reasoning, to.model);
  const body: OllamaBody = {
    model: to.model,
    messages,
    stream: true,
    truncate: false,
    shift: false,
    options: {
      ...options,
      ...(contextTokens === null ? {} : { num_ctx: contextTokens }),
      ...(maxTokens === undefined ? {} : { num_predict: maxTokens }),
      ...(temperature === undefined ? {} : { temperature }),
      ...(stopSequences.length === 0 ? {} : { stop: [...stopSequences] }),
    },
    ...(tools.length === 0 ? {} : { tools: tools.map(toolOf) }),
    ...(think === undefined ? {} : { think }),
    // The check of the input has made sure that this is an object.
    ...(schema === undefined ? {} : { format: schema as JsonObject }),
    ...(keepAlive === null ? {} : { keep_alive: keepAlive }),
  };
  const own = { provider: to.provider, kept };
  return { body: mergedBody(body, input, own), notes: [...notes, ...leftOut(input, own)] };
}

/** Most models think or do not; those of gpt-oss think with an effort, and always. */
function thinkOf(
  reasoning: Reasoning | undefined,
  model: string,
): { readonly think?: OllamaBody['think']; readonly notes: readonly string[] } {
  if (reasoning === undefined) return { notes: [] };
  const hasEfforts = model.includes('gpt-oss');
  if (reasoning === 'off') {
    if (!hasEfforts) return { think: false, notes: [] };
    return { think: 'low', notes: ['reasoning was sent as low: this model always thinks.'] };
  }
  if (typeof reasoning === 'string') {
    if (hasEfforts) return { think: reasoning, notes: [] };
    return { think: true, notes: [`reasoning was sent without the effort ${reasoning}.`] };
  }
  const { budgetTokens } = reasoning;
  if (!hasEfforts) return { think: true, notes: ['reasoning was sent without budgetTokens.'] };
  const effort = budgetTokens <= 4_096 ? 'low' : budgetTokens <= 16_384 ? 'medium' : 'high';
  return { think: effort, notes: [`reasoning.budgetTokens was sent as the effort ${effort}.`] };
}

/** Ollama knows a tool's result by the tool's name, because most servers give calls no ids. */
function messagesOf(turns: Conversation['turns']): Message[] {
  const names = new Map<string, string>();
  return turns.map((turn): Message => {
    if (turn.role === 'tool') {
      const { toolCallId, content, isError = false, parts = [] } = turn;
      const name = names.get(toolCallId) ?? toolCallId;
      const said = isError ? `error: ${content}` : content;
      return { role: 'tool', content: said, ...imagesIn(parts), tool_name: name };
    }
    if (turn.role === 'user') {
      return { role: 'user', content: turn.content, ...imagesIn(turn.parts ?? []) };
    }
    const { content, toolCalls = [] } = turn;
    for (const { id, name } of toolCalls) names.set(id, name);
    const thinking = thinkingIn(turn);
    const calls = toolCalls.map(({ name, input }) => ({
      function: { name, arguments: input as { [key: string]: Json } },
    }));
    return {
      role: 'assistant',
      content,
      ...(thinking === '' ? {} : { thinking }),
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
    };
  });
}

function thinkingIn(turn: Extract<Conversation['turns'][number], { role: 'assistant' }>): string {
  if (turn.parts === undefined) return '';
  return partsOf(turn)
    .map((part) => (part.type === 'reasoning' ? part.text : ''))
    .join('');
}

function imagesIn(parts: readonly { readonly type: string }[]): { images?: string[] } {
  const images = parts.filter((part): part is ImagePart => part.type === 'image');
  if (images.length === 0) return {};
  return {
    images: images.map((image) => {
      if ('data' in image) return image.data;
      throw new ProviderFault('caller', 'Ollama takes an image only by its bytes');
    }),
  };
}

function toolOf({
  name,
  description,
  inputSchema,
}: NonNullable<GenerateRequest['tools']>[number]): NonNullable<OllamaBody['tools']>[number] {
  return {
    type: 'function',
    function: {
      name,
      ...(description === undefined ? {} : { description }),
      parameters: { ...(inputSchema as JsonObject), type: 'object' },
    },
  };
}
