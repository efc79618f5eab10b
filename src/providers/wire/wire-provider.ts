/**
 * What every provider over HTTP is, whatever protocol it speaks: its name, the models that it serves, its
 * slots, its prices, its sockets and their end. A protocol says only what is written and what is read.
 *
 * It owns the options that all of them share, and the endpoint. It leaves to a protocol the request and
 * the answer, and to endpoint.ts how an attempt ends.
 *
 * 1. Nothing is read from the environment: no key, address or header.
 * 2. A call resolves with a complete answer or not at all.
 * 3. Text that was read together with an abort is not shown.
 */
import type { GenerateRequest, ModelDelta, ProviderAnswer } from '../../domain/catalogue.ts';
import { asText } from '../../domain/field.ts';
import { checkName } from '../../domain/ids.ts';
import { asOptions } from '../../domain/options.ts';
import type { Provider, ProviderCall, ProviderSupport } from '../port.ts';
import { type AdapterOptions, modelOf, resolveRouting, type Routing } from './adapter-options.ts';
import { type Attempt, Endpoint } from './endpoint.ts';
import { resolveWireLimits, type WireLimits } from './wire-limits.ts';

/** The options that `wireProvider` reads. The others are the protocol's own. */
export type WireOptions = AdapterOptions & {
  readonly apiKey?: string;
  readonly baseUrl?: string;
};

/** One protocol: where it is spoken, and how. */
export type WireProtocol<Options extends WireOptions, Request> = {
  /** Also the provider's name, where the options give none. */
  readonly name: string;
  /** Where the options give no ceiling. */
  readonly ceiling: number;
  /** Where the options give no address; null if they must. */
  readonly baseUrl: string | null;
  /** After the address. */
  readonly path: string;
  /** Further paths that people take for a part of the address, such as `/v1`. */
  readonly ownPaths?: readonly string[];
  /** The options that only this protocol has. All others are checked by `wireProvider`. */
  readonly ownOptions: readonly (Exclude<keyof Options, keyof WireOptions> & string)[];
  /** Limits that differ from those of other providers. */
  readonly ownLimits?: Partial<WireLimits>;
  /** The status that means busy, for a provider that gives errors no type. */
  readonly busyStatus?: number;
  /** Reads the protocol's own options, once for each provider. Throws `invalid-field`. */
  open(options: Options, limits: WireLimits): WireDialect<Request>;
};

/** A protocol as one provider speaks it, with the options of that provider. */
export type WireDialect<Request> = {
  /** Sent with every request, beside those that the endpoint adds. */
  readonly headers: Readonly<Record<string, string>>;
  /** What the provider can do beside text and tools. */
  readonly supports?: ProviderSupport;
  /** Writes what is asked as the body of a request. */
  write(input: GenerateRequest, to: { readonly model: string; readonly provider: string }): Request;
  /** Reads the answer to a request: the attempt's sieve, its run, and what an error in its stream said. */
  read(request: Request, call: WireCall): Attempt<ProviderAnswer>;
};

/** What reading an answer needs to know of its call. */
export type WireCall = {
  /** The provider's name. */
  readonly provider: string;
  readonly idempotencyKey: string;
  /** Shows text, reasoning and tool calls as they come. */
  readonly onDelta: (delta: ModelDelta) => void;
  /** Shows text alone. */
  readonly onText: (text: string) => void;
};

/** A provider that speaks `protocol`. Throws `invalid-field` for an option that is wrong. */
export function wireProvider<Options extends WireOptions, Request>(
  protocol: WireProtocol<Options, Request>,
  options: Options,
): Provider & Required<Pick<Provider, 'close'>> {
  return new WireProvider(protocol, asOptions(options, protocol.name, null));
}

export class WireProvider<Options extends WireOptions, Request> implements Provider {
  readonly name: string;
  readonly models: Routing['models'];
  readonly tiers: Routing['tiers'];
  readonly startsAt: Routing['startsAt'];
  readonly sharesCeilingWith: Routing['sharesCeilingWith'];
  readonly pricePerMillion: Routing['pricePerMillion'];
  readonly supports: ProviderSupport | undefined;
  readonly #endpoint: Endpoint;
  readonly #model: string;
  readonly #dialect: WireDialect<Request>;

  constructor(protocol: WireProtocol<Options, Request>, options: Options) {
    const { apiKey, baseUrl, ceiling, name, ...routed } = withoutOwn(protocol, options);
    const { routing, limits: given } = resolveRouting(routed);
    this.name = checkName(name ?? protocol.name, 'name');
    this.models = routing.models;
    this.tiers = routing.tiers;
    this.startsAt = routing.startsAt;
    this.sharesCeilingWith = routing.sharesCeilingWith;
    this.pricePerMillion = routing.pricePerMillion;
    this.#model = options.model;
    const limits = resolveWireLimits(given, protocol.ownLimits);
    this.#dialect = protocol.open(options, limits);
    this.supports = this.#dialect.supports;
    this.#endpoint = new Endpoint({
      ceiling: ceiling ?? protocol.ceiling,
      models: this.models.length,
      baseUrl: asText(baseUrl ?? protocol.baseUrl, 'baseUrl'),
      path: protocol.path,
      ownPaths: protocol.ownPaths ?? [],
      apiKey: apiKey === undefined ? null : asText(apiKey, 'apiKey'),
      headers: this.#dialect.headers,
      limits,
      busyStatus: protocol.busyStatus ?? null,
    });
  }

  get ceiling(): number {
    return this.#endpoint.ceiling;
  }

  async call(call: ProviderCall): Promise<ProviderAnswer> {
    const { idempotencyKey } = call;
    const provider = this.name;
    const model = modelOf(call.input, { model: this.#model, tiers: this.tiers ?? {} });
    const request = this.#dialect.write(call.input, { model, provider });
    const onDelta = shownTo(call);
    const onText = (text: string): void => onDelta({ type: 'text', text });
    const attempt = this.#dialect.read(request, { provider, idempotencyKey, onDelta, onText });
    return this.#endpoint.attempt(call, attempt);
  }

  async close(): Promise<void> {
    await this.#endpoint.close();
  }
}

/** Nothing is shown after an abort. */
function shownTo({ signal, onDelta, onText }: ProviderCall): (delta: ModelDelta) => void {
  return (delta) => {
    if (signal.aborted) return;
    if (onDelta !== undefined) onDelta(delta);
    else if (delta.type === 'text') onText?.(delta.text);
  };
}

function withoutOwn<Options extends WireOptions>(
  { ownOptions }: { readonly ownOptions: readonly string[] },
  options: Options,
): WireOptions {
  const shared = Object.entries(options).filter(([key]) => !ownOptions.includes(key));
  // `model` is among them: it is no option of a protocol's own.
  return Object.fromEntries(shared) as WireOptions;
}
