/** Reads of the versions of agents, and of how many runs are open on each. They take no locks. */
import { openCountMax, type Answer, type Asked } from '../../port.ts';
import type { AnswerIn } from '../../caller-port.ts';
import type { AgentRow } from '../../rows.ts';
import type { Pool } from '../link/pool.ts';
import { int, statement, text, type Fields } from '../link/statement.ts';
import { epochMs } from './run-reads.ts';

const agentFields = `a.agent, a.version, a.structure, ${epochMs('a.registered_at')}, a.definition,
  a.definition_bytes, a.input_schema, a.event_schemas`;

function agentRow(fields: Fields): AgentRow {
  const [agent, version, structure, registeredAt, definition, bytes, input, events] = fields;
  return {
    agent: agent ?? '',
    version: version ?? '',
    structure: structure ?? '',
    registeredAtMs: Number(registeredAt),
    definitionText: definition ?? null,
    definitionBytes: bytes ? Number(bytes) : null,
    inputSchemaText: input ?? null,
    eventSchemasText: events ?? null,
  };
}

const listStatement = statement(
  'agents_list',
  [text, text, text, int],
  `select ${agentFields} from heddle.agents a
    where ($1::text is null or a.agent = $1::text)
      and ($2::text is null or (a.agent, a.version) > ($2::text, $3::text))
    order by a.agent, a.version limit $4::int`,
);

export async function listAgents(pool: Pool, query: Asked<'agents'>): Promise<Answer<'agents'>> {
  const { agent, after, limit } = query;
  const call = listStatement(agent, after?.agent ?? null, after?.version ?? null, limit);
  return (await pool.rows(call)).map(agentRow);
}

const oneStatement = statement(
  'agent_version',
  [text, text],
  `select ${agentFields} from heddle.agents a where a.agent = $1::text and a.version = $2::text`,
);

/** It sorts the versions of one agent: their keys and times, which are few and small beside the rest. */
const newestStatement = statement(
  'agent_newest',
  [text],
  `select ${agentFields} from heddle.agents a
    where a.agent = $1::text order by a.registered_at desc, a.place desc limit 1`,
);

export async function oneAgent(
  pool: Pool,
  name: string,
  version: string | null,
): Promise<AgentRow | null> {
  const call = version === null ? newestStatement(name) : oneStatement(name, version);
  const [row] = await pool.rows(call);
  return row === undefined ? null : agentRow(row);
}

/** One run more than is counted tells that there are more. */
const openStatement = statement(
  'agents_open_runs',
  [text],
  `with o as materialized (
      select r.agent, r.version from heddle.runs r
      where r.ended_at is null and ($1::text is null or r.tenant = $1::text)
      limit ${openCountMax + 1}
    )
    select agent, version, count(*), (select count(*) from o) <= ${openCountMax} from o
    group by agent, version order by agent, version`,
);

export async function openRunsByVersion(
  pool: Pool,
  tenant: string | null,
): Promise<AnswerIn<'openRunsByVersion'>> {
  const rows = await pool.rows(openStatement(tenant));
  return {
    counts: rows.map(([agent, version, open]) => ({
      agent: agent ?? '',
      version: version ?? '',
      open: Number(open),
    })),
    isWhole: rows[0]?.[3] !== 'f',
  };
}
