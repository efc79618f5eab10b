/**
 * A model call, as agent authors write it and read its answer: the input and output of `generate`. The
 * checks of the input stand in `generate-input.ts`.
 */
import type { Json } from './json.ts';

/** A model's wish to have a tool called: for the chart to carry out, never for heddle. */
export type ToolCall = {
  /** Unique in its result, and the same again when an attempt is repeated at Ollama. */
  readonly id: string;
  /** The tool's. */
  readonly name: string;
  /** Its arguments, an object. */
  readonly input: Json;
  /**
   * Set when the model wrote something else than a JSON object that heddle can keep: what is wrong,
   * in words that the model can be told. The input is then `{}`.
   */
  readonly invalid?: string;
};

/** One message of a conversation. An assistant's is a `GenerateOutput`'s text and tool calls. */
export type GenerateMessage =
  | {
      /** Who says it. */
      readonly role: 'system' | 'user';
      /** The text. */
      readonly content: string;
    }
  | {
      /** What the model said. */
      readonly role: 'assistant';
      /** The text, which may be empty beside tool calls. */
      readonly content: string;
      /** The tools that it asked for. */
      readonly toolCalls?: readonly ToolCall[];
    }
  | {
      /** What came of a tool call of the assistant's message before it. */
      readonly role: 'tool';
      /** The `id` of that call. */
      readonly toolCallId: string;
      /** The result, as a text that the model reads. */
      readonly content: string;
      /** The call failed, and `content` says how. */
      readonly isError?: boolean;
    };

/** A tool that a model is offered. */
export type ToolOffer = {
  /** Letters, digits, `_` and `-`. */
  readonly name: string;
  /** What it does, for the model. */
  readonly description?: string;
  /** JSON Schema of an object. */
  readonly inputSchema: Json;
};

/** What is asked of a model, where it may be asked, and the bounds of the call. */
export type GenerateInput = {
  /** A prompt, or the whole conversation. One of the two must be given, or `conversation`. */
  readonly prompt?: string;
  /** The conversation so far, oldest first; a `prompt` beside it is the user's next message. */
  readonly messages?: readonly GenerateMessage[];
  /**
   * Names a durable conversation of this run. `messages` and `prompt` are then only what is new: they
   * are appended to it with the turn that asks, the answer with the turn that takes it, and the
   * provider is sent all of it. So no turn writes again what was said before. One call at a time.
   */
  readonly conversation?: string;
  /** What the model is told before the conversation. */
  readonly system?: string;
  /** Where to call: a provider's name. Without one, any provider may take the call. */
  readonly provider?: string;
  /**
   * Or several, in order of preference: the first that is free takes the call, and the queue of all
   * of them when none is.
   */
  readonly providers?: readonly string[];
  /** Only providers that serve this model take the call. */
  readonly model?: string;
  /** Instead of a model: the word that providers have for one, such as `small`. */
  readonly tier?: string;
  /** Tools that the model may ask for; the chart carries them out. */
  readonly tools?: readonly ToolOffer[];
  /** Of the answer. Default: the provider's own. */
  readonly maxTokens?: number;
  /** 0 to 2. Without one, the provider's own. */
  readonly temperature?: number;
  /**
   * From the commit of the turn that asks to the result, wherever the call waits meanwhile: for a slot,
   * a budget, a provider that is out. Then it fails with `invocation-timeout`. Default: no limit.
   */
  readonly timeoutMs?: number;
  /**
   * Of each attempt, from its sending. One that takes longer is aborted, and the call comes again after
   * a pause. Default: the provider's own limits.
   */
  readonly attemptTimeoutMs?: number;
};

/** A model's answer. */
export type GenerateOutput = {
  /** What it said; may be empty beside tool calls. */
  readonly text: string;
  /** The tools that it asks for; empty when it asks for none. */
  readonly toolCalls: readonly ToolCall[];
  /** `end`, `tool-calls`, `max-tokens`, `stop-sequence`, `refusal`, or the provider's own word. */
  readonly stopReason: string;
  /** What it has used, in tokens. */
  readonly usage: TokenUsage;
  /** The name of the provider that answered. */
  readonly provider: string;
  /** The model that answered, as the provider calls it. */
  readonly model: string;
};

/** Tokens that a call has used, as its provider counts them. */
export type TokenUsage = {
  /** Of all that was sent. */
  readonly inputTokens: number;
  /** Of the answer. */
  readonly outputTokens: number;
};
