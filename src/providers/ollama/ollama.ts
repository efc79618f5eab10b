/**
 * Ollama's chat API as a provider, through its client. The client writes the request and reads the
 * chunks. heddle decides about deadlines, headers, the address and the sockets.
 *
 * It owns what the protocol is. It leaves the request's shape to ollama-request.ts, the lines to
 * ollama-lines.ts, the result to ollama-answer.ts, and all that providers share to wire/.
 */
import type * as Sdk from 'ollama';
import type { ProviderAnswer } from '../../domain/catalogue.ts';
import { asWhole } from '../../domain/field.ts';
import type { AdapterOptions } from '../wire/adapter-options.ts';
import { BrokenAnswer } from '../wire/broken-answer.ts';
import type { Exchange } from '../wire/exchange.ts';
import {
  wireProvider,
  type WireCall,
  type WireDialect,
  type WireProtocol,
} from '../wire/wire-provider.ts';
import type { Provider } from '../port.ts';
import { OllamaAnswer, wasTruncated } from './ollama-answer.ts';
import { OllamaLines } from './ollama-lines.ts';
import { type OllamaRequest, ollamaRequest } from './ollama-request.ts';

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
  ownOptions: ['contextTokens'],
  ownLimits: { firstByteMsMax: loadMsMax },
  // Ollama answers 503 when OLLAMA_MAX_QUEUE is full: backpressure, not an outage.
  busyStatus: 503,
  open,
};

function open(options: OllamaOptions): WireDialect<OllamaRequest> {
  const bounds = { min: 1, max: 100_000_000, fallback: null };
  const contextTokens = asWhole(options.contextTokens, 'contextTokens', bounds);
  // Loading begins here, so that the first call does not wait for it. The call reports a failure to
  // load.
  (loading ??= import('ollama')).catch(() => undefined);
  return {
    headers: {},
    write: (input, { model }) => ollamaRequest(input, { model, contextTokens }),
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

async function run(
  exchange: Exchange,
  request: OllamaRequest,
  { provider, idempotencyKey, onText }: WireCall,
): Promise<ProviderAnswer> {
  const { Ollama } = await (loading ??= import('ollama'));
  // One client per attempt: a shared client keeps the streams of failed calls for ever.
  const client = new Ollama({ host: unused, fetch: exchange.fetch });
  const answer = new OllamaAnswer(idempotencyKey, onText);
  for await (const chunk of await client.chat(request)) {
    answer.take(chunk);
    if (!answer.isComplete) continue;
    const output = answer.output(provider);
    const { inputTokens } = output.usage;
    if (!wasTruncated(request, inputTokens)) return output;
    const reason = `of the prompt only ${inputTokens} tokens were read; raise contextTokens`;
    throw new BrokenAnswer('context-overflow', reason);
  }
  throw new BrokenAnswer('cut', 'the stream ended without done');
}

/**
 * The endpoint has the address. Without a host here, the client would look for one in the environment.
 */
const unused = 'http://the-endpoint-knows-the-address.invalid';
