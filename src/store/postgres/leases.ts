/**
 * Outside consumers: messages stay under a lease until they are acknowledged, at least once. A token
 * is the message's number and a random UUID, so that an acknowledgement finds its row by key.
 */
import type { AnswerIn, AskedIn } from '../caller-port.ts';
import type { Pool } from './link/pool.ts';
import { messageRow } from './reads/read-set.ts';
import { epochMs } from './reads/run-reads.ts';
import { bigint, int, statement, text, texts } from './link/statement.ts';

/** Locks: the group's row, before all others, so that two consumers of a group take turns. */
const lockGroupStatement = statement(
  'lease_group',
  [text, text, text, text],
  `insert into heddle.consumer_groups as g (tenant, channel, consumer_group, cursor)
    values ($1::text, $2::text, $3::text, case when $4::text = 'earliest' then 0 else coalesce(
      (select head from heddle.channels where tenant = $1::text and channel = $2::text), 0) end)
    on conflict (tenant, channel, consumer_group) do update set cursor = g.cursor`,
);

/**
 * Expired leases, oldest message first, then the messages above the cursor. Locks: after the group's
 * row the deliveries. While the group's row is held, only an acknowledgement or a renewal may change them.
 */
const takeLeasesStatement = statement(
  'lease_take',
  [text, text, text, int, bigint],
  `with expired as (
      select d.seq, d.attempt + 1 as attempt from heddle.deliveries d
      where d.tenant = $1::text and d.channel = $2::text and d.consumer_group = $3::text
        and d.lease_until <= now()
      order by d.seq limit $4::int
      for update
    ), fresh as (
      select m.seq, 1 as attempt from heddle.messages m
      where m.tenant = $1::text and m.channel = $2::text and m.seq > (
        select cursor from heddle.consumer_groups
        where tenant = $1::text and channel = $2::text and consumer_group = $3::text)
      order by m.seq limit $4::int - (select count(*) from expired)
    ), moved as (
      update heddle.consumer_groups set cursor = (select max(seq) from fresh)
      where tenant = $1::text and channel = $2::text and consumer_group = $3::text
        and exists (select from fresh)
    ), given as (
      insert into heddle.deliveries (tenant, channel, consumer_group, seq, attempt, token,
        lease_until)
      select $1::text, $2::text, $3::text, t.seq, t.attempt, gen_random_uuid(),
        now() + $5::bigint * interval '1 ms'
      from (select * from expired union all select * from fresh) t
      on conflict (tenant, channel, consumer_group, seq) do update set
        attempt = excluded.attempt, token = excluded.token, lease_until = excluded.lease_until
      returning seq, attempt, token
    )
    select m.seq, m.message_id, m.payload, m.run_id, ${epochMs('m.published_at')}, g.attempt,
      g.seq || ':' || g.token
    from given g join heddle.messages m
      on m.tenant = $1::text and m.channel = $2::text and m.seq = g.seq
    order by g.attempt = 1, m.seq`,
);

export async function lease(pool: Pool, request: AskedIn<'lease'>): Promise<AnswerIn<'lease'>> {
  const { tenant, channel, group } = request;
  const lock = lockGroupStatement(tenant, channel, group, request.from);
  const take = takeLeasesStatement(tenant, channel, group, request.max, request.leaseMs);
  const rows = (await pool.read([lock, take])).get(take) ?? [];
  return rows.map((fields) => ({
    ...messageRow(channel, fields),
    attempt: Number(fields[5]),
    token: fields[6] ?? '',
  }));
}

/** Locks: the deliveries that are acknowledged. A malformed token matches no row. */
const acknowledgeStatement = statement(
  'lease_acknowledge',
  [text, text, text, texts],
  `delete from heddle.deliveries d
    using (select distinct token from unnest($4::text[]) as i(token)
      where token ~ '^[0-9]{1,18}:[0-9a-f-]{36}$') i
    where d.tenant = $1::text and d.channel = $2::text and d.consumer_group = $3::text
      and d.seq = split_part(i.token, ':', 1)::bigint and d.token::text = split_part(i.token, ':', 2)
      and d.lease_until > now()
    returning i.token`,
);

export async function acknowledge(
  pool: Pool,
  request: AskedIn<'acknowledge'>,
): Promise<AnswerIn<'acknowledge'>> {
  const { tenant, channel, group, tokens } = request;
  const call = acknowledgeStatement(tenant, channel, group, tokens);
  const taken = new Set(((await pool.once([call])).get(call) ?? []).map(([token]) => token));
  return tokens.map((token) => taken.delete(token));
}

/** Locks: the deliveries that are renewed, in the order of the tokens, which are sorted by their messages. */
const renewStatement = statement(
  'lease_renew',
  [text, text, text, texts, bigint],
  `update heddle.deliveries d set lease_until = now() + $5::bigint * interval '1 ms'
    from unnest($4::text[]) as i(token)
    where d.tenant = $1::text and d.channel = $2::text and d.consumer_group = $3::text
      and d.seq = split_part(i.token, ':', 1)::bigint and d.token::text = split_part(i.token, ':', 2)
      and d.lease_until > now()
    returning i.token`,
);

const tokenForm = /^\d{1,18}:[\da-f-]{36}$/;
const seqIn = (token: string): number => Number(token.split(':')[0]);

export async function renewLeases(
  pool: Pool,
  request: AskedIn<'renewLeases'>,
): Promise<AnswerIn<'renewLeases'>> {
  const { tenant, channel, group, tokens, leaseMs } = request;
  const known = [...new Set(tokens.filter((token) => tokenForm.test(token)))];
  known.sort((a, b) => seqIn(a) - seqIn(b));
  const call = renewStatement(tenant, channel, group, known, leaseMs);
  const renewed = new Set((await pool.rows(call)).map(([token]) => token));
  return tokens.map((token) => renewed.has(token));
}
