/**
 * A model call, as agent authors write it and read its answer: the input and output of `generate`. The
 * checks of the input stand in `generate-input.ts`.
 */
import type { Json } from './json.ts';

/** A tool call that a model asks for. The chart carries it out, never heddle. */
export type ToolCall = {
  /** Unique in its result, and the same again when an attempt is repeated at Ollama. */
  readonly id: string;
  /** The tool's name. */
  readonly name: string;
  /** The tool's arguments, an object. */
  readonly input: Json;
  /**
   * Set when the model wrote anything but a JSON object that heddle can keep: it says what is wrong, in words
   * that the model can be told. The input is then `{}`.
   */
  readonly invalid?: string;
};

/** One message of a conversation. An assistant's message has the text and tool calls of a `GenerateOutput`. */
export type GenerateMessage =
  | {
      /** The role that says it. */
      readonly role: 'system' | 'user';
      /** The text. */
      readonly content: string;
    }
  | {
      /** The model says it. */
      readonly role: 'assistant';
      /** The text, which may be empty beside tool calls. */
      readonly content: string;
      /** The tools that it asked for. */
      readonly toolCalls?: readonly ToolCall[];
    }
  | {
      /** The result of a tool call in the assistant's message before it. */
      readonly role: 'tool';
      /** The `id` of that call. */
      readonly toolCallId: string;
      /** The result, as a text that the model reads. */
      readonly content: string;
      /** The call failed, and `content` says how. */
      readonly isError?: boolean;
    };

/** A tool that a model may ask for. */
export type ToolOffer = {
  /** Letters, digits, `_` and `-`. */
  readonly name: string;
  /** Tells the model what the tool does. */
  readonly description?: string;
  /** The JSON Schema of the arguments, which are an object. */
  readonly inputSchema: Json;
};

/** The input of a model call: the question, the providers that may take it, and the bounds of the call. */
export type GenerateInput = {
  /** The user's message. At least one of `prompt`, `messages` and `conversation` must be given. */
  readonly prompt?: string;
  /** The conversation so far, oldest first; a `prompt` beside it is the user's next message. */
  readonly messages?: readonly GenerateMessage[];
  /**
   * Names a durable conversation of this run. `messages` and `prompt` are then only the new messages: they are
   * appended to the conversation with the turn that asks, the answer with the turn that takes it, and the
   * provider gets the whole conversation. So no turn writes earlier messages again. One call at a time.
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
  readonly tools?: readonly ToolOffer[];
  /** The most tokens of the answer. Default: the provider's own. */
  readonly maxTokens?: number;
  /** 0 to 2. Without one, the provider's own. */
  readonly temperature?: number;
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

/** A model's answer. */
export type GenerateOutput = {
  /** The model's text; may be empty beside tool calls. */
  readonly text: string;
  /** The tool calls that the model asks for; empty when it asks for none. */
  readonly toolCalls: readonly ToolCall[];
  /** `end`, `tool-calls`, `max-tokens`, `stop-sequence`, `refusal`, or the provider's own word. */
  readonly stopReason: string;
  /** The tokens that the call has used. */
  readonly usage: TokenUsage;
  /** The name of the provider that answered. */
  readonly provider: string;
  /** The model that answered, as the provider calls it. */
  readonly model: string;
};

/** Tokens that a call has used, as its provider counts them. */
export type TokenUsage = {
  /** The tokens of everything that was sent. */
  readonly inputTokens: number;
  /** The tokens of the answer. */
  readonly outputTokens: number;
};
