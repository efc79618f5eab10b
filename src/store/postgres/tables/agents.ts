/**
 * The versions of agents: what runs of each stand on, and what pages and forms show of it. Only replicas
 * that start register, so all of them wait for each other on one advisory lock, and the second sees what the
 * first has kept.
 */
import { openCountMax, type AgentRegistration, type StructureInUse } from '../../port.ts';
import type { Pool } from '../link/pool.ts';
import { column, rowStatement, statement } from '../link/statement.ts';

/** Locks: the advisory lock of this table, until the transaction ends. */
const lockStatement = statement(
  'agents_lock',
  [],
  `select 1 from pg_advisory_xact_lock(hashtextextended('heddle.agents', 0))`,
);

type Placed = AgentRegistration & { readonly place: number };

/**
 * Returns the versions that open runs still use with another structure; then nothing is written.
 * Locks: the rows, after the advisory lock.
 */
const registerStatement = rowStatement<Placed>(
  'agents_register',
  [
    column.text((one) => one.agent),
    column.text((one) => one.version),
    column.text((one) => one.structure),
    column.bool((one) => one.replaces),
    column.int((one) => one.place),
    column.int((one) => one.definitionBytes),
    column.text((one) => one.definitionText),
    column.text((one) => one.inputSchemaText),
    column.text((one) => one.eventSchemasText),
  ],
  `with i as materialized (
      select * from unnest($1::text[], $2::text[], $3::text[], $4::bool[], $5::int[], $6::int[],
        $7::text[], $8::text[], $9::text[])
        as i(agent, version, structure, replaces, place, definition_bytes, definition, input_schema,
          event_schemas)
    ), used as materialized (
      select i.agent, i.version, s.structure, r.open
      from i
      join heddle.agents s on s.agent = i.agent and s.version = i.version
      cross join lateral (
        select count(*) as open from (
          select from heddle.runs r
          where r.agent = i.agent and r.version = i.version and r.ended_at is null
          limit ${openCountMax}
        ) o
      ) r
      where s.structure <> i.structure and not i.replaces and r.open > 0
    ), kept as (
      insert into heddle.agents (agent, version, structure, place, definition_bytes, definition,
        input_schema, event_schemas)
      select agent, version, structure, place, definition_bytes, definition, input_schema,
        event_schemas
      from i where not exists (select from used)
      on conflict (agent, version) do update set registered_at = now(),
        structure = excluded.structure, place = excluded.place,
        definition_bytes = excluded.definition_bytes, definition = excluded.definition,
        input_schema = excluded.input_schema, event_schemas = excluded.event_schemas
    )
    select agent, version, structure, open from used`,
);

export async function registerAgents(
  pool: Pool,
  asked: readonly AgentRegistration[],
): Promise<readonly StructureInUse[]> {
  if (asked.length === 0) return [];
  const register = registerStatement(asked.map((one, place) => ({ ...one, place })));
  const results = await pool.read([lockStatement(), register]);
  return (results.get(register) ?? []).map(([agent, version, structure, open]) => ({
    agent: agent ?? '',
    version: version ?? '',
    structure: structure ?? '',
    open: Number(open),
  }));
}
