/**
 * Lists of channels, of their groups and of memory entries, by name. They take no locks. Each is planned for its
 * parameters, so that a bound that is null falls out, and what is left is a range of the primary key.
 */
import type { AnswerIn, AskedIn } from '../../caller-port.ts';
import { groupsCounted, nameAfterPrefix } from '../../ports/records.ts';
import type { Pool } from '../link/pool.ts';
import { int, statement, text } from '../link/statement.ts';
import { epochMs } from './run-reads.ts';

const channelsStatement = statement(
  'channels_list',
  [text, text, text, text, int],
  `select c.channel, c.head, c.head - c.pruned, m.at, g.groups
    from (
      select * from heddle.channels c
      where c.tenant = $1::text and c.channel >= $2::text
        and ($3::text is null or c.channel < $3::text)
        and ($4::text is null or c.channel > $4::text)
      order by c.channel limit $5::int
    ) c
    left join lateral (
      select ${epochMs('m.published_at')} as at from heddle.messages m
      where m.tenant = $1::text and m.channel = c.channel order by m.seq desc limit 1
    ) m on true
    cross join lateral (
      select count(*) as groups from (
        select from heddle.consumer_groups g
        where g.tenant = $1::text and g.channel = c.channel limit ${groupsCounted}
      ) g
    ) g
    order by c.channel`,
);

export async function listChannels(
  pool: Pool,
  { tenant, prefix, after, limit }: AskedIn<'channels'>,
): Promise<AnswerIn<'channels'>> {
  const end = nameAfterPrefix(prefix);
  const rows = await pool.rows(channelsStatement(tenant, prefix, end, after, limit));
  return rows.map(([channel, head, messages, newestAt, groups]) => ({
    channel: channel ?? '',
    head: Number(head),
    messages: Number(messages),
    newestAtMs: newestAt ? Number(newestAt) : null,
    groups: Number(groups),
  }));
}

const groupsStatement = statement(
  'groups_list',
  [text, text, text, int],
  `select g.consumer_group, g.cursor, greatest(coalesce(c.head, 0) - g.cursor, 0), d.leased
    from (
      select * from heddle.consumer_groups g
      where g.tenant = $1::text and g.channel = $2::text
        and ($3::text is null or g.consumer_group > $3::text)
      order by g.consumer_group limit $4::int
    ) g
    left join lateral (
      select c.head from heddle.channels c where c.tenant = $1::text and c.channel = $2::text
    ) c on true
    cross join lateral (
      select count(*) as leased from (
        select from heddle.deliveries d
        where d.tenant = $1::text and d.channel = $2::text and d.consumer_group = g.consumer_group
        limit ${groupsCounted}
      ) d
    ) d
    order by g.consumer_group`,
);

export async function listGroups(
  pool: Pool,
  { tenant, channel, after, limit }: AskedIn<'groups'>,
): Promise<AnswerIn<'groups'>> {
  const rows = await pool.rows(groupsStatement(tenant, channel, after, limit));
  return rows.map(([group, cursor, lag, leased]) => ({
    group: group ?? '',
    cursor: Number(cursor),
    lag: Number(lag),
    leased: Number(leased),
  }));
}

/** One step in the primary key from each key to the next, and one back to its newest version. */
const entriesStatement = statement(
  'memory_list',
  [text, text, text, text, text, text, int, int],
  `with recursive found as (
      (select m.key, 1 as place from heddle.memory_versions m
        where m.tenant = $1::text and m.scope = $2::text and m.owner = $3::text
          and m.key >= $4::text
          and ($5::text is null or m.key < $5::text) and ($6::text is null or m.key > $6::text)
        order by m.key limit 1)
      union all
      select (select m.key from heddle.memory_versions m
          where m.tenant = $1::text and m.scope = $2::text and m.owner = $3::text
            and m.key > found.key and ($5::text is null or m.key < $5::text)
          order by m.key limit 1), found.place + 1
      from found where found.key is not null and found.place < $7::int
    )
    select found.key, v.version, v.deleted, octet_length(v.value), left(v.value, $8::int), v.run_id,
      v.turn, ${epochMs('v.created_at')}
    from found cross join lateral (
      select * from heddle.memory_versions v
      where v.tenant = $1::text and v.scope = $2::text and v.owner = $3::text and v.key = found.key
      order by v.version desc limit 1
    ) v
    order by found.place`,
);

export async function listEntries(
  pool: Pool,
  query: AskedIn<'memoryEntries'>,
): Promise<AnswerIn<'memoryEntries'>> {
  const { tenant, scope, owner, prefix, after, limit, valueCharsMax } = query;
  const end = nameAfterPrefix(prefix);
  const rows = await pool.rows(
    entriesStatement(tenant, scope, owner, prefix, end, after, limit, valueCharsMax),
  );
  return rows.map(([key, version, deleted, bytes, valueStart, runId, turn, writtenAt]) => ({
    key: key ?? '',
    version: Number(version),
    deleted: deleted === 't',
    bytes: Number(bytes),
    valueStart: valueStart ?? '',
    runId: runId ?? null,
    turn: turn ? Number(turn) : null,
    writtenAtMs: Number(writtenAt),
  }));
}
