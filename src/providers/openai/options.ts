/** The options of `openaiCompatible`, checked by field. */
import { asBoolean, asOneOf, asText, asWhole, refuseField } from '../../domain/field.ts';
import { checkName } from '../../domain/ids.ts';
import type { Json } from '../../domain/json.ts';
import { asList, asOptions } from '../../domain/options.ts';
import { type CallPreference, callPreferences, type ProviderSupport } from '../port.ts';
import type { AdapterOptions } from '../wire/adapter-options.ts';
import type { ChatSettings } from './chat-request.ts';

/** What a server of chat completions can do. A server that lacks something is told with `false`. */
export type ChatSupport = {
  /** Default `bytes-and-urls`. */
  readonly images?: false | 'bytes' | 'bytes-and-urls';
  /** `tool_choice`. Default true. */
  readonly toolChoice?: boolean;
  /**
   * `response_format` with a JSON Schema. Default true: with `strict` where the schema fits. `not-strict`:
   * never with `strict`.
   */
  readonly schema?: boolean | 'not-strict';
  /** `stream_options.include_usage`, without which most servers count no tokens. Default true. */
  readonly usage?: boolean;
  /** The preferences that it knows. Default: `temperature`, `stopSequences` and `reasoning`. */
  readonly preferences?: readonly CallPreference[];
};

/** The options of `openaiCompatible`. */
export type OpenaiCompatibleOptions = AdapterOptions & {
  /** The name that `generate` uses for this provider, such as `openrouter`. */
  readonly name: string;
  /** Where `/chat/completions` stands, such as `https://api.openai.com/v1`. */
  readonly baseUrl: string;
  /** Sent as `Authorization: Bearer …`. It is never read from the environment. */
  readonly apiKey?: string;
  /** Calls, and sockets, that may be open at once for each model. */
  readonly ceiling: number;
  /** For calls that give no `maxTokens`. Default: the server's own. */
  readonly maxTokens?: number;
  /**
   * The field for the most tokens of an answer. Default `max_tokens`, which nearly all servers know; OpenAI's
   * newer models want `max_completion_tokens`.
   */
  readonly maxTokensField?: 'max_tokens' | 'max_completion_tokens';
  /** Further headers of each request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What the server can do, where it is not all of the protocol. */
  readonly supports?: ChatSupport;
  /** `parallel_tool_calls`. Default: not sent. */
  readonly parallelToolCalls?: boolean;
  /**
   * How reasoning of earlier answers is sent back: `as-it-came` (the default), `always` with a field on every
   * answer of the model, or `never`. An answer with DeepSeek's `reasoning_content` makes it `always`.
   */
  readonly reasoningBack?: 'as-it-came' | 'always' | 'never';
  /** What is sent as `reasoning_effort` for `reasoning: 'off'`. Default `none`. */
  readonly reasoningOff?: 'none' | 'minimal' | 'low';
};

export const ownOptions = [
  'maxTokens',
  'maxTokensField',
  'headers',
  'supports',
  'parallelToolCalls',
  'reasoningBack',
  'reasoningOff',
] as const;

export type Resolved = {
  readonly settings: ChatSettings;
  readonly headers: Readonly<Record<string, string>>;
  readonly supports: ProviderSupport;
};

/** Throws `invalid-field` and names the option. */
export function resolveOptions(options: OpenaiCompatibleOptions): Resolved {
  checkName(options.name, 'name');
  if (options.ceiling === undefined) refuseField('ceiling', 'must be given');
  const given = asOptions(options.supports ?? {}, 'supports', supportKeys);
  const { parallelToolCalls } = options;
  const schema = given.schema === 'not-strict' || asBoolean(given.schema, 'supports.schema', true);
  const bounds = { min: 1, max: tokensMax, fallback: null };
  return {
    headers: headersOf(options.headers),
    supports: {
      ...imagesOf(given.images),
      toolChoice: asBoolean(given.toolChoice, 'supports.toolChoice', true),
      schema,
      preferences: preferencesOf(given.preferences),
    },
    settings: {
      maxTokens: asWhole(options.maxTokens, 'maxTokens', bounds),
      maxTokensField: asOneOf(
        options.maxTokensField,
        'maxTokensField',
        ['max_tokens', 'max_completion_tokens'],
        'max_tokens',
      ),
      asksUsage: asBoolean(given.usage, 'supports.usage', true),
      mayBeStrict: given.schema !== 'not-strict',
      parallelToolCalls:
        parallelToolCalls === undefined
          ? null
          : asBoolean(parallelToolCalls, 'parallelToolCalls', true),
      reasoningBack: asOneOf(
        options.reasoningBack,
        'reasoningBack',
        ['as-it-came', 'always', 'never'],
        'as-it-came',
      ),
      reasoningOff: asOneOf(
        options.reasoningOff,
        'reasoningOff',
        ['none', 'minimal', 'low'],
        'none',
      ),
    },
  };
}

const tokensMax = 100_000_000;
const supportKeys = ['images', 'toolChoice', 'schema', 'usage', 'preferences'] as const;
const imageKinds = ['bytes', 'bytes-and-urls'] as const;

function imagesOf(images: ChatSupport['images']): Pick<ProviderSupport, 'images'> {
  if (images === false) return {};
  return { images: asOneOf(images, 'supports.images', imageKinds, 'bytes-and-urls') };
}

function preferencesOf(given: ChatSupport['preferences']): readonly CallPreference[] {
  if (given === undefined) return ['temperature', 'stopSequences', 'reasoning'];
  const list = asList(given, 'supports.preferences', {
    max: callPreferences.length,
    what: 'preferences',
  });
  return list.map((name, i) =>
    asOneOf(name as Json, `supports.preferences[${i}]`, callPreferences),
  );
}

const headersMax = 50;
const token = /^[a-zA-Z0-9!#$%&'*+.^_`|~-]{1,100}$/;
/** Characters that a header's value may have. */
const visible = /^[\t\x20-\x7e\x80-\xff]{0,8192}$/;
const heddlesOwn = new Set([
  'accept-encoding',
  'authorization',
  'connection',
  'content-length',
  'content-type',
  'expect',
  'host',
  'transfer-encoding',
  'upgrade',
]);

function headersOf(given: OpenaiCompatibleOptions['headers']): Record<string, string> {
  const entries = Object.entries(asOptions(given ?? {}, 'headers', null));
  if (entries.length > headersMax) refuseField('headers', `may be ${headersMax} at most`);
  const headers = entries.map(([name, value]) => {
    const field = `headers.${name.slice(0, 100)}`;
    const lower = name.toLowerCase();
    if (!token.test(name)) refuseField(field, 'is no name of a header');
    if (heddlesOwn.has(lower)) {
      refuseField(field, lower === 'authorization' ? 'is written from apiKey' : "is heddle's own");
    }
    if (!visible.test(asText(value, field))) refuseField(field, 'must be a text on one line');
    return [lower, value] as const;
  });
  return Object.fromEntries(headers);
}
