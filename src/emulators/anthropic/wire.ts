/** The Messages API of Anthropic, as the SDK of version 1 speaks to it. */
import { inputTokensOf } from '../model-request.ts';
import { retryAfterHeaders } from '../retry-after.ts';
import type { ErrorName } from '../script.ts';
import {
  invalid,
  isMembers,
  parseBody,
  WireRefusal,
  type ReplyContext,
  type Wire,
  type WireCall,
  type WireReply,
  type WireRequest,
} from '../wire.ts';
import { checkMessagesRequest } from './check-request.ts';
import { anthropicErrors } from './errors.ts';
import { event, messageBody, messageStream } from './frames.ts';
import { headersOf, idOf, jsonType, streamType } from './headers.ts';
import { readMessagesRequest } from './read-request.ts';

export const anthropicWire: Wire = {
  callPath: '/v1/messages',
  pages: [
    {
      method: 'POST',
      path: '/v1/messages/count_tokens',
      reply: (asked, context) => {
        const { request } = readRequest(asked, false);
        return plain(JSON.stringify({ input_tokens: inputTokensOf(request) }), 200, context);
      },
    },
  ],
  readCall,
  refusal: ({ error, said, retryAfterMs }, context) => {
    const { status, waits } = anthropicErrors[error];
    const reply = plain(JSON.stringify(errorBody(error, said, context)), status, context);
    if (waits !== true) return reply;
    const wait = retryAfterHeaders(retryAfterMs ?? context.retryAfterMs);
    return { ...reply, headers: [...reply.headers, ...wait] };
  },
  errorFrame: (error, context) => {
    const { error: told, request_id: id } = errorBody(error, null, context);
    return event('error', `"error":${JSON.stringify(told)},"request_id":${JSON.stringify(id)}`);
  },
  notFound: (path, context) =>
    anthropicWire.refusal(new WireRefusal('not-found', `Not found: ${path}`), context),
};

function readCall(asked: WireRequest): WireCall {
  const { body, request } = readRequest(asked, true);
  const streamed = body['stream'] === true;
  return {
    request,
    streamed,
    reply: (answer, context) => {
      if (!streamed) return plain(messageBody(answer, request.model, context), 200, context);
      const stream = messageStream(answer, request.model, context);
      const headers = [...headersOf(streamType, context), 'cache-control', 'no-cache'];
      return { status: 200, headers, ...stream, streamed };
    },
  };
}

/**
 * Checks in the order of the real API: first the key, then the request, then whether the model
 * exists.
 */
function readRequest({ headers, body: bytes, script, seed }: WireRequest, needsMaxTokens: boolean) {
  checkKey(headers['x-api-key'], headers.authorization, script.apiKeys);
  if (headers['anthropic-version'] === undefined) invalid('anthropic-version: header is required');
  const body = parseBody(bytes);
  if (body === undefined) invalid('The request body is not valid JSON');
  if (!isMembers(body)) invalid('Input should be a valid dictionary');
  checkMessagesRequest(body, needsMaxTokens);
  const request = readMessagesRequest(body, seed);
  if (script.models !== null && !script.models.includes(request.model)) {
    throw new WireRefusal('not-found', `model: ${request.model}`);
  }
  const tokens = inputTokensOf(request);
  if (script.contextTokens !== null && tokens > script.contextTokens) {
    invalid(`prompt is too long: ${tokens} tokens > ${script.contextTokens} maximum`);
  }
  return { body, request };
}

function checkKey(
  header: string | readonly string[] | undefined,
  authorization: string | undefined,
  apiKeys: readonly string[] | null,
): void {
  const key = header ?? authorization?.replace(/^Bearer /i, '');
  if (typeof key !== 'string' || key === '') {
    throw new WireRefusal('authentication', 'x-api-key header is required');
  }
  if (apiKeys !== null && !apiKeys.includes(key)) throw new WireRefusal('authentication');
}

function errorBody(error: ErrorName | 'busy', said: string | null, context: ReplyContext) {
  const { type, message, code } = anthropicErrors[error];
  const details = code === undefined ? {} : { details: { error_code: code } };
  return {
    type: 'error',
    error: { type, message: said ?? message, ...details },
    request_id: idOf('req', context),
  };
}

function plain(body: string, status: number, context: ReplyContext): WireReply {
  const headers = headersOf(jsonType, context);
  return { status, headers, frames: [body], pieces: [], streamed: false };
}
