/**
 * Subscriptions, the groups' cursors, and the wake pass. It owns the waiters; a waiter's row is deleted
 * when its subscription ends.
 *
 * Invariants:
 * 1. A private subscription that waits while its channel's head is above its `after` has been woken for
 *    it.
 * 2. While a group's cursor is below its channel's head, as many of its waiting members have been woken
 *    as there are messages; the members that have waited longest are woken first.
 * 3. A group has a cursor from its first registration or move on.
 */
import type { GroupCursorMove, SubscriptionEnd, SubscriptionInsert } from '../batch.ts';
import type { ChannelAddress, GroupAddress, RunAddress } from '../rows.ts';
import type { Database } from './database.ts';
import {
  channelKey,
  groupKey,
  subscriptionKey,
  waiterKey,
  type StoredWaiter,
} from './stored-rows.ts';
import { hasInboxKey, putInbox, type Wakes } from './inbox.ts';
import { join, own } from './table.ts';

const wakeKey = (waiter: StoredWaiter): string => `messages:${waiter.subscriptionId}`;

export function register(
  db: Database,
  run: RunAddress,
  insert: SubscriptionInsert,
  wakes: Wakes,
): void {
  const { tenant, runId, shard } = run;
  db.tables.subscriptions.put(own({ tenant, runId, shard, ...insert }));
  if (insert.status !== 'waiting' && insert.status !== 'registering') return;
  for (const { channel, group, after } of insert.channels) {
    touch(db, { tenant, channel }, wakes);
    if (group !== null && cursorOf(db, { tenant, channel, group }) === null) {
      db.tables.cursors.put({ tenant, channel, group, cursor: after });
    }
    const waiter = { tenant, runId, shard, channel, group, after };
    const { subscriptionId } = insert;
    db.tables.waiters.put({ ...waiter, subscriptionId, order: db.next('order') });
  }
}

/** Makes the channel exist, and marks it for the wake pass. */
function touch(db: Database, at: ChannelAddress, wakes: Wakes): void {
  if (db.tables.channels.get(channelKey(at)) === undefined) moveHead(db, at, 0);
  wakes.touch(at);
}

export function headOf(db: Database, at: ChannelAddress): number {
  return db.tables.channels.get(channelKey(at))?.head ?? 0;
}

export function moveHead(db: Database, { tenant, channel }: ChannelAddress, head: number): void {
  const pruned = db.tables.channels.get(channelKey({ tenant, channel }))?.pruned ?? 0;
  db.tables.channels.put({ tenant, channel, head, pruned });
}

export function endSubscription(
  db: Database,
  tenant: string,
  end: SubscriptionEnd,
  wakes: Wakes,
): void {
  const at = { tenant, subscriptionId: end.subscriptionId };
  const subscription = db.tables.subscriptions.get(subscriptionKey(at));
  if (subscription === undefined) return;
  db.tables.subscriptions.put(
    own({
      ...subscription,
      status: end.status,
      delivered: [...subscription.delivered, ...end.delivered],
    }),
  );
  for (const waiter of db.tables.waiters.by('subscription', subscriptionKey(at))) {
    db.tables.waiters.remove(waiterKey(waiter));
  }
  for (const { channel, group } of subscription.channels) {
    if (group !== null) wakes.touch({ tenant, channel });
  }
}

export function cursorOf(db: Database, at: GroupAddress): number | null {
  return db.tables.cursors.get(groupKey(at))?.cursor ?? null;
}

export function moveCursor(
  db: Database,
  tenant: string,
  move: GroupCursorMove,
  wakes: Wakes,
): void {
  const { channel, group, to } = move;
  db.tables.cursors.put({ tenant, channel, group, cursor: to });
  touch(db, { tenant, channel }, wakes);
}

/**
 * The wake pass, last in a transaction. All waiters are judged by the state before it, so that a wake-up
 * for one channel does not change the count of another channel on which the same member waits.
 */
export function wakeWaiters(db: Database, wakes: Wakes): void {
  const chosen = wakes.channels.flatMap((at) => [
    ...privateWaiters(db, at),
    ...sleepersToWake(db, at),
  ]);
  const keyed = chosen.map((waiter) => {
    return { waiter, key: join(waiter.tenant, waiter.runId, waiter.subscriptionId) };
  });
  keyed.sort((a, b) => (a.key < b.key ? -1 : 1));
  for (const { waiter } of keyed) wakeWaiter(db, waiter, wakes);
}

function privateWaiters(db: Database, at: ChannelAddress): StoredWaiter[] {
  const head = headOf(db, at);
  return waitersOf(db, at).filter((waiter) => waiter.group === null && waiter.after < head);
}

/**
 * For each group: as many sleeping members as it has unread messages, less the members that are woken
 * already.
 */
function sleepersToWake(db: Database, at: ChannelAddress): StoredWaiter[] {
  const groups = new Map<string, StoredWaiter[]>();
  for (const waiter of waitersOf(db, at)) {
    if (waiter.group === null) continue;
    const members = groups.get(waiter.group);
    if (members === undefined) groups.set(waiter.group, [waiter]);
    else members.push(waiter);
  }
  return [...groups].flatMap(([group, members]) => {
    const asleep = members.filter((member) => !hasInboxKey(db, member, wakeKey(member)));
    const unread = headOf(db, at) - (cursorOf(db, { ...at, group }) ?? 0);
    return asleep.slice(0, Math.max(0, unread - (members.length - asleep.length)));
  });
}

function wakeWaiter(db: Database, waiter: StoredWaiter, wakes: Wakes): void {
  const { tenant, runId, shard, subscriptionId } = waiter;
  const row = { kind: 'messages', ref: subscriptionId, payloadText: null } as const;
  putInbox(db, { tenant, runId, shard, ...row, key: wakeKey(waiter) }, wakes);
}

function waitersOf(db: Database, at: ChannelAddress): StoredWaiter[] {
  return db.tables.waiters.by('channel', channelKey(at)).sort((a, b) => a.order - b.order);
}
