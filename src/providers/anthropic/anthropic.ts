/**
 * Anthropic's Messages API as a provider, through its SDK. The SDK writes the request and reads the
 * stream. heddle decides about retries, deadlines, headers, the address and the sockets.
 *
 * It owns its endpoint. It leaves the request's shape to anthropic-request.ts, the result to
 * anthropic-answer.ts, failures to wire/.
 *
 * 1. Nothing is read from the environment: no key, address, header or log level.
 * 2. A call resolves with a complete answer or not at all.
 */
import type * as Sdk from '@anthropic-ai/sdk';
import type { Anthropic, ClientOptions } from '@anthropic-ai/sdk';
import type { ProviderAnswer } from '../../domain/catalogue.ts';
import { asText, asWhole } from '../../domain/field.ts';
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
import type { ToldError } from '../wire/told-error.ts';
import { AnthropicAnswer } from './anthropic-answer.ts';
import { type AnthropicRequest, anthropicRequest } from './anthropic-request.ts';
import { BrokenAnswer } from '../wire/broken-answer.ts';
import type { Provider, ProviderCall } from '../port.ts';

/**
 * The version that the SDK would send. heddle sends its own headers instead of the SDK's, so that no
 * environment can change them.
 */
const apiVersion = '2026-10-21';

const tokensMax = 1_000_000;

/** The options of `anthropic`. */
export type AnthropicOptions = AdapterOptions & {
  /** The key. It is never read from the environment. */
  readonly apiKey: string;
  /** Default `https://api.anthropic.com`. */
  readonly baseUrl?: string;
  /** For calls that give no `maxTokens`, because Anthropic requires a number. Default 4,096. */
  readonly maxTokens?: number;
};

/** The SDK is loaded when a provider is made, not whenever heddle is imported. */
let loading: Promise<typeof Sdk> | undefined;
let loaded: typeof Sdk | undefined;

async function loadSdk(): Promise<typeof Sdk> {
  loaded = await import('@anthropic-ai/sdk');
  return loaded;
}

const silent = { error() {}, warn() {}, info() {}, debug() {} };

/** Anthropic's Messages API as a provider. Throws `invalid-field` for an option that is wrong. */
export function createAnthropic(
  options: AnthropicOptions,
): Provider & Required<Pick<Provider, 'close'>> {
  return new AnthropicProvider(asOptions(options, 'anthropic', null));
}

export class AnthropicProvider implements Provider {
  readonly name: string;
  readonly models: Routing['models'];
  readonly tiers: Routing['tiers'];
  readonly startsAt: Routing['startsAt'];
  readonly sharesCeilingWith: Routing['sharesCeilingWith'];
  readonly pricePerMillion: Routing['pricePerMillion'];
  readonly #endpoint: Endpoint;
  readonly #model: string;
  readonly #maxTokens: number;
  /** Clients at rest: never more than were lent at once, so never more than there are slots. */
  readonly #clients: LentClient[] = [];

  constructor(options: AnthropicOptions) {
    const { apiKey, baseUrl, ceiling, name, maxTokens, ...routed } = options;
    const { routing, limits } = resolveRouting(routed);
    this.name = checkName(name ?? 'anthropic', 'name');
    this.models = routing.models;
    this.tiers = routing.tiers;
    this.startsAt = routing.startsAt;
    this.sharesCeilingWith = routing.sharesCeilingWith;
    this.pricePerMillion = routing.pricePerMillion;
    this.#model = options.model;
    this.#maxTokens = asWhole(maxTokens, 'maxTokens', { min: 1, max: tokensMax, fallback: 4_096 });
    this.#endpoint = new Endpoint({
      ceiling: ceiling ?? 50,
      models: this.models.length,
      baseUrl: baseUrl ?? 'https://api.anthropic.com',
      path: '/v1/messages',
      apiKey: asText(apiKey, 'apiKey'),
      headers: { 'anthropic-version': apiVersion },
      limits,
    });
    // Loading begins here, so that the first call does not wait for it. The call reports a failure to
    // load.
    (loading ??= loadSdk()).catch(() => undefined);
  }

  get ceiling(): number {
    return this.#endpoint.ceiling;
  }

  async call(call: ProviderCall): Promise<ProviderAnswer> {
    const model = modelOf(call.input, { model: this.#model, tiers: this.tiers ?? {} });
    const maxTokens = call.input.maxTokens ?? this.#maxTokens;
    const request = anthropicRequest(call.input, { model, maxTokens });
    const run = (exchange: Exchange): Promise<ProviderAnswer> => this.#run(exchange, request, call);
    return this.#endpoint.attempt(call, { run, told });
  }

  async close(): Promise<void> {
    await this.#endpoint.close();
  }

  async #run(
    exchange: Exchange,
    request: AnthropicRequest,
    { signal, onText = () => {} }: ProviderCall,
  ): Promise<ProviderAnswer> {
    const answer = new AnthropicAnswer((text) => {
      // Text that was read together with the abort is dropped.
      if (!signal.aborted) onText(text);
    });
    const client = this.#clients.pop() ?? (await this.#newClient());
    for await (const event of await client.messages(exchange).create(request)) {
      if (!answer.isComplete) answer.take(event);
      if (answer.isComplete) exchange.suffices();
    }
    if (!answer.isComplete) {
      throw new BrokenAnswer('cut', 'the stream ended without message_stop');
    }
    this.#clients.push(client);
    return answer.output(this.name);
  }

  async #newClient(): Promise<LentClient> {
    return new LentClient(await (loading ??= loadSdk()), this.#endpoint.limits.deadlineMsMax);
  }
}

/** Sets everything that the SDK would otherwise read from the environment. The endpoint adds the key. */
const fixed: ClientOptions = {
  apiKey: 'the-endpoint-adds-the-key',
  authToken: null,
  webhookKey: null,
  baseURL: 'http://the-endpoint-knows-the-address.invalid',
  maxRetries: 0,
  logger: silent,
  logLevel: 'off',
  openTelemetry: false,
};

/**
 * A client of the SDK, lent to one attempt at a time, because its `fetch` belongs to it. Making a
 * client costs as much as the rest of the attempt, so a client whose attempt gave a result is lent
 * again. The others are not, because a part of their attempt might still be under way.
 */
class LentClient {
  readonly #client: Anthropic;
  #exchange: Exchange | null = null;

  constructor(sdk: typeof Sdk, timeoutMs: number) {
    const fetch: Exchange['fetch'] = async (url, init) => {
      if (this.#exchange === null) throw new TypeError('no attempt has this client');
      return this.#exchange.fetch(url, init);
    };
    this.#client = new sdk.Anthropic({ ...fixed, timeout: timeoutMs, fetch });
  }

  messages(exchange: Exchange): Anthropic['messages'] {
    this.#exchange = exchange;
    return this.#client.messages;
  }
}

/** An `error` event in the stream has a body and no status. */
function told(error: unknown): ToldError | null {
  if (loaded === undefined || !(error instanceof loaded.APIError)) return null;
  if (error.status !== undefined) return null;
  if (error.error === undefined) return null;
  const { type, errorCode, apiMessage } = error;
  return { type, code: errorCode, text: apiMessage };
}
