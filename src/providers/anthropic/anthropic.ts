/**
 * Anthropic's Messages API as a provider, through its SDK. The SDK writes the request and reads the
 * stream. heddle decides about retries, deadlines, headers, the address and the sockets.
 *
 * It owns what the protocol is. It leaves the request's shape to anthropic-request.ts, the result to
 * anthropic-answer.ts, the SDK's clients to sdk-clients.ts, and all that providers share to wire/.
 */
import { asOneOf, asText, asWhole } from '../../domain/field.ts';
import type { AdapterOptions } from '../wire/adapter-options.ts';
import { BrokenAnswer } from '../wire/faults/broken-answer.ts';
import { wireProvider, type WireDialect, type WireProtocol } from '../wire/wire-provider.ts';
import type { WireLimits } from '../wire/wire-limits.ts';
import type { Provider, ProviderSupport } from '../port.ts';
import { AnthropicAnswer } from './anthropic-answer.ts';
import { type AnthropicRequest, anthropicRequest } from './anthropic-request.ts';
import { SdkClients, toldBySdk } from './sdk-clients.ts';
import type { ThinkingStyle } from './thinking.ts';

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
  /**
   * How the models are told to think: with an effort (`adaptive`), or with a number of tokens (`budget`), as
   * models before 4.7 want it. Default: by the name of each model.
   */
  readonly thinking?: ThinkingStyle;
  /** What a gateway before the API lacks of it, such as `{ schema: false }`. Default: nothing. */
  readonly supports?: ProviderSupport;
};

/** Anthropic's Messages API as a provider. Throws `invalid-field` for an option that is wrong. */
export function createAnthropic(
  options: AnthropicOptions,
): Provider & Required<Pick<Provider, 'close'>> {
  return wireProvider(protocol, options);
}

const protocol: WireProtocol<AnthropicOptions, AnthropicRequest> = {
  name: 'anthropic',
  ceiling: 50,
  baseUrl: 'https://api.anthropic.com',
  path: '/v1/messages',
  ownPaths: ['/v1'],
  ownOptions: ['maxTokens', 'thinking', 'supports'],
  open,
};

const supports: ProviderSupport = {
  images: 'bytes-and-urls',
  toolChoice: true,
  schema: true,
  preferences: ['temperature', 'stopSequences', 'reasoning', 'cache'],
};

function styleIn(given: ThinkingStyle | undefined): ThinkingStyle | null {
  return given === undefined
    ? null
    : asOneOf<ThinkingStyle>(given, 'thinking', ['adaptive', 'budget']);
}

function open(options: AnthropicOptions, limits: WireLimits): WireDialect<AnthropicRequest> {
  asText(options.apiKey, 'apiKey');
  const bounds = { min: 1, max: tokensMax, fallback: 4_096 };
  const ownMax = asWhole(options.maxTokens, 'maxTokens', bounds);
  const style = styleIn(options.thinking);
  const clients = new SdkClients(limits.deadlineMsMax);
  return {
    headers: { 'anthropic-version': apiVersion },
    supports: { ...supports, ...options.supports },
    write: (input, { model, provider }) =>
      anthropicRequest(input, { model, provider, maxTokens: ownMax, style }),
    read: ({ body, notes }, { provider, onDelta }) => ({
      told: toldBySdk,
      async run(exchange) {
        const answer = new AnthropicAnswer(onDelta);
        const client = await clients.lent();
        for await (const event of await client.stream(exchange, body)) {
          if (!answer.isComplete) answer.take(event);
          if (answer.isComplete) exchange.suffices();
        }
        if (!answer.isComplete) {
          throw new BrokenAnswer('cut', 'the stream ended without message_stop');
        }
        clients.giveBack(client);
        return answer.output(provider, notes);
      },
    }),
  };
}
