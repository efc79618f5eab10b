/** Lists of channels, of their groups and of memory entries, as the API tells them. */

import type { BudgetView } from '../api-types.ts';

/** Which names are wanted: those that begin with `prefix`. */
export type NamesQuery = {
  /** Default: all. */
  readonly prefix?: string;
  /** How many at most. */
  readonly limit?: number;
  /** For the next page; empty when there is none. */
  readonly cursor?: string;
};

/** A channel in a list. */
export type ChannelView = {
  /** Its name. */
  readonly channel: string;
  /** The newest message's number. */
  readonly head: number;
  /** How many messages are kept. */
  readonly messages: number;
  /** When the newest of them was published, in ms since 1970; null when none is kept. */
  readonly newestAtMs: number | null;
  /** How many groups it has; 1,000 at most are counted. */
  readonly groups: number;
};

/** A group of a channel. */
export type GroupView = {
  /** Its name. */
  readonly group: string;
  /** The number of the last message that was given to the group. */
  readonly cursor: number;
  /** How many messages are above it. */
  readonly lag: number;
  /** How many messages are under a lease; 1,000 at most are counted. */
  readonly leased: number;
};

/** A page of a channel's groups. */
export type GroupsPage = {
  /** The channel's newest number; 0: nothing was published to it. */
  readonly head: number;
  /** By name. */
  readonly groups: readonly GroupView[];
  /** For the next page; empty when there is none. */
  readonly cursor: string;
};

/** A memory entry in a list. */
export type EntryView = {
  /** The key. */
  readonly key: string;
  /** The newest version. */
  readonly version: number;
  /** True when that is a deletion. */
  readonly deleted: boolean;
  /** The size of its value as JSON. */
  readonly bytes: number;
  /** The first 200 characters of its value as JSON. */
  readonly valueStart: string;
  /** The run that wrote it; null when none did. */
  readonly runId: string | null;
  /** The turn in which it was written; null when no run wrote it. */
  readonly turn: number | null;
  /** When, in ms since 1970. */
  readonly writtenAtMs: number;
};

/** What a user has used of a budget. */
export type UserBudget = BudgetView & {
  /** The user. */
  readonly user: string;
  /** What calls to come may use; null without a bound. */
  readonly left: {
    /** Tokens. */
    readonly tokens: number | null;
    /** Cost, in the currency of the prices. */
    readonly cost: number | null;
  };
};
