/**
 * Lists the tenants from the keys of their runs, because no table holds tenants. These reads take no
 * locks.
 */
import type { Pool } from '../link/pool.ts';
import { int, text, statement } from '../link/statement.ts';

/**
 * One step in the primary key from each tenant to the next, so the cost grows only with their number.
 */
const allTenantsStatement = statement(
  'tenants_all',
  `with recursive found as (
      (select tenant from heddle.runs where tenant >= $1::text order by tenant limit 1)
      union all
      select (select r.tenant from heddle.runs r where r.tenant > found.tenant
        order by r.tenant limit 1)
      from found where starts_with(found.tenant, $1::text)
    )
    select tenant from found where starts_with(tenant, $1::text) limit $2::int`,
);

/** Ended runs may be millions; open ones have an index of their own, by shard. */
const openTenantsStatement = statement(
  'tenants_open',
  `select distinct tenant from heddle.runs
    where ended_at is null and starts_with(tenant, $1::text) limit $2::int`,
);

export async function listTenants(
  pool: Pool,
  query: { readonly prefix: string; readonly open: boolean; readonly limit: number },
): Promise<string[]> {
  const statement = query.open ? openTenantsStatement : allTenantsStatement;
  const call = { statement, params: [text(query.prefix), int(query.limit)] };
  return ((await pool.read([call])).get(call) ?? []).map(([tenant]) => tenant ?? '');
}
