/**
 * The only maker of scopes (`TenantScope`). Who calls decides the scope, once: the process that hosts heddle is
 * trusted with all tenants, a token with the one that it is bound to. From then on a request that names a tenant
 * is held against that scope, here.
 */
import { heddleError } from '../domain/errors.ts';
import { checkName } from '../domain/ids.ts';
import type { AllTenants, OneTenant, TenantScope } from '../domain/scope.ts';

const defaultTenant = 'default';

/** The scope of the process that hosts heddle: it could read the database itself. */
export const allTenants = Object.freeze({ kind: 'all' }) as AllTenants;

export function oneTenant(tenant: string, field = 'tenant'): OneTenant {
  return Object.freeze({ kind: 'one', tenant: checkName(tenant, field) }) as OneTenant;
}

/**
 * The tenant that a request means: the one that it names, else the scope's own, else `default`. Throws
 * `tenant-refused` for a tenant outside the scope. It is not looked up, so nobody learns whether it exists.
 */
export function tenantIn(
  scope: TenantScope,
  asked: string | undefined,
  field = 'tenant',
): OneTenant {
  if (scope.kind === 'all') return oneTenant(asked === undefined ? defaultTenant : asked, field);
  if (asked === undefined) return scope;
  if (checkName(asked, field) === scope.tenant) return scope;
  throw heddleError('tenant-refused', { tenant: asked });
}

/** Throws `tenants-all-needed` for a caller of one tenant: what it asks for is about all. */
export function checkAll(scope: TenantScope): void {
  if (scope.kind === 'one') throw heddleError('tenants-all-needed', { tenant: scope.tenant });
}
