/**
 * The structure of each version of an agent. Only replicas that start ask for this, so all of them
 * wait for each other on one advisory lock, and the second sees what the first has kept.
 */
import { openCountMax, type AgentStructure, type StructureInUse } from '../../port.ts';
import type { Pool } from '../link/pool.ts';
import { column, rowStatement, statement } from '../link/statement.ts';

/** Locks: the advisory lock of this table, until the transaction ends. */
const lockStatement = statement(
  'structures_lock',
  [],
  `select 1 from pg_advisory_xact_lock(hashtextextended('heddle.structures', 0))`,
);

/**
 * Returns the versions that open runs still use with another structure; then nothing is written.
 * Locks: the rows, after the advisory lock.
 */
const keepStatement = rowStatement<AgentStructure>(
  'structures_keep',
  [
    column.text((one) => one.agent),
    column.text((one) => one.version),
    column.text((one) => one.structure),
    column.bool((one) => one.replaces),
  ],
  `with i as materialized (
      select * from unnest($1::text[], $2::text[], $3::text[], $4::bool[])
        as i(agent, version, structure, replaces)
    ), used as materialized (
      select i.agent, i.version, s.structure, r.open
      from i
      join heddle.structures s on s.agent = i.agent and s.version = i.version
      cross join lateral (
        select count(*) as open from (
          select from heddle.runs r
          where r.agent = i.agent and r.version = i.version and r.ended_at is null
          limit ${openCountMax}
        ) o
      ) r
      where s.structure <> i.structure and not i.replaces and r.open > 0
    ), kept as (
      insert into heddle.structures as s (agent, version, structure)
      select agent, version, structure from i where not exists (select from used)
      on conflict (agent, version) do update
        set structure = excluded.structure, stored_at = now()
        where s.structure <> excluded.structure
    )
    select agent, version, structure, open from used`,
);

export async function keepStructures(
  pool: Pool,
  asked: readonly AgentStructure[],
): Promise<readonly StructureInUse[]> {
  if (asked.length === 0) return [];
  const keep = keepStatement(asked);
  const results = await pool.read([lockStatement(), keep]);
  return (results.get(keep) ?? []).map(([agent, version, structure, open]) => ({
    agent: agent ?? '',
    version: version ?? '',
    structure: structure ?? '',
    open: Number(open),
  }));
}
