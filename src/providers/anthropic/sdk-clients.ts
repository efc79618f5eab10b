/**
 * The clients of Anthropic's SDK.
 *
 * It owns the loaded SDK and the clients at rest: never more than were lent at once, so never more than
 * there are slots.
 *
 * 1. Nothing is read from the environment: no key, address, header or log level.
 */
import type * as Sdk from '@anthropic-ai/sdk';
import type { Anthropic, ClientOptions } from '@anthropic-ai/sdk';
import type { Exchange } from '../wire/exchange.ts';
import type { ToldError } from '../wire/faults/told-error.ts';

/** The SDK is loaded when a provider is made, not whenever heddle is imported. */
let loading: Promise<typeof Sdk> | undefined;
let loaded: typeof Sdk | undefined;

async function loadSdk(): Promise<typeof Sdk> {
  loaded = await import('@anthropic-ai/sdk');
  return loaded;
}

const silent = { error() {}, warn() {}, info() {}, debug() {} };

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

export class SdkClients {
  readonly #timeoutMs: number;
  readonly #atRest: LentClient[] = [];

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
    // Loading begins here, so that the first call does not wait for it. The call reports a failure to
    // load.
    (loading ??= loadSdk()).catch(() => undefined);
  }

  async lent(): Promise<LentClient> {
    return this.#atRest.pop() ?? new LentClient(await (loading ??= loadSdk()), this.#timeoutMs);
  }

  /** Only after a result: a part of a failed attempt might still be under way. */
  giveBack(client: LentClient): void {
    this.#atRest.push(client);
  }
}

/**
 * A client of the SDK, lent to one attempt at a time, because its `fetch` belongs to it. Making a
 * client costs as much as the rest of the attempt, so a client whose attempt gave a result is lent
 * again.
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

  /** The events of the answer. The SDK sends the body as it is, whatever its types know of it. */
  async stream(exchange: Exchange, body: object): Promise<AsyncIterable<unknown>> {
    this.#exchange = exchange;
    return this.#client.messages.create(body as Anthropic.MessageCreateParamsStreaming);
  }
}

/** An `error` event in the stream has a body and no status. */
export function toldBySdk(error: unknown): ToldError | null {
  if (loaded === undefined || !(error instanceof loaded.APIError)) return null;
  if (error.status !== undefined) return null;
  if (error.error === undefined) return null;
  const { type, errorCode, apiMessage } = error;
  return { type, code: errorCode, text: apiMessage };
}
