/**
 * Ollama's chat API as a provider, through its client. The client writes the request and reads the
 * chunks. heddle decides about deadlines, headers, the address and the sockets.
 *
 * It owns what the protocol is. It leaves the request's shape to ollama-request.ts, the lines to
 * ollama-lines.ts, the result to ollama-answer.ts, and all that providers share to wire/.
 */
import type * as Sdk from 'ollama';
import type { ProviderAnswer } from '../../domain/catalogue.ts';
import { asObject, asWhole, refuseField } from '../../domain/field.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { AdapterOptions } from '../wire/adapter-options.ts';
import { BrokenAnswer } from '../wire/faults/broken-answer.ts';
import type { Exchange } from '../wire/exchange.ts';
import {
  wireProvider,
  type WireCall,
  type WireDialect,
  type WireProtocol,
} from '../wire/wire-provider.ts';
import type { Provider, ProviderSupport } from '../port.ts';
import { OllamaAnswer } from './ollama-answer.ts';
import { OllamaLines } from './ollama-lines.ts';
import { type OllamaRequest, ollamaRequest, type OllamaSettings } from './ollama-request.ts';

/** The client is loaded when a provider is made, not whenever heddle is imported. */
let loading: Promise<typeof Sdk> | undefined;

/** No header comes before the model is loaded, and loading a large model takes minutes. */
const loadMsMax = 300_000;

/** The options of `ollama`. */
export type OllamaOptions = AdapterOptions & {
  /** Default `http://127.0.0.1:11434`. */
  readonly baseUrl?: string;
  /** For a server behind a proxy that asks for a key. */
  readonly apiKey?: string;
  /** `num_ctx`: the context that a model is loaded with. Default: the server's. */
  readonly contextTokens?: number;
  /** `keep_alive`: how long a model stays loaded, such as `10m`, or seconds. Default: the server's. */
  readonly keepAlive?: string | number;
  /** Further `options` of every call, such as `{ seed: 7 }`. Those of the call go before them. */
  readonly options?: JsonObject;
  /** What the server lacks, such as `{ schema: false }`. Default: nothing. */
  readonly supports?: ProviderSupport;
};

const supports: ProviderSupport = {
  images: 'bytes',
  toolChoice: false,
  // Its grammar leaves no room for tool calls.
  schema: 'without-tools',
  preferences: ['temperature', 'stopSequences', 'reasoning'],
};

/** Ollama's chat API as a provider. Throws `invalid-field` for an option that is wrong. */
export function createOllama(options: OllamaOptions): Provider & Required<Pick<Provider, 'close'>> {
  return wireProvider(protocol, options);
}

const protocol: WireProtocol<OllamaOptions, OllamaRequest> = {
  name: 'ollama',
  ceiling: 4,
  baseUrl: 'http://127.0.0.1:11434',
  path: '/api/chat',
  ownPaths: ['/api', '/v1'],
  ownOptions: ['contextTokens', 'keepAlive', 'options', 'supports'],
  ownLimits: { firstByteMsMax: loadMsMax },
  // Ollama answers 503 when OLLAMA_MAX_QUEUE is full: backpressure, not an outage.
  busyStatus: 503,
  open,
};

function open(options: OllamaOptions): WireDialect<OllamaRequest> {
  const bounds = { min: 1, max: 100_000_000, fallback: null };
  const contextTokens = asWhole(options.contextTokens, 'contextTokens', bounds);
  const settings: OllamaSettings = {
    contextTokens,
    keepAlive: keepAliveIn(options.keepAlive),
    options: asObject(options.options ?? {}, 'options'),
  };
  // Loading begins here, so that the first call does not wait for it. The call reports a failure to
  // load.
  (loading ??= import('ollama')).catch(() => undefined);
  return {
    headers: {},
    supports: { ...supports, ...options.supports },
    write: (input, to) => ollamaRequest(input, to, settings),
    read(request, call) {
      const sieve = new OllamaLines();
      return {
        sieve,
        run: async (exchange) => run(exchange, request, call),
        told: () =>
          sieve.errorText === null ? null : { type: null, code: null, text: sieve.errorText },
      };
    },
  };
}

function keepAliveIn(given: string | number | undefined): string | number | null {
  if (given === undefined) return null;
  if (typeof given === 'string' ? given !== '' : Number.isFinite(given)) return given;
  return refuseField('keepAlive', 'must be a time such as 10m, or seconds');
}

async function run(
  exchange: Exchange,
  { body, notes }: OllamaRequest,
  { provider, idempotencyKey, onDelta }: WireCall,
): Promise<ProviderAnswer> {
  const { Ollama } = await (loading ??= import('ollama'));
  // One client per attempt: a shared client keeps the streams of failed calls for ever.
  const client = new Ollama({ host: unused, fetch: exchange.fetch });
  const answer = new OllamaAnswer(idempotencyKey, onDelta);
  for await (const chunk of await client.chat(body as never)) {
    answer.take(chunk);
    if (answer.isComplete) return answer.output(provider, body, notes);
  }
  throw new BrokenAnswer('cut', 'the stream ended without done');
}

/**
 * The endpoint has the address. Without a host here, the client would look for one in the environment.
 */
const unused = 'http://the-endpoint-knows-the-address.invalid';
