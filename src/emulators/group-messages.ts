/** What a process with a group of emulators is told, and what it says. */
import type { GroupMember, GroupOutage, GroupSlots } from './emulator-group.ts';
import type { EmulatorStats } from './tally.ts';

/** Each is answered under its number; the channel's end means: close and go. */
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
  /** Unasked, now and then; and before every answer, so that whoever asks knows all until then. */
  | { readonly kind: 'slots'; readonly slots: GroupSlots }
  | { readonly kind: 'reply'; readonly number: number; readonly reply: GroupReply }
  | { readonly kind: 'failed'; readonly number: number; readonly reason: string };
