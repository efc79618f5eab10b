/**
 * The inputs and outputs of heddle's own actors, as agent authors write and read them. The checks
 * of these inputs stand in `catalogue-input.ts`.
 */
import type { Json } from './json.ts';

export type * from './model/model-call.ts';

/** One of the four kinds of owners of memory entries. `run` and `agent` mean the run that asks and its agent. */
export type MemoryScope = 'run' | 'agent' | 'user' | 'tenant';

/** The messages that a chart waits for. */
export type ReceiveInput = {
  /** One channel or several. */
  readonly channel?: string;
  /** Several channels; not beside `channel`. */
  readonly channels?: readonly string[];
  /**
   * `any` (default): at least one message on any channel. `all`: at least one on each channel.
   * `{ atLeast }`: that many messages in all.
   */
  readonly until?:
    | 'any'
    | 'all'
    | {
        /** How many messages. */
        readonly atLeast: number;
      };
  /** Messages to take at most: of each channel for `all`, in all otherwise. Default 1 (`atLeast`: n). */
  readonly max?: number;
  /**
   * Runs of one group share the messages: each goes to one of them. Without a group the run is a
   * group of its own.
   */
  readonly group?: string;
  /** The message at which a group (or run) begins that never received from this channel. Default `earliest`. */
  readonly from?: 'earliest' | 'latest';
  /** The longest wait, from the turn that asks; then it fails with `invocation-timeout`. Default: no limit. */
  readonly timeoutMs?: number;
};

/** A message as a chart gets it. */
export type ReceivedMessage<Payload = Json> = {
  /** The channel of the message. */
  readonly channel: string;
  /** The message's number in its channel: dense, from 1, in commit order. */
  readonly seq: number;
  /** The id that `publish` returned for it. */
  readonly messageId: string;
  /** The payload that was published. */
  readonly payload: Payload;
};
/** The output of a receive: as many messages as were there, at most `max`. */
export type ReceiveOutput<Payload = Json> = {
  /** In order within each channel. */
  readonly messages: readonly ReceivedMessage<Payload>[];
};

/** A message that a chart adds to a channel. */
export type PublishInput = {
  /** A name; the channel begins with its first message or receiver. */
  readonly channel: string;
  /** Any JSON. */
  readonly payload: Json;
  /** How long no receiver sees the message. Default 0. */
  readonly delayMs?: number;
};
/** The output of a publish. */
export type PublishOutput = {
  /** The channel that was asked for. */
  readonly channel: string;
  /** Names the message for ever. */
  readonly messageId: string;
};

/** A version that a chart adds to a memory entry. */
export type RememberInput = {
  /** The kind of the entry's owner. */
  readonly scope: MemoryScope;
  /** The entry's name. */
  readonly key: string;
  /** Any JSON. */
  readonly value: Json;
  /** The version that the entry must have (0: must not exist), else `memory-conflict`. */
  readonly expectedVersion?: number;
  /** Merge an object's keys into the newest value (RFC 7386) instead of replacing it. */
  readonly merge?: boolean;
};
/** The output of a remember. */
export type RememberOutput = {
  /** The entry's name. */
  readonly key: string;
  /** The number of the version that was written. */
  readonly version: number;
};

/** Which memory entry a chart reads. */
export type RecallInput = {
  /** The kind of the entry's owner. */
  readonly scope: MemoryScope;
  /** The entry's name. */
  readonly key: string;
  /** Reads this version instead of the newest. */
  readonly version?: number;
  /** Also reads at most this many versions before it, newest first. */
  readonly history?: number;
};
/** One version of a memory entry. */
export type MemoryVersion<Value = Json> = {
  /** The version's number, from 1, without gaps. */
  readonly version: number;
  /** Null for the first. */
  readonly parent: number | null;
  /** Null when this version deletes the entry. */
  readonly value: Value | null;
  /** This version deletes the entry. */
  readonly deleted: boolean;
  /** The run that wrote it; null when it came from outside. */
  readonly runId: string | null;
  /** The turn that wrote it. */
  readonly turn: number | null;
};
/** `found` is false, `version` 0 and `value` null when there is no entry or it was deleted. */
export type RecallOutput<Value = Json> = {
  /** The entry's name. */
  readonly key: string;
  /** The versions before it, newest first, as many as `history` asked for. */
  readonly history: readonly MemoryVersion<Value>[];
} & (
  | {
      /** The entry exists. */
      readonly found: true;
      /** The version of the value. */
      readonly version: number;
      /** The value, as it was remembered. */
      readonly value: Value;
    }
  | {
      /** There is no entry, or it was deleted. */
      readonly found: false;
      /** None. */
      readonly version: 0;
      /** None. */
      readonly value: null;
    }
);

/** Which memory entry a chart deletes. */
export type ForgetInput = {
  /** The kind of the entry's owner. */
  readonly scope: MemoryScope;
  /** The entry's name. */
  readonly key: string;
  /** The version that the entry must have, else `memory-conflict`. */
  readonly expectedVersion?: number;
};
/** `version` is that of the deletion, or 0 when there was nothing to forget. */
export type ForgetOutput = {
  /** The entry's name. */
  readonly key: string;
  /** The version of the deletion: a deletion is a version too. */
  readonly version: number;
};

/** A score that a run gives another. */
export type EvaluateInput = {
  /** The run that is judged. */
  readonly runId: string;
  /** 0 to 1. */
  readonly score: number;
  /** Why, in words. */
  readonly rationale: string;
};
/** The output of an evaluate. */
export type EvaluateOutput = {
  /** Names the evaluation for ever. */
  readonly evaluationId: string;
};

/** A question that a chart asks a person. */
export type AskInput = {
  /** The question, in words. */
  readonly question: string;
  /**
   * JSON Schema that the answer must fit, of draft-07, 2019-09 or 2020-12. A function that makes the input may
   * also give a Standard Schema that describes itself. Default: any answer fits.
   */
  readonly schema?: Json | object;
  /** The subject of the question, for programs that show it: any JSON. */
  readonly data?: Json;
  /** The person or group that should answer, by a name of the host's. heddle shows it and checks nothing. */
  readonly assignee?: string;
  /** The longest wait, from the turn that asks; then it fails with `invocation-timeout`. Default: no limit. */
  readonly timeoutMs?: number;
};
/** The person's answer. */
export type AskOutput<Answer = Json> = {
  /** The answer, which fits the question's schema. */
  readonly answer: Answer;
};
