/**
 * Messages for consumers outside runs, each under a lease until it is acknowledged, at least once. It
 * owns the lease rows; the group's cursor is shared with runs of the same group (`subscriptions.ts`).
 *
 * Invariants:
 * 1. A message of a group has one lease at most, and none after it was acknowledged.
 * 2. No message above the group's cursor has had a lease, so new messages come after the cursor.
 */
import type { AnswerIn, AskedIn, LeasedMessage } from '../caller-port.ts';
import type { GroupAddress } from '../rows.ts';
import { messageRow, messagesAfter } from './channels.ts';
import type { Database } from './database.ts';
import { groupKey, type StoredLease, type StoredMessage } from './stored-rows.ts';
import { cursorOf, headOf } from './subscriptions.ts';
import { join } from './table.ts';

export function lease(db: Database, request: AskedIn<'lease'>): AnswerIn<'lease'> {
  const { tenant, channel, group } = request;
  const again = expiredLeases(db, request).slice(0, request.max);
  const given = again.flatMap((expired) => {
    db.tables.leases.remove(expired.token);
    const message = db.tables.messages.get(join(tenant, channel, expired.seq));
    return message === undefined ? [] : [give(db, request, message, expired.attempt + 1)];
  });
  const stored = cursorOf(db, request);
  const cursor = stored ?? (request.from === 'earliest' ? 0 : headOf(db, request));
  const fresh = messagesAfter(db, request, cursor, request.max - given.length);
  const to = fresh.at(-1)?.seq ?? cursor;
  if (to !== stored) db.tables.cursors.put({ tenant, channel, group, cursor: to });
  return [...given, ...fresh.map((message) => give(db, request, message, 1))];
}

function expiredLeases(db: Database, at: GroupAddress): StoredLease[] {
  return db.tables.leases
    .by('group', groupKey(at))
    .filter((row) => row.untilMs <= db.now())
    .sort((a, b) => a.seq - b.seq);
}

function give(
  db: Database,
  request: AskedIn<'lease'>,
  message: StoredMessage,
  attempt: number,
): LeasedMessage {
  const token = `lease-${db.next('token')}`;
  const { tenant, channel, group, leaseMs } = request;
  const { seq } = message;
  const untilMs = db.now() + leaseMs;
  db.tables.leases.put({ tenant, channel, group, seq, attempt, token, untilMs });
  return { ...messageRow(message), attempt, token };
}

export function acknowledge(
  db: Database,
  request: AskedIn<'acknowledge'>,
): AnswerIn<'acknowledge'> {
  return request.tokens.map((token) => {
    const row = db.tables.leases.get(token);
    if (row === undefined || groupKey(row) !== groupKey(request)) return false;
    if (row.untilMs <= db.now()) return false;
    db.tables.leases.remove(token);
    return true;
  });
}

export function renewLeases(
  db: Database,
  request: AskedIn<'renewLeases'>,
): AnswerIn<'renewLeases'> {
  return request.tokens.map((token) => {
    const row = db.tables.leases.get(token);
    if (row === undefined || groupKey(row) !== groupKey(request)) return false;
    if (row.untilMs <= db.now()) return false;
    db.tables.leases.put({ ...row, untilMs: db.now() + request.leaseMs });
    return true;
  });
}
