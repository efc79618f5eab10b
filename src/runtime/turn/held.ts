/**
 * The runtime's notes beside the chart's own state, in the run's row: the positions of its
 * receives, its children's addresses, its open questions. All of them are read from the row again,
 * so a run that waits needs no memory.
 */
import type { Sender } from '../../domain/event.ts';
import type { ImageNeed } from '../../domain/model/needs.ts';
import type { SubscribedChannel } from '../../store/rows.ts';

export type HeldReceive = {
  readonly subscriptionId: string;
  readonly channels: readonly SubscribedChannel[];
};

export type HeldChild = {
  readonly runId: string;
  readonly shard: number;
  readonly agent: string;
};

/**
 * An open question; what it asks stands in the question's own row. Rows of heddle 0.1 have no
 * incarnation.
 */
type HeldAsk = { readonly incarnation?: number };

/**
 * How long a conversation is; its messages are rows of their own. `asks` is the call whose new messages are
 * not in the rows: the turn that takes its answer appends them. Absent for a call of an earlier release,
 * whose messages are in the rows already; such a release drops the mark when it appends.
 */
export type HeldConversation = {
  readonly messages: number;
  readonly chars: number;
  /** What its images need of a provider; absent without images. */
  readonly images?: readonly ImageNeed[];
  /** Absent without images, and for images of earlier releases. */
  readonly imageSizes?: ImageSizes;
  readonly asks?: { readonly id: string; readonly incarnation: number };
};

/** `count` images stand in the rows, `chars` of the rows are their bytes, and `bytes` were moved out of them. */
export type ImageSizes = { readonly count: number; readonly chars: number; readonly bytes: number };

/**
 * Whether a person, the parent or both have paused a run and not resumed it. `by`: who has given the last of
 * these pauses, to this run or to one above it; absent in rows of earlier releases.
 */
export type PausedBy = Sender & { readonly person: boolean; readonly parent: boolean };

/**
 * Attempts of a task that ended with their process. `isWaiting`: the task pauses before the next one.
 */
export type LostAttempts = {
  readonly incarnation: number;
  readonly attempts: number;
  /** The epoch at which the last one was counted. */
  readonly epoch: number;
  readonly isWaiting?: true;
};

export type Held = {
  /** Present while the run is paused. Absent in rows of 0.1.0, where only persons paused. */
  readonly pausedBy?: PausedBy;
  /** How many parents stand above this run, where they are more than one. */
  readonly generation?: number;
  /** By invocation id, while the invocation is open. Absent when no attempt was lost. */
  readonly lost?: Readonly<Record<string, LostAttempts>>;
  /** Characters of the journal's large turns since the last checkpoint; absent when there are none. */
  readonly journalChars?: number;
  /** By invocation id. */
  readonly receives: Readonly<Record<string, HeldReceive>>;
  readonly children: Readonly<Record<string, HeldChild>>;
  readonly asks: Readonly<Record<string, HeldAsk>>;
  /** By channel: the last message that this run has taken outside groups. */
  readonly cursors: Readonly<Record<string, number>>;
  /** By name. */
  readonly conversations: Readonly<Record<string, HeldConversation>>;
};

export const nothingHeld: Held = {
  receives: {},
  children: {},
  asks: {},
  cursors: {},
  conversations: {},
};

/** Null when nothing is held, as for most runs at most times. */
export function heldToText(held: Held): string | null {
  const { receives, children, asks, cursors, conversations, ...rare } = held;
  for (const _ in rare) return JSON.stringify(held);
  for (const part of [receives, children, asks, cursors, conversations]) {
    for (const _ in part) return JSON.stringify(held);
  }
  return null;
}

export function heldFromText(text: string | null): Held {
  return text === null ? nothingHeld : (JSON.parse(text) as Held);
}

/** Names come from people: a name like `constructor` must not find what every object inherits. */
export function noted<Value>(
  record: Readonly<Record<string, Value>>,
  key: string,
): Value | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** True when the call's new messages are not in the rows of its conversation. */
export function isUnwritten(
  { conversations }: Pick<Held, 'conversations'>,
  conversation: string,
  call: { readonly id: string; readonly incarnation: number },
): boolean {
  const asks = noted(conversations, conversation)?.asks;
  return asks !== undefined && asks.id === call.id && asks.incarnation === call.incarnation;
}

export function without<Value>(
  record: Readonly<Record<string, Value>>,
  key: string,
): Readonly<Record<string, Value>> {
  if (!Object.hasOwn(record, key)) return record;
  const { [key]: _, ...rest } = record;
  return rest;
}
