/**
 * Whose rows a caller may read and write. A scope is a proof: only src/access/scopes.ts makes one, so a read of
 * the store that takes a scope cannot be asked for a tenant that nobody has let the caller see.
 */
declare const made: unique symbol;
type Made = { readonly [made]: true };

/** One tenant's rows and no others. */
export type OneTenant = { readonly kind: 'one'; readonly tenant: string } & Made;
/** Every tenant's rows: the process that hosts heddle, and tokens that are bound to no tenant. */
export type AllTenants = { readonly kind: 'all' } & Made;
/** The tenants whose rows a caller may read and write. */
export type TenantScope = OneTenant | AllTenants;
