/** Tokens of the API. */
import type { NewToken, TokenRow } from '../access-rows.ts';
import type { Database } from './database.ts';

export function createToken(db: Database, token: NewToken): boolean {
  const { tokens } = db.tables;
  const known = tokens.get(token.name);
  if (known !== undefined) return known.hash === token.hash;
  if (tokens.by('hash', token.hash).length > 0) return false;
  tokens.put({ ...token, scopes: [...token.scopes], createdAtMs: db.now(), revokedAtMs: null });
  return true;
}

export function tokenByHash(db: Database, hash: string): TokenRow | null {
  return db.tables.tokens.by('hash', hash)[0] ?? null;
}

export function listTokens(
  db: Database,
  query: { readonly afterName: string; readonly limit: number },
): readonly TokenRow[] {
  return db.tables.tokens
    .all()
    .filter(({ name }) => name > query.afterName)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .slice(0, query.limit);
}

export function revokeToken(db: Database, name: string): boolean {
  const known = db.tables.tokens.get(name);
  if (known === undefined) return false;
  db.tables.tokens.put({ ...known, revokedAtMs: known.revokedAtMs ?? db.now() });
  return true;
}
