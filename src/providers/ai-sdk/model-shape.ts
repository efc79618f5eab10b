/**
 * The parts of an AI SDK language model that heddle uses, of its specification V2, V3 and V4. They are
 * written here by shape, so that heddle needs none of the SDK's packages. What a model gives is checked
 * where it is read. Source: the types of `@ai-sdk/provider` 2, 3 and 4.
 */

/** An AI SDK language model, such as `openai('…')` of `@ai-sdk/openai` or any other provider of the SDK. */
export type LanguageModel = {
  /** `v2` (AI SDK 5), `v3` (6) or `v4` (7). */
  readonly specificationVersion: 'v2' | 'v3' | 'v4';
  /** The SDK's name of the provider, such as `openai.responses`. */
  readonly provider: string;
  /** The model's id at its provider. */
  readonly modelId: string;
  /** Makes one request and resolves with its answer as it comes. */
  doStream(options: never): PromiseLike<{
    /** The parts of the answer. */
    readonly stream: ReadableStream<unknown>;
  }>;
  /** Makes one request and resolves with its whole answer. */
  doGenerate(options: never): PromiseLike<unknown>;
};

export type Version = LanguageModel['specificationVersion'];

/** What heddle gives to `doStream` and `doGenerate`. */
export type CallOptions = {
  readonly prompt: readonly PromptMessage[];
  readonly maxOutputTokens?: number;
  readonly temperature?: number;
  readonly stopSequences?: readonly string[];
  readonly responseFormat?: { readonly type: 'json'; readonly schema: unknown };
  readonly tools?: readonly {
    readonly type: 'function';
    readonly name: string;
    readonly description?: string;
    readonly inputSchema: unknown;
  }[];
  readonly toolChoice?:
    | { readonly type: 'auto' | 'none' | 'required' }
    | { readonly type: 'tool'; readonly toolName: string };
  readonly reasoning?: 'none' | 'low' | 'medium' | 'high';
  readonly providerOptions?: unknown;
  readonly headers: Readonly<Record<string, string>>;
  readonly abortSignal: AbortSignal;
};

export type PromptMessage =
  | { readonly role: 'system'; readonly content: string }
  | { readonly role: 'user' | 'assistant' | 'tool'; readonly content: readonly PromptPart[] };

/** `providerOptions`: what the provider gave with the part as its `providerMetadata`. */
export type PromptPart = {
  readonly type: string;
  readonly providerOptions?: unknown;
  readonly [field: string]: unknown;
};
