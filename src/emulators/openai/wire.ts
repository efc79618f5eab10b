/** Chat completions, as OpenAI's SDK speaks to them. */
import { inputTokensOf } from '../model-request.ts';
import { retryAfterHeaders } from '../retry-after.ts';
import type { EmulatorScript, ErrorName } from '../script.ts';
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
import { checkChatRequest } from './check-request.ts';
import { chatErrors } from './errors.ts';
import { chatBody, chatStream } from './frames.ts';
import { headersOf, jsonType, streamType } from './headers.ts';
import { readChatRequest } from './read-request.ts';

export const openaiWire: Wire = {
  callPath: '/v1/chat/completions',
  pages: [
    {
      method: 'GET',
      path: '/v1/models',
      reply: (asked, context) => {
        checkKey(asked);
        const names = asked.script.models ?? ['emulated'];
        const data = names.map((id) => ({ id, object: 'model', created: 0, owned_by: 'emulator' }));
        return plain(JSON.stringify({ object: 'list', data }), 200, context);
      },
    },
  ],
  readCall,
  refusal: ({ error, said, retryAfterMs }, context) => {
    const { status, waits } = chatErrors[error];
    const reply = plain(errorBody(error, said), status, context);
    if (waits !== true) return reply;
    const wait = retryAfterHeaders(retryAfterMs ?? context.retryAfterMs);
    return { ...reply, headers: [...reply.headers, ...wait] };
  },
  errorFrame: (error) => `data: ${errorBody(error, null)}\n\n`,
  notFound: (path, context) =>
    plain(errorBody('invalid-request', `Unknown path ${path}`), 404, context),
};

/**
 * Checks in the order of the real API: first the key, then the request, then whether the model exists.
 */
function readCall(asked: WireRequest): WireCall {
  checkKey(asked);
  const { body: bytes, script, seed } = asked;
  const body = parseBody(bytes);
  if (!isMembers(body)) invalid('We could not parse the JSON body of your request.');
  checkChatRequest(body);
  const request = readChatRequest(body, seed);
  checkFits(script, request.model, inputTokensOf(request));
  const streamed = body['stream'] === true;
  const options = body['stream_options'];
  const countsTokens = isMembers(options) && options['include_usage'] === true;
  return {
    request,
    streamed,
    reply: (answer, context) => {
      if (!streamed) return plain(chatBody(answer, request.model, context), 200, context);
      const stream = chatStream(answer, request.model, context, countsTokens);
      const headers = [...headersOf(streamType, context), 'cache-control', 'no-cache'];
      return { status: 200, headers, ...stream, streamed };
    },
  };
}

function checkFits({ models, contextTokens }: EmulatorScript, model: string, tokens: number): void {
  if (models !== null && !models.includes(model)) {
    const said = `The model '${model}' does not exist or you do not have access to it.`;
    throw new WireRefusal('not-found', said);
  }
  if (contextTokens === null || tokens <= contextTokens) return;
  throw new WireRefusal(
    'context-full',
    `This model's maximum context length is ${contextTokens} tokens. However, your messages resulted in ${tokens} tokens.`,
  );
}

function checkKey({ headers, script: { apiKeys } }: WireRequest): void {
  const key = headers.authorization?.replace(/^Bearer /i, '') ?? '';
  if (key === '') {
    throw new WireRefusal('authentication', "You didn't provide an API key.");
  }
  if (apiKeys !== null && !apiKeys.includes(key)) throw new WireRefusal('authentication');
}

function errorBody(error: ErrorName | 'busy', said: string | null): string {
  const { type, message, code } = chatErrors[error];
  return JSON.stringify({ error: { message: said ?? message, type, param: null, code } });
}

function plain(body: string, status: number, context: ReplyContext): WireReply {
  const headers = headersOf(jsonType, context);
  return { status, headers, frames: [body], pieces: [], streamed: false };
}
