/** The messages between a process and its group of emulators. */
import type { GroupMember, GroupOutage, GroupSlots } from './emulator-group.ts';
import type { EmulatorStats } from './tally.ts';

/** Each request is answered under its number. When the channel ends, the child closes and exits. */
export type GroupRequest = { readonly number: number } & (
  | { readonly kind: 'start'; readonly members: readonly GroupMember[] }
  | { readonly kind: 'stats' }
  | { readonly kind: 'outages'; readonly outages: readonly GroupOutage[] }
);

export type GroupReply =
  | { readonly kind: 'started'; readonly urls: readonly string[] }
  | { readonly kind: 'stats'; readonly stats: readonly EmulatorStats[] }
  | { readonly kind: 'outages' };

export type GroupMessage =
  /**
   * Sent at intervals while slots change, and before every reply, so that a reader of a reply has
   * all changes until then.
   */
  | { readonly kind: 'slots'; readonly slots: GroupSlots }
  | { readonly kind: 'reply'; readonly number: number; readonly reply: GroupReply }
  | { readonly kind: 'failed'; readonly number: number; readonly reason: string };
