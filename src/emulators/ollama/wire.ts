/** The chat API of Ollama, as its SDK speaks to it. */
import { inputTokensOf } from '../model-request.ts';
import { retryAfterHeaders } from '../retry-after.ts';
import {
  invalid,
  isMembers,
  parseBody,
  WireRefusal,
  type Members,
  type ReplyContext,
  type Wire,
  type WireCall,
  type WireReply,
  type WireRequest,
} from '../wire.ts';
import { chatBody, chatStream, loadBody } from './frames.ts';
import { checkModel, ollamaPages, plain } from './pages.ts';
import { readChatRequest } from './read-request.ts';
import type { ErrorName } from '../script.ts';

const streamHeaders = ['content-type', 'application/x-ndjson'];

export const ollamaWire: Wire = {
  callPath: '/api/chat',
  pages: ollamaPages,
  readCall,
  refusal: ({ error, said, retryAfterMs }, context) => {
    const { status, message, waits } = ollamaErrors[error];
    const reply = plain(JSON.stringify({ error: said ?? message }), status);
    if (waits !== true) return reply;
    const wait = retryAfterHeaders(retryAfterMs ?? context.retryAfterMs);
    return { ...reply, headers: [...reply.headers, ...wait] };
  },
  errorFrame: (error) => `${JSON.stringify({ error: ollamaErrors[error].message })}\n`,
  notFound: () => plain('404 page not found', 404, 'text/plain'),
};

function readCall({ headers, body: bytes, script, seed }: WireRequest): WireCall {
  // A local Ollama needs no key; Ollama's cloud does.
  const key = headers.authorization?.replace(/^Bearer /i, '') ?? '';
  if (script.apiKeys !== null && !script.apiKeys.includes(key)) {
    throw new WireRefusal('authentication');
  }
  if (bytes.length === 0) invalid('missing request body');
  const body = parseBody(bytes);
  if (body === undefined) invalid('invalid character looking for beginning of value');
  if (!isMembers(body))
    invalid('json: cannot unmarshal value into Go value of type api.ChatRequest');
  const request = readChatRequest(body, seed);
  checkModel(request.model, script);
  const contextTokens = contextOf(body, script.contextTokens);
  if (body['truncate'] === false && inputTokensOf(request) > contextTokens) {
    invalid('the input length exceeds the context length');
  }
  const streamed = body['stream'] !== false;
  const { model, messages } = request;
  return {
    request,
    streamed,
    reply: (answer, context) => {
      if (messages.length === 0) return loaded(model, body, context, streamed);
      // Ollama cuts a prompt that is too long at its beginning and reports no error: only this
      // count shows it.
      const inputTokens = Math.min(answer.inputTokens, contextTokens);
      const cut = { ...answer, inputTokens };
      if (!streamed) return plain(chatBody(cut, model, context));
      return { status: 200, headers: streamHeaders, ...chatStream(cut, model, context), streamed };
    },
  };
}

function contextOf(body: Members, contextTokens: number | null): number {
  const { options } = body;
  const asked = isMembers(options) ? options['num_ctx'] : undefined;
  return Math.min(typeof asked === 'number' ? asked : Infinity, contextTokens ?? Infinity);
}

function loaded(model: string, body: Members, context: ReplyContext, streamed: boolean): WireReply {
  const text = loadBody(model, body['keep_alive'] === 0 ? 'unload' : 'load', context);
  if (!streamed) return plain(text);
  return { status: 200, headers: streamHeaders, frames: [`${text}\n`], pieces: [], streamed };
}

/**
 * The error replies of Ollama: a status and a sentence. The refusals over spend and quota are those
 * of its cloud models.
 */
type OllamaError = {
  readonly status: number;
  readonly message: string;
  /** True when waiting helps; `retry-after` is then sent if the script gives a time. */
  readonly waits?: true;
};

const spent = { status: 429, message: "you've reached your usage limit, upgrade to continue" };
const limited = { status: 429, message: 'too many concurrent requests', waits: true } as const;

const ollamaErrors: Readonly<Record<ErrorName | 'busy', OllamaError>> = {
  'invalid-request': { status: 400, message: 'invalid request' },
  authentication: { status: 401, message: 'unauthorized' },
  billing: { status: 402, message: 'payment required' },
  'credit-balance': { status: 402, message: 'payment required' },
  'usage-limits': spent,
  'organization-disabled': { status: 403, message: 'this account is disabled' },
  'organization-on-hold': { status: 403, message: 'this account is on hold' },
  'context-full': { status: 400, message: 'the input length exceeds the context length' },
  'spend-limit': spent,
  'contract-spend-limit': spent,
  'ramp-limit': limited,
  permission: { status: 403, message: 'this model requires a subscription' },
  'not-found': { status: 404, message: 'model not found' },
  'too-large': { status: 413, message: 'http: request body too large' },
  'rate-limited': limited,
  'server-error': { status: 500, message: 'llama runner process has terminated: exit status 2' },
  unavailable: { status: 503, message: 'service unavailable' },
  timeout: { status: 504, message: 'timed out waiting for llama runner to start' },
  overloaded: { status: 503, message: 'server overloaded, please retry shortly', waits: true },
  busy: {
    status: 503,
    // Two spaces, as in Ollama's source.
    message: 'server busy, please try again.  maximum pending requests exceeded',
    waits: true,
  },
};
