/**
 * Outside consumers: messages stay under a lease until they are acknowledged, at least once. A token
 * is the message's number and a random UUID, so that an acknowledgement finds its row by key.
 */
import type { AnswerIn, AskedIn } from '../caller-port.ts';
import type { Pool } from './link/pool.ts';
import { messageRow } from './reads/read-set.ts';
import { epochMs } from './reads/run-reads.ts';
import { bigint, int, statement, text, texts, type Fields } from './link/statement.ts';
import { markedOnce } from './tables/requests.ts';

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
const takeLeases = (kept: string): string => `with expired as (
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
    )${kept}
    select m.seq, m.message_id, m.payload, m.run_id, ${epochMs('m.published_at')}, g.attempt,
      g.seq || ':' || g.token
    from given g join heddle.messages m
      on m.tenant = $1::text and m.channel = $2::text and m.seq = g.seq
    order by g.attempt = 1, m.seq`;

const takeLeasesStatement = statement(
  'lease_take',
  [text, text, text, int, bigint],
  takeLeases(''),
);

/** The same, and the leases are kept with the request that has asked for them. */
const takeMarkedStatement = statement(
  'lease_take_marked',
  [text, text, text, int, bigint, text],
  takeLeases(`, kept as (
      update heddle.requests r set answer = (
        select coalesce(json_agg(json_build_array(seq, attempt, token)), '[]')::text from given)
      where r.tenant = $1::text and r.key = $6::text
    )`),
);

/** The messages of leases that were given before, with the tokens of that time. */
const leasedStatement = statement(
  'lease_again',
  [text, text, text],
  `select m.seq, m.message_id, m.payload, m.run_id, ${epochMs('m.published_at')}, l.g ->> 1,
      (l.g ->> 0) || ':' || (l.g ->> 2)
    from json_array_elements($3::json) with ordinality as l(g, nth)
    cross join lateral (
      select * from heddle.messages m
      where m.tenant = $1::text and m.channel = $2::text and m.seq = (l.g ->> 0)::bigint offset 0
    ) m
    order by (l.g ->> 1)::int = 1, m.seq`,
);

export async function lease(pool: Pool, request: AskedIn<'lease'>): Promise<AnswerIn<'lease'>> {
  const { tenant, channel, group, max, leaseMs, request: asked } = request;
  const lock = lockGroupStatement(tenant, channel, group, request.from);
  const shown = (rows: readonly Fields[]): AnswerIn<'lease'> =>
    rows.map((fields) => ({
      ...messageRow(channel, fields),
      attempt: Number(fields[5]),
      token: fields[6] ?? '',
    }));
  if (asked === undefined) {
    const take = takeLeasesStatement(tenant, channel, group, max, leaseMs);
    return shown((await pool.read([lock, take])).get(take) ?? []);
  }
  const take = takeMarkedStatement(tenant, channel, group, max, leaseMs, asked.key);
  const done = await markedOnce(pool, { tenant, ...asked }, [lock, take]);
  if (done.kind === 'done') return shown(done.results.get(take) ?? []);
  return shown(await pool.rows(leasedStatement(tenant, channel, done.answerText)));
}

/** Locks: the deliveries that are acknowledged. A malformed token matches no row. */
const deleteLeases = `delete from heddle.deliveries d
    using (select distinct token from unnest($4::text[]) as i(token)
      where token ~ '^[0-9]{1,18}:[0-9a-f-]{36}$') i
    where d.tenant = $1::text and d.channel = $2::text and d.consumer_group = $3::text
      and d.seq = split_part(i.token, ':', 1)::bigint and d.token::text = split_part(i.token, ':', 2)
      and d.lease_until > now()
    returning i.token`;

const acknowledgeStatement = statement(
  'lease_acknowledge',
  [text, text, text, texts],
  deleteLeases,
);

/** The same, and the tokens that held are kept with the request. */
const acknowledgeMarkedStatement = statement(
  'lease_acknowledge_marked',
  [text, text, text, texts, text],
  `with done as (${deleteLeases}), kept as (
      update heddle.requests r set answer = (
        select coalesce(json_agg(token), '[]')::text from done)
      where r.tenant = $1::text and r.key = $5::text
    )
    select token from done`,
);

export async function acknowledge(
  pool: Pool,
  request: AskedIn<'acknowledge'>,
): Promise<AnswerIn<'acknowledge'>> {
  const { tenant, channel, group, tokens, request: asked } = request;
  const told = (held: readonly (string | null | undefined)[]): boolean[] => {
    const left = new Set(held);
    return tokens.map((token) => left.delete(token));
  };
  if (asked === undefined) {
    const call = acknowledgeStatement(tenant, channel, group, tokens);
    return told(((await pool.once([call])).get(call) ?? []).map(([token]) => token));
  }
  const call = acknowledgeMarkedStatement(tenant, channel, group, tokens, asked.key);
  const done = await markedOnce(pool, { tenant, ...asked }, [call]);
  if (done.kind === 'repeated') return told(JSON.parse(done.answerText) as string[]);
  return told((done.results.get(call) ?? []).map(([token]) => token));
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
