/** The headers that OpenAI sends with every reply. */
import type { ReplyContext } from '../wire.ts';

export const jsonType = 'application/json';
export const streamType = 'text/event-stream; charset=utf-8';

/**
 * An id is made of the emulator's seed too, so that emulators with different seeds never give out the same
 * id.
 */
export function idOf(prefix: string, { seed, callNumber }: ReplyContext, part = 0): string {
  const number = (value: number, digits: number) => value.toString(36).padStart(digits, '0');
  return `${prefix}Emulated${number(seed, 7)}${number(callNumber, 8)}${number(part, 2)}`;
}

/**
 * The emulator bounds calls at once and tokens per minute. It states its ceiling as the limit of requests,
 * and its free slots as the remainder of it.
 */
export function headersOf(type: string, context: ReplyContext): string[] {
  const seconds = (ms: number) => `${Math.ceil(ms / 1_000)}s`;
  const headers = [
    'content-type',
    type,
    'x-request-id',
    idOf('req_', context),
    'x-ratelimit-limit-requests',
    String(context.ceiling),
    'x-ratelimit-remaining-requests',
    String(context.free),
    'x-ratelimit-reset-requests',
    seconds(context.free > 0 ? 0 : (context.retryAfterMs ?? 0)),
  ];
  if (context.tokens !== null) {
    headers.push(
      'x-ratelimit-limit-tokens',
      String(context.tokens.perMinute),
      'x-ratelimit-remaining-tokens',
      String(context.tokens.left),
      'x-ratelimit-reset-tokens',
      seconds(context.tokens.fullInMs),
    );
  }
  return headers;
}
