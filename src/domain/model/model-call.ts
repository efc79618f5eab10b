/**
 * A model call, as agent authors write it and read its answer: the input and output of `generate`. The
 * checks of the input stand in `generate-input.ts`.
 */
import type { Json, JsonObject } from '../json.ts';
import type { AssistantPart, GenerateMessage, MessageInput, ToolCall } from './message.ts';

export type * from './message.ts';

/** A tool that a model may ask for. */
export type ToolOffer = {
  /** Letters, digits, `_` and `-`. */
  readonly name: string;
  /** Tells the model what the tool does. */
  readonly description?: string;
  /** The JSON Schema of the arguments, which are an object. */
  readonly inputSchema: Json;
};

/** A `ToolOffer` as a chart may write it. */
export type ToolOfferInput = Omit<ToolOffer, 'inputSchema'> & {
  /**
   * The arguments, which are an object: a JSON Schema of draft-07, 2019-09 or 2020-12, or a Standard Schema that
   * describes itself. Providers get it as one plain object of 2020-12.
   */
  readonly inputSchema: Json | object;
};

/**
 * The input of a model call: the question, the providers that may take it, and the bounds of the call.
 *
 * What changes the answer is never left out: a call with an image, a schema or a tool choice goes only to
 * providers that can do it. What only helps (`temperature`, `stopSequences`, `reasoning`, `cache`) is left
 * out at a provider that does not know it, and the answer's `notes` say so.
 */
export type GenerateInput = {
  /** The user's message. At least one of `prompt`, `messages` and `conversation` must be given. */
  readonly prompt?: string;
  /** The conversation so far, oldest first; a `prompt` beside it is the user's next message. */
  readonly messages?: readonly MessageInput[];
  /**
   * Names a durable conversation of this run. `messages` and `prompt` are then only the new messages: the
   * provider gets the whole conversation with them, and the turn that takes the answer appends them and the
   * answer. So no turn writes earlier messages again, and a call that fails leaves nothing. One call at a time.
   */
  readonly conversation?: string;
  /** The instructions that the model gets before the conversation. */
  readonly system?: string;
  /** The name of the provider that takes the call. Without it, any provider may take the call. */
  readonly provider?: string;
  /**
   * Several providers, in order of preference: the first that is free takes the call. When none is free, the
   * call waits for all of them.
   */
  readonly providers?: readonly string[];
  /** Only providers that serve this model take the call. */
  readonly model?: string;
  /** Instead of a model: a word that each provider maps to one of its models, such as `small`. */
  readonly tier?: string;
  /** Tools that the model may ask for; the chart carries them out. */
  readonly tools?: readonly ToolOfferInput[];
  /** The most tokens of the answer. Default: the provider's own. */
  readonly maxTokens?: number;
  /** 0 to 2. Without one, the provider's own. */
  readonly temperature?: number;
  /**
   * Whether the model may call tools (`auto`), must call one (`required`), may not (`none`), or must call
   * the named one. Default: `auto`.
   */
  readonly toolChoice?:
    | 'auto'
    | 'required'
    | 'none'
    | {
        /** The name of the tool that must be called. */
        readonly tool: string;
      };
  /** Texts at which the model stops; at most 16. */
  readonly stopSequences?: readonly string[];
  /** How much the model thinks before it answers. Default: the provider's own. */
  readonly reasoning?: Reasoning;
  /**
   * Asks the provider to keep what comes before the newest message for the next call: `true` for as long
   * as the provider does by itself, or for at least the time given.
   */
  readonly cache?: boolean | '5m' | '1h';
  /**
   * The answer is JSON that fits this JSON Schema; it stands in the answer's `value`. Providers that cannot
   * hold a model to a schema are told it in words. An answer that does not fit is repaired once. A function that
   * makes the input may also give a Standard Schema that describes itself.
   */
  readonly schema?: Json | object;
  /**
   * Fields for the request body of single providers, by the provider's name. They are written over those
   * that heddle makes.
   */
  readonly providerOptions?: Readonly<Record<string, JsonObject>>;
  /**
   * The longest time from the commit of the turn that asks to the result, with all waiting for a slot, a
   * budget or a provider that is out. After it the call fails with `invocation-timeout`. Default: no limit.
   */
  readonly timeoutMs?: number;
  /**
   * The longest time of each attempt, from its sending. An attempt that takes longer is aborted, and another
   * follows after a pause. Default: the provider's own limits.
   */
  readonly attemptTimeoutMs?: number;
};

/** How much a model thinks: not at all, with an effort, or up to a number of tokens. */
export type Reasoning =
  | 'off'
  | 'low'
  | 'medium'
  | 'high'
  | {
      /** The most tokens of reasoning, at least 1,024. */
      readonly budgetTokens: number;
    };

/**
 * A `GenerateInput` as a provider gets it: heddle has checked it, and each message has its text in `content`.
 */
export type GenerateRequest = Omit<GenerateInput, 'messages' | 'schema' | 'tools'> & {
  /** Tools that the model may ask for. */
  readonly tools?: readonly ToolOffer[];
  /** The answer is JSON that fits this JSON Schema. */
  readonly schema?: Json;
  /** The conversation so far, oldest first; a `prompt` beside it is the user's next message. */
  readonly messages?: readonly GenerateMessage[];
};

/**
 * Why an answer ended. Only `end`, `stop-sequence` and `tool-calls` end a whole answer.
 * - `max-tokens`: at the bound of its tokens.
 * - `context-full`: the model's context was full.
 * - `refusal`: the model or its provider refused.
 * - `other`: for another reason, which `rawStopReason` gives.
 */
export type StopReason =
  'end' | 'stop-sequence' | 'tool-calls' | 'max-tokens' | 'context-full' | 'refusal' | 'other';

/** A model's answer. */
export type GenerateOutput = {
  /** The model's text; may be empty beside tool calls. */
  readonly text: string;
  /** The tool calls that the model asks for; empty when it asks for none. */
  readonly toolCalls: readonly ToolCall[];
  /**
   * The whole answer in order, when it holds more than its text and then its tool calls, such as reasoning.
   * `partsOf(output)` gives the parts of every answer.
   */
  readonly parts?: readonly AssistantPart[];
  /** Why the answer ended. */
  readonly stopReason: StopReason;
  /** The provider's own word, when `stopReason` is `other`. */
  readonly rawStopReason?: string;
  /** The JSON that the answer consists of, when the call gave a `schema`. */
  readonly value?: Json;
  /** Set when the first answer did not fit the `schema`, and this one is its repair. */
  readonly repair?: {
    /** What was wrong with the first answer. */
    readonly reason: string;
    /** The tokens of the repair alone; they are counted in `usage`. */
    readonly usage: TokenUsage;
  };
  /** What was left out of the request because the provider does not know it, in words. */
  readonly notes?: readonly string[];
  /** The tokens that the call has used. */
  readonly usage: TokenUsage;
  /** The name of the provider that answered. */
  readonly provider: string;
  /** The model that answered, as the provider calls it. */
  readonly model: string;
};

/** What a provider answers: a `GenerateOutput`, whose stop reason may be the provider's own word. */
export type ProviderAnswer = Omit<GenerateOutput, 'stopReason'> & {
  /** A `StopReason`, or the provider's own word. */
  readonly stopReason: string;
};

/** Tokens that a call has used, as its provider counts them. */
export type TokenUsage = {
  /** The tokens of everything that was sent, with those that the provider had cached. */
  readonly inputTokens: number;
  /** The tokens of the answer, with those of its reasoning. */
  readonly outputTokens: number;
  /** Of the input: tokens that were read from the provider's cache. */
  readonly cacheReadTokens?: number;
  /** Of the input: tokens that were written to the provider's cache. */
  readonly cacheWriteTokens?: number;
  /** Of the output: tokens of reasoning. */
  readonly reasoningTokens?: number;
};

/** A piece of an answer, while it comes. */
export type ModelDelta =
  | {
      /** Names the kind of piece: text of the answer, or text of its reasoning. */
      readonly type: 'text' | 'reasoning';
      /** The text that came. */
      readonly text: string;
    }
  | {
      /** Names the kind of piece. */
      readonly type: 'tool-call';
      /** The id of the tool call. */
      readonly id: string;
      /** The tool's name. */
      readonly name: string;
      /** The piece of the arguments that came, as the model wrote it; empty when the call begins. */
      readonly inputText: string;
    };
