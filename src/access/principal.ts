/**
 * Who asks: a token, or somebody at this machine. What they may do is decided here, from the scopes and the
 * tenant of their token alone.
 */
import { heddleError } from '../domain/errors.ts';
import type { TenantScope } from '../domain/scope.ts';
import type { TokenScope } from '../store/access-rows.ts';
import { allTenants, oneTenant, tenantIn } from './scopes.ts';

export type Principal = {
  /** Stands beside the commands that they give: the token's name, or `loopback`. */
  readonly by: string;
  readonly scopes: readonly TokenScope[];
  /** The only tenant that they may name; null: all. */
  readonly tenant: string | null;
};

/** Whoever asks from this machine, where no token is needed. */
export const loopback: Principal = { by: 'loopback', scopes: ['admin'], tenant: null };

/** Throws `scope-missing`. `admin` allows everything. */
export function checkScope({ by, scopes }: Principal, scope: TokenScope): void {
  if (scopes.includes(scope) || scopes.includes('admin')) return;
  throw heddleError('scope-missing', { name: by, scope, has: scopes.join(', ') || 'none' });
}

/** The tenants that they may name. */
export function tenantScopeOf({ tenant }: Pick<Principal, 'tenant'>): TenantScope {
  return tenant === null ? allTenants : oneTenant(tenant);
}

/** The tenant that is meant: see `tenantIn`. */
export function tenantFor(principal: Principal, named: string | undefined): string {
  return tenantIn(tenantScopeOf(principal), named).tenant;
}
