/**
 * Marks how far Anthropic is to keep a request for the next one: after the tools and the instructions, after
 * the message before the newest exchange, and after the newest message. Pure.
 *
 * 1. Three marks at most, all of one duration: the API takes four, and the longer ones must come first. One is
 *    left for a mark that a call gives by its `providerOptions`.
 * 2. No mark stands on thinking or on an empty text, where the API refuses it.
 */
import type { JsonObject } from '../../domain/json.ts';

type Block = Readonly<Record<string, unknown>>;
type Mark = { readonly type: 'ephemeral'; readonly ttl?: '5m' | '1h' };

type Marked = {
  readonly system?: string | readonly Block[];
  readonly tools?: readonly Block[];
  readonly messages: readonly { readonly role: string; readonly content: readonly Block[] }[];
};

export function withCacheMarks<Request extends Marked>(
  request: Request,
  cache: true | '5m' | '1h',
): Request {
  const mark: Mark = cache === true ? { type: 'ephemeral' } : { type: 'ephemeral', ttl: cache };
  const { system, tools, messages } = request;
  const text = typeof system === 'string' ? [{ type: 'text', text: system }] : system;
  const places = [messages.length - 1, messages.findLastIndex(isPrompt) - 1];
  const marked = {
    ...request,
    messages: messages.map((message, i) =>
      places.includes(i) ? { ...message, content: withMark(message.content, mark) } : message,
    ),
    // The tools stand before the instructions, so a mark after these is one after both.
    ...(text === undefined ? {} : { system: withMark(text, mark) }),
    ...(text !== undefined || tools === undefined ? {} : { tools: withMark(tools, mark) }),
  };
  return marked;
}

/** A message that begins an exchange: it holds more than results of tools. */
function isPrompt({ role, content }: Marked['messages'][number]): boolean {
  return role === 'user' && content.some(({ type }) => type !== 'tool_result');
}

/** After the last block that may have one. */
function withMark(blocks: readonly Block[], mark: Mark): readonly Block[] {
  const at = blocks.findLastIndex(mayHaveMark);
  return blocks.map((block, i) => (i === at ? { ...block, cache_control: mark } : block));
}

const markable = new Set(['image', 'tool_use', 'tool_result']);

function mayHaveMark(block: Block): boolean {
  const { type, text } = block as JsonObject;
  if (type === 'text') return typeof text === 'string' && text.trim() !== '';
  // Tools have no type, and blocks of kinds that heddle does not know go back unchanged.
  return type === undefined || (typeof type === 'string' && markable.has(type));
}
