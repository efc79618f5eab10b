/**
 * What the runtime notes beside the chart's own state, in the run's row: where its receives stand,
 * its children's addresses, which questions are open. Everything here is rebuilt from the row, so
 * a run that waits needs no memory.
 */
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

/** What it asks stands in the question's own row. Rows of heddle 0.1 do not have the incarnation. */
type HeldAsk = { readonly incarnation?: number };

/** How far a conversation has come: its messages are rows of their own. */
type HeldConversation = { readonly messages: number; readonly chars: number };

/** Who has paused a run, and has not resumed it: a person, or its parent with all its family. */
export type PausedBy = { readonly person: boolean; readonly parent: boolean };

/** Attempts of a task that ended with their process. `isWaiting`: the next one has not begun. */
export type LostAttempts = {
  readonly incarnation: number;
  readonly attempts: number;
  /** At which the last one was counted. */
  readonly epoch: number;
  readonly isWaiting?: true;
};

export type Held = {
  /** While it is paused. Absent in rows of 0.1.0, where only persons paused. */
  readonly pausedBy?: PausedBy;
  /** How many parents stand above this run, where they are more than one. */
  readonly generation?: number;
  /** By invocation id, while it is open. Absent where none was lost. */
  readonly lost?: Readonly<Record<string, LostAttempts>>;
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

/** Null when nothing is held: most runs, most of the time. */
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

/** Names come from people: `constructor` must not find what every object has. */
export function noted<Value>(
  record: Readonly<Record<string, Value>>,
  key: string,
): Value | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

export function without<Value>(
  record: Readonly<Record<string, Value>>,
  key: string,
): Readonly<Record<string, Value>> {
  if (!Object.hasOwn(record, key)) return record;
  const { [key]: _, ...rest } = record;
  return rest;
}
