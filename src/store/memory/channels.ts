/**
 * Channels and their messages, delayed ones too. It owns the channel rows, whose `head` is the newest
 * message's number. Waiting subscriptions are in `subscriptions.ts`.
 *
 * Invariants:
 * 1. A channel's messages are numbered 1 to `head` without gap, in the order of their commits.
 * 2. A delayed message has no number until it enters its channel.
 */
import type { Json } from '../../domain/json.ts';
import type { MessageInsert } from '../batch.ts';
import type { Asked, Answer, ChannelRead, ChannelReadResult } from '../port.ts';
import type { ChannelAddress, MessageRow } from '../rows.ts';
import type { Database } from './database.ts';
import { channelKey, groupKey, type StoredMessage } from './stored-rows.ts';
import { Wakes } from './inbox.ts';
import { headOf, moveHead, wakeWaiters } from './subscriptions.ts';
import { join } from './table.ts';

export function publish(db: Database, message: MessageInsert, wakes: Wakes): void {
  if (message.delayMs > 0) delay(db, message);
  else append(db, message, wakes);
}

function delay(db: Database, message: MessageInsert): void {
  const dueAtMs = db.now() + message.delayMs;
  db.tables.delayed.put({ ...message, dueAtMs, order: db.next('order') });
}

function append(db: Database, message: MessageInsert, wakes: Wakes): void {
  const { tenant, channel, messageId, payloadText, runId } = message;
  const seq = headOf(db, { tenant, channel }) + 1;
  moveHead(db, { tenant, channel }, seq);
  const publishedAtMs = db.now();
  db.tables.messages.put({ tenant, channel, seq, messageId, payloadText, runId, publishedAtMs });
  wakes.touch({ tenant, channel });
}

/**
 * At most `limit` messages above `after`. They are looked up by number, so a pruned message costs one
 * look-up.
 */
export function messagesAfter(
  db: Database,
  at: ChannelAddress,
  after: number,
  limit: number,
): StoredMessage[] {
  const found: StoredMessage[] = [];
  const head = headOf(db, at);
  for (let seq = after + 1; seq <= head && found.length < limit; seq++) {
    const message = db.tables.messages.get(join(at.tenant, at.channel, seq));
    if (message !== undefined) found.push(message);
  }
  return found;
}

export function messageRow(message: StoredMessage): MessageRow {
  const { channel, seq, messageId, payloadText, runId, publishedAtMs } = message;
  const payload = JSON.parse(payloadText) as Json;
  return { channel, seq, messageId, payload, runId, publishedAtMs };
}

export function readChannel(db: Database, read: ChannelRead): ChannelReadResult {
  const head = headOf(db, read);
  const stored =
    read.group === null
      ? undefined
      : db.tables.cursors.get(groupKey({ ...read, group: read.group }))?.cursor;
  const start = read.from === 'earliest' ? 0 : head;
  const cursor = (read.group === null ? read.after : stored) ?? start;
  return {
    exists: db.tables.channels.get(channelKey(read)) !== undefined,
    head,
    cursor,
    cursorStored: stored !== undefined,
    messages: messagesAfter(db, read, cursor, read.limit).map(messageRow),
  };
}

/**
 * Moves due messages into their channels, the longest overdue first, and wakes runs that wait for them.
 */
export function releaseDelayed(
  db: Database,
  query: Asked<'releaseDelayed'>,
): Answer<'releaseDelayed'> {
  const nowMs = db.now();
  const waiting = query.shards
    .flatMap((shard) => db.tables.delayed.by('shard', String(shard)))
    .sort((a, b) => a.dueAtMs - b.dueAtMs || a.order - b.order);
  const { skip = 0 } = query;
  const due = waiting.slice(skip, skip + query.limit).filter((message) => message.dueAtMs <= nowMs);
  const wakes = new Wakes();
  for (const message of due) {
    db.tables.delayed.remove(String(message.order));
    append(db, message, wakes);
  }
  wakeWaiters(db, wakes);
  const next = waiting[skip + due.length];
  return { wakes: wakes.runs, nextDueInMs: next === undefined ? null : next.dueAtMs - nowMs };
}
