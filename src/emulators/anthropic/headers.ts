/** The headers that Anthropic sends with every reply. */
import type { ReplyContext } from '../wire.ts';

export const jsonType = 'application/json';
export const streamType = 'text/event-stream; charset=utf-8';

/**
 * An id is made of the emulator's seed too, so that emulators with different seeds never give out
 * the same id.
 */
export function idOf(prefix: string, { seed, callNumber }: ReplyContext, part = 0): string {
  const number = (value: number, digits: number) => value.toString(36).padStart(digits, '0');
  return `${prefix}_01Emulated${number(seed, 7)}${number(callNumber, 8)}${number(part, 2)}`;
}

/**
 * The real API states limits for requests and for tokens. The emulator bounds calls at once and
 * tokens per minute, so it states its ceiling as the limit of requests, and its free slots as what
 * remains of it.
 */
export function headersOf(type: string, context: ReplyContext): string[] {
  const reset = (inMs: number) => new Date(context.nowEpochMs + inMs).toISOString();
  const headers = [
    'content-type',
    type,
    'request-id',
    idOf('req', context),
    'anthropic-ratelimit-requests-limit',
    String(context.ceiling),
    'anthropic-ratelimit-requests-remaining',
    String(context.free),
    'anthropic-ratelimit-requests-reset',
    reset(context.free > 0 ? 0 : (context.retryAfterMs ?? 0)),
  ];
  if (context.tokens !== null) {
    headers.push(
      'anthropic-ratelimit-tokens-limit',
      String(context.tokens.perMinute),
      'anthropic-ratelimit-tokens-remaining',
      String(context.tokens.left),
      'anthropic-ratelimit-tokens-reset',
      reset(context.tokens.fullInMs),
    );
  }
  return headers;
}
