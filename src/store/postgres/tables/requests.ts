/**
 * Requests that carry an idempotency key: see request-port.ts. Locks: the rows of requests, sorted, after all others of
 * a commit.
 */
import { heddleError } from '../../../domain/errors.ts';
import { limits } from '../../../domain/limits.ts';
import type { KnownRequest } from '../../requests/request-port.ts';
import { isSameRequest } from '../../requests/request-port.ts';
import type { RequestAsked, RequestMark } from '../../requests/request-rows.ts';
import { guard, sqlstateOf } from '../link/failure.ts';
import type { Results } from '../link/link.ts';
import { pause, type Pool } from '../link/pool.ts';
import {
  column,
  int,
  rowStatement,
  statement,
  text,
  uuid,
  type Call,
  type Column,
} from '../link/statement.ts';

export type InTenant<Of> = Of & { readonly tenant: string };
export type RequestKey = InTenant<{ readonly key: string }>;
/** `place`: of an inbox row that its own statement judges, its place among these. */
export type RequestWrite = InTenant<RequestMark> & { readonly place: number | null };

const keyColumns: readonly Column<RequestKey>[] = [
  column.text((row) => row.tenant),
  column.text((row) => row.key),
];

/** From when on a request is known. */
export const ends = `now() - ${limits.requestKeyMs} * interval '1 ms'`;
/** Sets the columns of a row that is of no request any more. */
const over = `at = now(), route = excluded.route, hash = excluded.hash, answer = excluded.answer`;

/**
 * Keeps the requests whose effects this transaction has, and ends it if one of their keys is known. An inbox row counts
 * only if it was accepted, which the commit's row tells by now: one that was not may be refused because of what its own
 * request has done before, and then is answered as that was.
 */
const insertStatement = rowStatement<RequestWrite>(
  'requests_insert',
  [
    ...keyColumns,
    column.text((row) => row.route),
    column.text((row) => row.hash),
    column.text((row) => row.answerText),
    column.int((row) => row.place),
  ],
  `with told as materialized (
      select (t ->> 0)::int as place from heddle.commits c
      cross join lateral json_array_elements(coalesce(c.told, '[]')::json) t
      where c.commit_id = $7::uuid and t ->> 1 = 'accepted'
    ), i as materialized (
      select i.*, i.place is null or i.place in (select place from told) as live
      from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[])
        as i(tenant, key, route, hash, answer, place)
    ), done as (
      insert into heddle.requests as r (tenant, key, route, hash, answer)
      select tenant, key, route, hash, answer from i where live order by tenant, key
      on conflict (tenant, key) do update set ${over} where r.at < ${ends}
      returning 1
    )
    select heddle.refuse('${guard.request}')
    from (select count(*) as n from done) counted where n <> (select count(*) from i where live)
      or exists (
        select from i
        cross join lateral (
          select from heddle.requests r
          where r.tenant = i.tenant and r.key = i.key and r.at >= ${ends} offset 0
        ) r
        where not i.live
      )`,
);

export function insertRequests(rows: readonly RequestWrite[], commitId: string): Call {
  return insertStatement(rows, uuid(commitId));
}

const knownStatement = rowStatement<RequestKey>(
  'requests_now',
  keyColumns,
  `select r.route, r.hash, r.answer
    from unnest($1::text[], $2::text[]) with ordinality as i(tenant, key, nth)
    left join lateral (
      select * from heddle.requests r
      where r.tenant = i.tenant and r.key = i.key and r.at >= ${ends} offset 0
    ) r on true
    order by i.nth`,
);

/** By index of `keys`. */
export async function knownRequests(
  pool: Pool,
  keys: readonly RequestKey[],
): Promise<readonly (KnownRequest | null)[]> {
  if (keys.length === 0) return [];
  const rows = await pool.rows(knownStatement(keys));
  return keys.map((_, index) => {
    const [route, hash, answerText] = rows[index] ?? [];
    return hash ? { route: route ?? '', hash, answerText: answerText ?? '' } : null;
  });
}

/** Takes the key, or ends the transaction; its answer is written by a later statement of the same transaction. */
const markRequest = statement(
  'requests_mark',
  [text, text, text, text],
  `with done as (
      insert into heddle.requests as r (tenant, key, route, hash, answer)
      values ($1::text, $2::text, $3::text, $4::text, '')
      on conflict (tenant, key) do update set ${over} where r.at < ${ends}
      returning 1
    )
    select heddle.refuse('${guard.request}')
    from (select count(*) as n from done) counted where n <> 1`,
);

type MarkedOutcome =
  | { readonly kind: 'done'; readonly results: Results }
  | { readonly kind: 'repeated'; readonly answerText: string };

/**
 * Carries out the calls as one transaction with their request, once. It may be sent again after a lost reply: it finds
 * then what the first one has kept.
 */
export async function markedOnce(
  pool: Pool,
  asked: InTenant<RequestAsked>,
  calls: readonly Call[],
): Promise<MarkedOutcome> {
  const { tenant, key, route, hash } = asked;
  for (let attempt = 1; ; attempt++) {
    try {
      const mark = markRequest(tenant, key, route, hash);
      return { kind: 'done', results: await pool.read([mark, ...calls]) };
    } catch (error) {
      if (sqlstateOf(Object(error).cause) !== guard.request) throw error;
      const [known = null] = await knownRequests(pool, [asked]);
      if (known !== null && !isSameRequest(known, asked)) {
        throw heddleError('request-differs', { key });
      }
      if (known !== null && known.answerText !== '') {
        return { kind: 'repeated', answerText: known.answerText };
      }
      // What stood in the way is gone, or is a claim of another way that is under way.
      if (attempt >= triesMax) throw heddleError('request-running', { key, retryAfterMs: 1_000 });
      await pause(attempt);
    }
  }
}

const triesMax = 3;

const pruneStatement = statement(
  'prune_requests',
  [int],
  `with gone as (
      delete from heddle.requests where ctid = any(array(
        select ctid from heddle.requests where at < ${ends} limit $1::int))
      returning 1
    )
    select count(*) from gone`,
);

export const pruneRequests = (limit: number): Call => pruneStatement(limit);
