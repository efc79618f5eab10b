/**
 * Reads memory entries and channels for turns that are being computed. These statements take no locks.
 */
import type { Json } from '../../../domain/json.ts';
import type { ChannelRead, ChannelReadResult, ReadSet, ReadSetResult } from '../../port.ts';
import type { MemoryRead, MemoryReadResult } from '../../caller-port.ts';
import type { MemoryVersionRow, MessageRow } from '../../rows.ts';
import type { Pool } from '../link/pool.ts';
import { epochMs } from './run-reads.ts';
import { column, rowStatement, type Call, type Fields } from '../link/statement.ts';

/**
 * For each read the newest version number, and beside it the versions from the requested one downward.
 */
const readMemoryStatement = rowStatement<MemoryRead>(
  'memory_read',
  [
    column.text((read) => read.tenant),
    column.text((read) => read.scope),
    column.text((read) => read.owner),
    column.text((read) => read.key),
    column.int((read) => read.version),
    column.int((read) => read.history),
  ],
  `select i.place, newest.version, m.version, m.value, m.deleted, m.run_id, m.turn,
      ${epochMs('m.created_at')}
    from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[], $6::int[])
      with ordinality as i(tenant, scope, owner, key, version, history, place)
    cross join lateral (
      select m.version from heddle.memory_versions m
      where m.tenant = i.tenant and m.scope = i.scope and m.owner = i.owner and m.key = i.key
      order by m.version desc limit 1
    ) newest
    left join lateral (
      select * from heddle.memory_versions m
      where m.tenant = i.tenant and m.scope = i.scope and m.owner = i.owner and m.key = i.key
        and m.version <= coalesce(i.version, newest.version)
      order by m.version desc limit 1 + i.history
    ) m on newest.version >= coalesce(i.version, 1)
    order by i.place, m.version desc`,
);

/**
 * A group reads from its cursor, and a run without a group from its own position. A group or run that
 * has neither yet reads from the place that it chose, earliest or latest.
 */
const readChannelsStatement = rowStatement<ChannelRead>(
  'channels_read',
  [
    column.text((read) => read.tenant),
    column.text((read) => read.channel),
    column.text((read) => read.group),
    column.bigint((read) => read.after),
    column.bool((read) => read.from === 'earliest'),
    column.int((read) => read.limit),
  ],
  `select i.place, c.head is not null, at.head, at.cursor, at.stored, m.seq, m.message_id, m.payload, m.run_id,
      ${epochMs('m.published_at')}
    from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bool[], $6::int[])
      with ordinality as i(tenant, channel, consumer_group, after, earliest, most, place)
    left join lateral (
      select c.head from heddle.channels c
      where c.tenant = i.tenant and c.channel = i.channel offset 0
    ) c on true
    left join lateral (
      select g.cursor from heddle.consumer_groups g
      where g.tenant = i.tenant and g.channel = i.channel and g.consumer_group = i.consumer_group
      offset 0
    ) g on true
    cross join lateral (
      select coalesce(c.head, 0) as head, g.cursor is not null as stored,
        coalesce(case when i.consumer_group is null then i.after else g.cursor end,
          case when i.earliest then 0 else coalesce(c.head, 0) end) as cursor
    ) at
    left join lateral (
      select * from heddle.messages m
      where m.tenant = i.tenant and m.channel = i.channel and m.seq > at.cursor
      order by m.seq limit i.most
    ) m on true
    order by i.place, m.seq`,
);

export async function readSet(pool: Pool, set: ReadSet): Promise<ReadSetResult> {
  const memory = readMemoryStatement(set.memory);
  const channels = readChannelsStatement(set.channels);
  const calls: Call[] = [];
  if (set.memory.length > 0) calls.push(memory);
  if (set.channels.length > 0) calls.push(channels);
  if (calls.length === 0) return { memory: [], channels: [] };
  const results = await pool.read(calls);
  return {
    memory: memoryResults(set.memory, results.get(memory) ?? []),
    channels: channelResults(set.channels, results.get(channels) ?? []),
  };
}

function memoryResults(reads: readonly MemoryRead[], rows: readonly Fields[]): MemoryReadResult[] {
  const found = reads.map(() => ({ versions: [] as MemoryVersionRow[], newest: 0 }));
  for (const [place, newest, version, value, deleted, runId, turn, createdAt] of rows) {
    const read = reads[Number(place) - 1];
    const result = found[Number(place) - 1];
    if (read === undefined || result === undefined) continue;
    result.newest = Number(newest);
    if (!version) continue;
    const { tenant, scope, owner, key } = read;
    result.versions.push({
      tenant,
      scope,
      owner,
      key,
      version: Number(version),
      valueText: value ?? '',
      deleted: deleted === 't',
      runId: runId ?? null,
      turn: turn ? Number(turn) : null,
      createdAtMs: Number(createdAt),
    });
  }
  return found;
}

function channelResults(
  reads: readonly ChannelRead[],
  rows: readonly Fields[],
): ChannelReadResult[] {
  const found = reads.map(() => ({
    exists: false,
    head: 0,
    cursor: 0,
    cursorStored: false,
    messages: [] as MessageRow[],
  }));
  for (const [place, exists, head, cursor, stored, ...message] of rows) {
    const read = reads[Number(place) - 1];
    const result = found[Number(place) - 1];
    if (read === undefined || result === undefined) continue;
    result.exists = exists === 't';
    result.head = Number(head);
    result.cursor = Number(cursor);
    result.cursorStored = stored === 't';
    if (message[0]) result.messages.push(messageRow(read.channel, message));
  }
  return found;
}

/** `fields`: number, id, payload, run, time of publication. */
export function messageRow(channel: string, fields: Fields): MessageRow {
  const [seq, messageId, payload, runId, publishedAt] = fields;
  return {
    channel,
    seq: Number(seq),
    messageId: messageId ?? '',
    payload: JSON.parse(payload ?? 'null') as Json,
    runId: runId ?? null,
    publishedAtMs: Number(publishedAt),
  };
}
