/** Tokens of the API. Few, written by hand, and read by the hash of what a request carries. */
import type { NewToken, TokenRow, TokenScope } from '../../access-rows.ts';
import type { Pool } from '../link/pool.ts';
import { int, statement, text, texts, type Fields } from '../link/statement.ts';

/** Locks: the new row. A name is used once, also by a token that was revoked. */
const createStatement = statement(
  'token_create',
  [text, text, text, texts],
  `insert into heddle.tokens (name, hash, tenant, scopes)
    values ($1::text, $2::text, $3::text, $4::text[])
    on conflict do nothing returning 1`,
);

/** False: the name is taken. A create whose reply is lost is answered as its first try was. */
export async function createToken(pool: Pool, token: NewToken): Promise<boolean> {
  const { name, hash, tenant, scopes } = token;
  const created = await pool.rows(createStatement(name, hash, tenant, scopes));
  if (created.length > 0) return true;
  return (await tokenByHash(pool, hash))?.name === name;
}

const ms = (column: string): string => `(extract(epoch from ${column}) * 1000)::bigint`;
const columns = `name, hash, tenant, array_to_string(scopes, ','), ${ms('created_at')},
  ${ms('revoked_at')}`;

function tokenRow(fields: Fields): TokenRow {
  const [name, hash, tenant, scopes, createdAt, revokedAt] = fields;
  return {
    name: name ?? '',
    hash: hash ?? '',
    tenant: tenant ?? null,
    // Only `createToken` writes them.
    scopes: (scopes ?? '').split(',').filter((scope) => scope !== '') as TokenScope[],
    createdAtMs: Number(createdAt),
    revokedAtMs: revokedAt === null || revokedAt === undefined ? null : Number(revokedAt),
  };
}

const byHashStatement = statement(
  'token_by_hash',
  [text],
  `select ${columns} from heddle.tokens where hash = $1::text`,
);

export async function tokenByHash(pool: Pool, hash: string): Promise<TokenRow | null> {
  const [row] = await pool.rows(byHashStatement(hash));
  return row === undefined ? null : tokenRow(row);
}

const listStatement = statement(
  'tokens_list',
  [text, int],
  `select ${columns} from heddle.tokens where name > $1::text order by name limit $2::int`,
);

export async function listTokens(
  pool: Pool,
  query: { readonly afterName: string; readonly limit: number },
): Promise<readonly TokenRow[]> {
  return (await pool.rows(listStatement(query.afterName, query.limit))).map(tokenRow);
}

const revokeStatement = statement(
  'token_revoke',
  [text],
  `update heddle.tokens set revoked_at = coalesce(revoked_at, now()) where name = $1::text
    returning 1`,
);

export async function revokeToken(pool: Pool, name: string): Promise<boolean> {
  return (await pool.rows(revokeStatement(name))).length > 0;
}
