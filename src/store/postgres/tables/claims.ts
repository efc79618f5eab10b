/**
 * Claims on the keys of requests: see request-port.ts. Each statement about a claim names its holder, so that one who
 * has lost it changes nothing. Locks: the row of the request.
 */
import { limits } from '../../../domain/limits.ts';
import type { Claim } from '../../requests/request-port.ts';
import { isSameRequest } from '../../requests/request-port.ts';
import type { ClaimAsked, PartsAsked } from '../../requests/request-rows.ts';
import type { Pool } from '../link/pool.ts';
import { int, statement, text, uuid } from '../link/statement.ts';
import { ends, knownRequests, type InTenant } from './requests.ts';

const claimEnds = `clock_timestamp() - ${limits.requestClaimMs} * interval '1 ms'`;

/** It may be sent again after a lost reply: a holder claims once. */
const claimStatement = statement(
  'requests_claim',
  [text, text, text, text, uuid],
  `insert into heddle.requests as r (tenant, key, route, hash, answer, holder, at)
    values ($1::text, $2::text, $3::text, $4::text, '', $5::uuid, clock_timestamp())
    on conflict (tenant, key) do update set at = excluded.at, route = excluded.route,
        hash = excluded.hash, answer = '', holder = excluded.holder
      where r.at < ${ends} or (r.answer = '' and r.route = excluded.route
        and r.hash = excluded.hash and (r.at < ${claimEnds} or r.holder = excluded.holder))
    returning 1`,
);

export async function claimRequest(pool: Pool, asked: InTenant<ClaimAsked>): Promise<Claim> {
  const { tenant, key, route, hash, holder } = asked;
  const taken = await pool.rows(claimStatement(tenant, key, route, hash, holder));
  if (taken.length > 0) return { kind: 'claimed' };
  const [known = null] = await knownRequests(pool, [asked]);
  // Gone meanwhile: it was refused, and may be claimed.
  if (known === null) return { kind: 'running' };
  if (!isSameRequest(known, asked)) return { kind: 'differs' };
  const { answerText } = known;
  return answerText === '' ? { kind: 'running' } : { kind: 'answered', answerText };
}

const held = `tenant = $1::text and key = $2::text and holder = $3::uuid`;

const renewStatement = statement(
  'requests_renew',
  [text, text, uuid],
  `update heddle.requests set at = clock_timestamp() where ${held} and answer = '' returning 1`,
);

export async function renewClaim(
  pool: Pool,
  { tenant, key, holder }: InTenant<ClaimAsked>,
): Promise<boolean> {
  return (await pool.rows(renewStatement(tenant, key, holder))).length > 0;
}

const answerStatement = statement(
  'requests_answer',
  [text, text, uuid, text],
  `update heddle.requests set answer = $4::text where ${held} returning 1`,
);

export async function answerRequest(
  pool: Pool,
  { tenant, key, holder, answerText }: InTenant<ClaimAsked> & { readonly answerText: string },
): Promise<boolean> {
  return (await pool.rows(answerStatement(tenant, key, holder, answerText))).length > 0;
}

const dropStatement = statement(
  'requests_drop',
  [text, text, uuid],
  `delete from heddle.requests where ${held} and answer = '' returning 1`,
);

export async function dropRequest(
  pool: Pool,
  { tenant, key, holder }: InTenant<ClaimAsked>,
): Promise<boolean> {
  return (await pool.rows(dropStatement(tenant, key, holder))).length > 0;
}

/** A range of the primary key: the names stand behind the key and a space, and no key of a caller's holds one. */
const partsStatement = statement(
  'requests_parts',
  [text, text, text, text, int],
  `select substr(key, length($2::text) + 2) from heddle.requests
    where tenant = $1::text and key > $2::text || ' ' and key < $2::text || '!' and at >= ${ends}
      and route = $3::text and hash = $4::text
    order by key limit $5::int`,
);

export async function requestParts(
  pool: Pool,
  { tenant, key, route, hash, limit }: InTenant<PartsAsked>,
): Promise<readonly string[]> {
  const rows = await pool.rows(partsStatement(tenant, key, route, hash, limit));
  return rows.map(([name]) => name ?? '');
}
