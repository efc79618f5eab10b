/** Lists of channels, of their groups and of memory entries, by name. It owns no table. */
import type { AnswerIn, AskedIn } from '../../caller-port.ts';
import { groupsCounted, type NamesAsked } from '../../ports/records.ts';
import type { Database } from '../database.ts';
import { channelKey, entryKey, groupKey } from '../stored-rows.ts';
import { headOf } from '../subscriptions.ts';
import { join } from '../table.ts';

/** Postgres compares names by their bytes. */
const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

export function page<Row>(
  rows: readonly Row[],
  nameOf: (row: Row) => string,
  { prefix, after, limit }: NamesAsked,
): Row[] {
  return rows
    .filter((row) => nameOf(row).startsWith(prefix))
    .filter((row) => after === null || byBytes(nameOf(row), after) > 0)
    .sort((a, b) => byBytes(nameOf(a), nameOf(b)))
    .slice(0, limit);
}

export function listChannels(db: Database, query: AskedIn<'channels'>): AnswerIn<'channels'> {
  const rows = db.tables.channels.by('tenant', query.tenant);
  return page(rows, ({ channel }) => channel, query).map((row) => {
    const { channel, head, pruned } = row;
    const times = db.tables.messages
      .by('channel', channelKey(row))
      .sort((a, b) => b.seq - a.seq)
      .map(({ publishedAtMs }) => publishedAtMs);
    const groups = Math.min(db.tables.cursors.count('channel', channelKey(row)), groupsCounted);
    return { channel, head, messages: head - pruned, newestAtMs: times[0] ?? null, groups };
  });
}

export function listGroups(db: Database, query: AskedIn<'groups'>): AnswerIn<'groups'> {
  const rows = db.tables.cursors.by('channel', channelKey(query));
  const head = headOf(db, query);
  return page(rows, ({ group }) => group, { ...query, prefix: '' }).map((row) => {
    const { group, cursor } = row;
    const leased = Math.min(db.tables.leases.count('group', groupKey(row)), groupsCounted);
    return { group, cursor, lag: Math.max(head - cursor, 0), leased };
  });
}

export function listEntries(
  db: Database,
  query: AskedIn<'memoryEntries'>,
): AnswerIn<'memoryEntries'> {
  const { tenant, scope, owner, valueCharsMax } = query;
  const rows = db.tables.entries.by('owner', join(tenant, scope, owner));
  return page(rows, ({ key }) => key, query).flatMap((entry) => {
    const row = db.tables.versions.get(join(entryKey(entry), entry.newest));
    if (row === undefined) return [];
    const { key, version, deleted, valueText, runId, turn, createdAtMs } = row;
    const valueStart = Array.from(valueText).slice(0, valueCharsMax).join('');
    const bytes = Buffer.byteLength(valueText);
    return [{ key, version, deleted, bytes, valueStart, runId, turn, writtenAtMs: createdAtMs }];
  });
}
