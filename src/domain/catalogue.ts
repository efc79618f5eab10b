/**
 * The inputs and outputs of heddle's own actors, as agent authors write and read them. The checks
 * of these inputs stand in `catalogue-input.ts`.
 */
import type { Json } from './json.ts';

/** One of the four owners of memory entries. `run` and `agent` mean the one that asks. */
export type MemoryScope = 'run' | 'agent' | 'user' | 'tenant';

/** A model's wish to have a tool called: for the chart to carry out, never for heddle. */
export type ToolCall = {
  /** Unique in its result, and the same again when an attempt is repeated at Ollama. */
  readonly id: string;
  readonly name: string;
  readonly input: Json;
  /**
   * Set when the model wrote something else than a JSON object that heddle can keep: what is wrong,
   * in words that the model can be told. The input is then `{}`.
   */
  readonly invalid?: string;
};

/** One message of a conversation. An assistant's is a `GenerateOutput`'s text and tool calls. */
export type GenerateMessage =
  | { readonly role: 'system' | 'user'; readonly content: string }
  | {
      readonly role: 'assistant';
      readonly content: string;
      readonly toolCalls?: readonly ToolCall[];
    }
  | {
      /** What came of a tool call of the assistant's message before it. */
      readonly role: 'tool';
      readonly toolCallId: string;
      readonly content: string;
      readonly isError?: boolean;
    };

export type GenerateInput = {
  /** A prompt, or the whole conversation. One of the two must be given, or `conversation`. */
  readonly prompt?: string;
  readonly messages?: readonly GenerateMessage[];
  /**
   * Names a durable conversation of this run. `messages` and `prompt` are then only what is new: they
   * are appended to it with the turn that asks, the answer with the turn that takes it, and the
   * provider is sent all of it. So no turn writes again what was said before. One call at a time.
   */
  readonly conversation?: string;
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
  readonly tools?: readonly {
    readonly name: string;
    readonly description?: string;
    /** JSON Schema of an object. */
    readonly inputSchema: Json;
  }[];
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

export type GenerateOutput = {
  readonly text: string;
  readonly toolCalls: readonly ToolCall[];
  /** `end`, `tool-calls`, `max-tokens`, `stop-sequence`, `refusal`, or the provider's own word. */
  readonly stopReason: string;
  readonly usage: { readonly inputTokens: number; readonly outputTokens: number };
  readonly provider: string;
  readonly model: string;
};

export type ReceiveInput = {
  /** One channel or several. */
  readonly channel?: string;
  readonly channels?: readonly string[];
  /**
   * `any` (default): at least one message on any channel. `all`: at least one on each channel.
   * `{ atLeast }`: that many messages in all.
   */
  readonly until?: 'any' | 'all' | { readonly atLeast: number };
  /** Messages to take at most: of each channel for `all`, in all otherwise. Default 1 (`atLeast`: n). */
  readonly max?: number;
  /**
   * Runs of one group share the messages: each goes to one of them. Without a group the run is a
   * group of its own.
   */
  readonly group?: string;
  /** Where a group (or run) that never received from this channel begins. Default `earliest`. */
  readonly from?: 'earliest' | 'latest';
  readonly timeoutMs?: number;
};

/** A message as a chart gets it. */
export type ReceivedMessage<Payload = Json> = {
  readonly channel: string;
  /** The message's number in its channel: dense, from 1, in commit order. */
  readonly seq: number;
  readonly messageId: string;
  readonly payload: Payload;
};
export type ReceiveOutput<Payload = Json> = {
  readonly messages: readonly ReceivedMessage<Payload>[];
};

export type PublishInput = {
  readonly channel: string;
  readonly payload: Json;
  readonly delayMs?: number;
};
export type PublishOutput = { readonly channel: string; readonly messageId: string };

export type RememberInput = {
  readonly scope: MemoryScope;
  readonly key: string;
  readonly value: Json;
  /** The version that the entry must have (0: must not exist), else `memory-conflict`. */
  readonly expectedVersion?: number;
  /** Merge an object's keys into the newest value (RFC 7386) instead of replacing it. */
  readonly merge?: boolean;
};
export type RememberOutput = { readonly key: string; readonly version: number };

export type RecallInput = {
  readonly scope: MemoryScope;
  readonly key: string;
  /** One certain version instead of the newest. */
  readonly version?: number;
  /** Also the versions before it, newest first, at most so many. */
  readonly history?: number;
};
export type MemoryVersion<Value = Json> = {
  readonly version: number;
  /** Null for the first. */
  readonly parent: number | null;
  /** Null when this version deletes the entry. */
  readonly value: Value | null;
  readonly deleted: boolean;
  /** Who wrote it. */
  readonly runId: string | null;
  readonly turn: number | null;
};
/** `found` is false, `version` 0 and `value` null when there is no entry or it was deleted. */
export type RecallOutput<Value = Json> = {
  readonly key: string;
  /** The versions before it, newest first, as many as `history` asked for. */
  readonly history: readonly MemoryVersion<Value>[];
} & (
  | { readonly found: true; readonly version: number; readonly value: Value }
  | { readonly found: false; readonly version: 0; readonly value: null }
);

export type ForgetInput = {
  readonly scope: MemoryScope;
  readonly key: string;
  readonly expectedVersion?: number;
};
/** `version` is that of the deletion, or 0 when there was nothing to forget. */
export type ForgetOutput = { readonly key: string; readonly version: number };

export type EvaluateInput = {
  /** The run that is judged. */
  readonly runId: string;
  /** 0 to 1. */
  readonly score: number;
  readonly rationale: string;
};
export type EvaluateOutput = { readonly evaluationId: string };

export type AskInput = {
  readonly question: string;
  /** JSON Schema subset that the answer must fit: checked by `src/library/answers.ts`. */
  readonly schema?: Json;
  readonly timeoutMs?: number;
};
/** What the person answered. */
export type AskOutput<Answer = Json> = { readonly answer: Answer };
