/**
 * Ollama's chat API as a provider, through its client. The client writes the request and reads the
 * chunks. heddle decides about deadlines, headers, the address and the sockets.
 *
 * It owns its endpoint. It leaves the request's shape to ollama-request.ts, the lines to
 * ollama-lines.ts, the result to ollama-answer.ts, failures to wire/.
 *
 * 1. Nothing is read from the environment: no address and no key.
 * 2. A call resolves with a complete answer or not at all.
 */
import type * as Sdk from 'ollama';
import type { ProviderAnswer } from '../../domain/catalogue.ts';
import { asWhole } from '../../domain/field.ts';
import { checkName } from '../../domain/ids.ts';
import { asOptions } from '../../domain/options.ts';
import {
  type AdapterOptions,
  modelOf,
  resolveRouting,
  type Routing,
} from '../wire/adapter-options.ts';
import { Endpoint } from '../wire/endpoint.ts';
import type { Exchange } from '../wire/exchange.ts';
import { BrokenAnswer } from '../wire/broken-answer.ts';
import { OllamaAnswer, wasTruncated } from './ollama-answer.ts';
import { OllamaLines } from './ollama-lines.ts';
import { type OllamaRequest, ollamaRequest } from './ollama-request.ts';
import type { Provider, ProviderCall } from '../port.ts';

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
  return new OllamaProvider(asOptions(options, 'ollama', null));
}

export class OllamaProvider implements Provider {
  readonly name: string;
  readonly models: Routing['models'];
  readonly tiers: Routing['tiers'];
  readonly startsAt: Routing['startsAt'];
  readonly sharesCeilingWith: Routing['sharesCeilingWith'];
  readonly pricePerMillion: Routing['pricePerMillion'];
  readonly #endpoint: Endpoint;
  readonly #model: string;
  readonly #contextTokens: number | null;

  constructor(options: OllamaOptions) {
    const { baseUrl, apiKey, ceiling, name, contextTokens, ...routed } = options;
    const { routing, limits } = resolveRouting(routed);
    this.name = checkName(name ?? 'ollama', 'name');
    this.models = routing.models;
    this.tiers = routing.tiers;
    this.startsAt = routing.startsAt;
    this.sharesCeilingWith = routing.sharesCeilingWith;
    this.pricePerMillion = routing.pricePerMillion;
    this.#model = options.model;
    const bounds = { min: 1, max: 100_000_000, fallback: null };
    this.#contextTokens = asWhole(contextTokens, 'contextTokens', bounds);
    this.#endpoint = new Endpoint({
      ceiling: ceiling ?? 4,
      models: this.models.length,
      baseUrl: baseUrl ?? 'http://127.0.0.1:11434',
      path: '/api/chat',
      apiKey: apiKey ?? null,
      headers: {},
      limits,
      ownLimits: { firstByteMsMax: loadMsMax },
      // Ollama answers 503 when OLLAMA_MAX_QUEUE is full: backpressure, not an outage.
      busyStatus: 503,
    });
    // Loading begins here, so that the first call does not wait for it. The call reports a failure to
    // load.
    (loading ??= import('ollama')).catch(() => undefined);
  }

  get ceiling(): number {
    return this.#endpoint.ceiling;
  }

  async call(call: ProviderCall): Promise<ProviderAnswer> {
    const model = modelOf(call.input, { model: this.#model, tiers: this.tiers ?? {} });
    const contextTokens = this.#contextTokens;
    const request = ollamaRequest(call.input, { model, contextTokens });
    const sieve = new OllamaLines();
    return this.#endpoint.attempt(call, {
      sieve,
      run: (exchange) => this.#run(exchange, request, call),
      told: () =>
        sieve.errorText === null ? null : { type: null, code: null, text: sieve.errorText },
    });
  }

  async close(): Promise<void> {
    await this.#endpoint.close();
  }

  async #run(
    exchange: Exchange,
    request: OllamaRequest,
    { signal, idempotencyKey, onText = () => {} }: ProviderCall,
  ): Promise<ProviderAnswer> {
    const { Ollama } = await (loading ??= import('ollama'));
    // One client per attempt: a shared client keeps the streams of failed calls for ever.
    const client = new Ollama({ host: unused, fetch: exchange.fetch });
    const answer = new OllamaAnswer(idempotencyKey, (text) => {
      // Text that was read together with the abort is dropped.
      if (!signal.aborted) onText(text);
    });
    for await (const chunk of await client.chat(request)) {
      answer.take(chunk);
      if (!answer.isComplete) continue;
      const output = answer.output(this.name);
      const { inputTokens } = output.usage;
      if (!wasTruncated(request, inputTokens)) return output;
      const reason = `of the prompt only ${inputTokens} tokens were read; raise contextTokens`;
      throw new BrokenAnswer('context-overflow', reason);
    }
    throw new BrokenAnswer('cut', 'the stream ended without done');
  }
}

/**
 * The endpoint has the address. Without a host here, the client would look for one in the environment.
 */
const unused = 'http://the-endpoint-knows-the-address.invalid';
