/**
 * Rows that the twin stores where the port's rows are not enough, and the key of each row. Types and
 * keys alone: the tables stand in database.ts.
 */
import type { ReplicaId } from '../../domain/ids.ts';
import type {
  AttemptInsert,
  ConversationInsert,
  ImageBytes,
  MessageInsert,
  SlotWrite,
} from '../batch.ts';
import type { BudgetRow, Reservation } from '../charges.ts';
import type { PartFate } from '../fates.ts';
import type { ActivityCounts } from '../ports/operations-port.ts';
import type { ShardGrant } from '../port.ts';
import type {
  AgentRow,
  ChannelAddress,
  CheckpointRow,
  GroupAddress,
  JournalRow,
  MemoryAddress,
  MessageRow,
  RunAddress,
  SubscribedChannel,
  SubscriptionRow,
  TimerRow,
} from '../rows.ts';
import type { RequestMark } from '../requests/request-rows.ts';
import type { GateOrderRow } from '../ports/gate-orders-port.ts';
import type { Lines, ProviderRow } from '../provider-rows.ts';
import { join } from './table.ts';

type RunKey = { readonly tenant: string; readonly runId: string };

export type StoredJournal = JournalRow & RunKey;
export type StoredCheckpoint = CheckpointRow & RunKey;
export type StoredAttempt = AttemptInsert & { readonly order: number };
/**
 * `pruned` counts messages that housekeeping has deleted, so that the audit does not take them for gaps.
 */
export type StoredChannel = ChannelAddress & { readonly head: number; readonly pruned: number };
export type StoredMessage = Omit<MessageRow, 'payload'> & {
  readonly tenant: string;
  readonly payloadText: string;
};
/** `order` keeps delayed messages of one deadline in the order of their commits. */
export type StoredDelayed = MessageInsert & { readonly dueAtMs: number; readonly order: number };
export type StoredCursor = GroupAddress & { readonly cursor: number };
export type StoredLease = GroupAddress & {
  readonly seq: number;
  readonly attempt: number;
  readonly token: string;
  readonly untilMs: number;
};
export type StoredSubscription = SubscriptionRow & { readonly shard: number };
/** One channel of a waiting subscription. The waiter with the lowest `order` has waited longest. */
export type StoredWaiter = RunAddress &
  SubscribedChannel & { readonly subscriptionId: string; readonly order: number };
export type StoredConversationEntry = RunKey &
  ConversationInsert & { readonly turn: number; readonly place: number };
export type StoredImage = ImageBytes & {
  readonly tenant: string;
  readonly sha256: string;
  readonly size: number;
  /** When it was last stored or put to use. */
  readonly storedAtMs: number;
};
export type StoredImageUse = RunKey & { readonly sha256: string };
/** A key under which an event was sent. */
export type StoredSentKey = RunKey & {
  readonly key: string;
  readonly eventText: string;
  readonly atMs: number;
  readonly order: number;
};
/** `place`: its place in the list with which it was registered. */
export type StoredAgent = AgentRow & { readonly place: number };
/** The text of a start under an idempotency key. */
export type StoredStart = RunKey & { readonly startText: string };
/** `atMs`: when its effect was, or when it was claimed or renewed last. `holder`: of its claim, if it has one. */
export type StoredRequest = RequestMark & {
  readonly tenant: string;
  readonly atMs: number;
  readonly holder?: string;
};
export type StoredEntry = MemoryAddress & { readonly newest: number };
export type StoredTimer = Omit<TimerRow, 'dueInMs'> & { readonly dueAtMs: number };
export type StoredShard = Pick<ShardGrant, 'shard' | 'epoch'> & {
  readonly owner: ReplicaId | null;
};
/**
 * `sessionGone` is about the connection of the replica's heartbeats. `reconnectedAtMs` is set for an
 * owner whose connection is a new one.
 */
export type StoredReplica = {
  readonly replicaId: ReplicaId;
  readonly renewedAtMs: number;
  readonly untilMs: number;
  readonly reconnectedAtMs: number | null;
  readonly sessionGone: boolean;
  readonly address: string | null;
  readonly lines: Lines;
};
export type StoredGateOrder = Omit<GateOrderRow, 'agoMs'> & { readonly atMs: number };
export type StoredActivity = {
  readonly stepMs: number;
  readonly atMs: number;
  readonly counts: ActivityCounts;
};
export type StoredSlot = SlotWrite;
export type StoredProvider = Omit<ProviderRow, 'coolForMs' | 'probeInMs' | 'lastFault'> & {
  readonly lastFault: { readonly text: string; readonly atMs: number } | null;
  readonly coolUntilMs: number;
  readonly probeAtMs: number;
};
/**
 * `isSet`: set by a person, not by a default of the replica that reserved. `day` counts days from 1970.
 */
export type StoredBudget = BudgetRow & { readonly isSet: boolean; readonly day: number };
export type StoredReservation = RunKey & Pick<Reservation, 'user' | 'call' | 'amount'>;
/** `told`: the fates of its parts, for a sender of the same batch. */
export type StoredCommit = {
  readonly commitId: string;
  readonly atMs: number;
  readonly told: readonly PartFate[];
};

export const runKey = (run: RunKey): string => join(run.tenant, run.runId);
export const channelKey = (at: ChannelAddress): string => join(at.tenant, at.channel);
export const groupKey = (at: GroupAddress): string => join(at.tenant, at.channel, at.group);
export const entryKey = (at: MemoryAddress): string => join(at.tenant, at.scope, at.owner, at.key);
export const imageKey = (at: { tenant: string; sha256: string }): string =>
  join(at.tenant, at.sha256);
export const subscriptionKey = (at: { tenant: string; subscriptionId: string }): string =>
  join(at.tenant, at.subscriptionId);
export const waiterKey = (at: {
  tenant: string;
  subscriptionId: string;
  channel: string;
}): string => join(at.tenant, at.subscriptionId, at.channel);
export const slotKey = (at: { provider: string; replicaId: string; slot: number }): string =>
  join(at.provider, at.replicaId, at.slot);

export const reservationKey = (at: RunKey & { readonly call: string }): string =>
  join(at.tenant, at.runId, at.call);
