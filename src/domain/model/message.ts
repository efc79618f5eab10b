/**
 * The messages of a conversation with a model, and the parts that a message may hold. A message has its
 * text in `content`, which is all that most messages have. A message that holds more has `parts` as well:
 * then `parts` is the whole message in order, and `content` repeats its text, for programs and rows that
 * know only texts.
 */
import type { Json } from '../json.ts';

/** The provider that wrote a part, and the model that it was asked for. heddle sets both. */
export type PartOrigin = {
  /** The provider's name. */
  readonly provider: string;
  /** The model that was asked for. The name in the answer may be longer. */
  readonly model: string;
};

/** A text. */
export type TextPart = {
  /** Names the kind of part. */
  readonly type: 'text';
  /** The text. */
  readonly text: string;
};

/**
 * What a model thought before it answered. It goes back unchanged to the provider and model that wrote it,
 * and to no other.
 */
export type ReasoningPart = {
  /** Names the kind of part. */
  readonly type: 'reasoning';
  /** The text of the reasoning. Empty where the provider shows none. */
  readonly text: string;
  /** By which the provider knows its own reasoning again. */
  readonly signature?: string;
  /** Reasoning that only the provider can read. */
  readonly encrypted?: string;
  /** Where it came from. */
  readonly from?: PartOrigin;
};

/** A tool call that a model asks for. The chart carries it out, never heddle. */
export type ToolCall = {
  /** Unique in its result, and the same again when an attempt is repeated at Ollama. */
  readonly id: string;
  /** The tool's name. */
  readonly name: string;
  /** The tool's arguments, an object. */
  readonly input: Json;
  /**
   * Set when the call must not be carried out: the model wrote anything but a JSON object that heddle can
   * keep, or its answer was cut. It says what is wrong, in words that the model can be told. Where the
   * arguments cannot be kept, the input is `{}`.
   */
  readonly invalid?: string;
  /** Further fields of the call that its provider wants back unchanged, such as a signature. */
  readonly extra?: {
    /** The fields, as the provider wrote them. */
    readonly data: Json;
    /** Where they came from. */
    readonly from?: PartOrigin;
  };
};

/** A tool call, as a part of a message. */
export type ToolCallPart = ToolCall & {
  /** Names the kind of part. */
  readonly type: 'tool-call';
};

/** An image: its bytes, their hash, or an address. */
export type ImagePart = {
  /** Names the kind of part. */
  readonly type: 'image';
} & (
  | {
      /** The media type, such as `image/png`. */
      readonly mediaType: string;
      /** The bytes, in base64. */
      readonly data: string;
    }
  | {
      /** The media type, such as `image/png`. */
      readonly mediaType: string;
      /** SHA-256 of the bytes, in hexadecimal: of an image that `heddle.storeImage` has stored. */
      readonly sha256: string;
    }
  | {
      /** An address that the provider reads. heddle never fetches it. */
      readonly url: string;
    }
);

/** JSON, in the result of a tool call. */
export type JsonPart = {
  /** Names the kind of part. */
  readonly type: 'json';
  /** The value. */
  readonly value: Json;
};

/**
 * A part of a kind that heddle does not know. It goes back unchanged to the provider and model that wrote
 * it, and to no other.
 */
export type OpaquePart = {
  /** Names the kind of part. */
  readonly type: 'opaque';
  /** The part, as the provider wrote it. */
  readonly data: Json;
  /** Where it came from. */
  readonly from?: PartOrigin;
};

/** What a user's message may hold. */
export type UserPart = TextPart | ImagePart;
/** What a model's message may hold. */
export type AssistantPart = TextPart | ReasoningPart | ToolCallPart | ImagePart | OpaquePart;
/** What the result of a tool call may hold. */
export type ToolResultPart = TextPart | JsonPart | ImagePart;

/** One message of a conversation. An assistant's message has the text and tool calls of a `GenerateOutput`. */
export type GenerateMessage =
  | {
      /** Instructions. */
      readonly role: 'system';
      /** The text. */
      readonly content: string;
    }
  | {
      /** A person says it. */
      readonly role: 'user';
      /** The text. */
      readonly content: string;
      /** The whole message, where it holds more than its text. */
      readonly parts?: readonly UserPart[];
    }
  | {
      /** The model says it. */
      readonly role: 'assistant';
      /** The text, which may be empty beside tool calls. */
      readonly content: string;
      /** The tools that it asked for. */
      readonly toolCalls?: readonly ToolCall[];
      /** The whole message, where it holds more than its text and then its tool calls. */
      readonly parts?: readonly AssistantPart[];
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
      /** The whole result, where it holds more than its text. */
      readonly parts?: readonly ToolResultPart[];
    };

/**
 * A message as a chart writes it: a `GenerateMessage`, whose `content` may also be the list of its parts.
 */
export type MessageInput =
  | GenerateMessage
  | {
      /** A person says it. */
      readonly role: 'user';
      /** The whole message. */
      readonly content: readonly UserPart[];
    }
  | {
      /** The model says it. */
      readonly role: 'assistant';
      /** The whole message. */
      readonly content: readonly AssistantPart[];
    }
  | {
      /** The result of a tool call in the assistant's message before it. */
      readonly role: 'tool';
      /** The `id` of that call. */
      readonly toolCallId: string;
      /** The whole result. */
      readonly content: readonly ToolResultPart[];
      /** The call failed. */
      readonly isError?: boolean;
    };
