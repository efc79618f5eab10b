/**
 * Tokens as people make, list and revoke them.
 *
 * 1. A token is 32 random bytes. It is shown once, when it is made; the store has its hash alone. So many
 *    bits cannot be guessed, and a plain sha-256 of them is enough.
 */
import { createHash, randomBytes } from 'node:crypto';
import { heddleError } from '../domain/errors.ts';
import { asOneOf, asWhole, refuseField } from '../domain/field.ts';
import { checkName } from '../domain/ids.ts';
import type { Json } from '../domain/json.ts';
import { asList, asOptions } from '../domain/options.ts';
import { tokenScopes, type TokenRow, type TokenScope } from '../store/access-rows.ts';
import type { Store } from '../store/port.ts';

/** What a new token may do. */
export type TokenRequest = {
  /** Names the token for ever: letters, digits, `.`, `_`, `-`. */
  readonly name: string;
  /** Default: `run` and `read`. */
  readonly scopes?: readonly TokenScope[];
  /** The only tenant that it may name. Default: all. */
  readonly tenant?: string;
};

export type TokenStore = Pick<Store, 'createToken' | 'tokenByHash' | 'tokens' | 'revokeToken'>;

const nameFits = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
/** Names of those who are no token. */
const otherNames: readonly string[] = ['library', 'loopback', 'environment'];

export const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

/** Returns the token, which is not shown again. Throws `token-name-used`. */
export async function createToken(store: TokenStore, given: TokenRequest): Promise<string> {
  const request = asOptions(given, 'token', ['name', 'scopes', 'tenant']);
  const name = tokenName(request.name);
  if (otherNames.includes(name)) refuseField('token.name', `must not be ${name}`);
  const scopes = scopesOf(request.scopes ?? ['run', 'read']);
  const tenant = request.tenant === undefined ? null : checkName(request.tenant, 'token.tenant');
  const token = `heddle_${randomBytes(32).toString('base64url')}`;
  const isNew = await store.createToken({ name, hash: hashOf(token), tenant, scopes });
  if (!isNew) throw heddleError('token-name-used', { name });
  return token;
}

function tokenName(given: unknown): string {
  const name = checkName(given, 'token.name');
  if (nameFits.test(name)) return name;
  return refuseField('token.name', 'must have 1 to 64 letters, digits, dots, underscores, dashes');
}

function scopesOf(given: unknown): readonly TokenScope[] {
  const list = asList(given, 'token.scopes', { max: tokenScopes.length, what: 'scopes' });
  if (list.length === 0) refuseField('token.scopes', 'must name at least one');
  const scopes = list.map((scope) => asOneOf(scope as Json, 'token.scopes', tokenScopes));
  return [...new Set(scopes)];
}

/** Tokens by name, revoked ones among them. */
export async function listTokens(
  store: TokenStore,
  query: { readonly after?: string; readonly limit?: number } = {},
): Promise<readonly Omit<TokenRow, 'hash'>[]> {
  const { after = '', limit: most } = asOptions(query, 'tokens', ['after', 'limit']);
  const limit = asWhole(most, 'tokens.limit', { min: 1, max: 1_000, fallback: 1_000 });
  const rows = await store.tokens({ afterName: after, limit });
  return rows.map(({ name, tenant, scopes, createdAtMs, revokedAtMs }) => {
    return { name, tenant, scopes, createdAtMs, revokedAtMs };
  });
}

/** From then on nobody gets in with it: replicas that know it look again within five seconds. */
export async function revokeToken(store: TokenStore, given: string): Promise<void> {
  const name = checkName(given, 'token.name');
  if (!(await store.revokeToken(name))) throw heddleError('token-unknown', { name });
}
