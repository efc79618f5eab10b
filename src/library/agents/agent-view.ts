/** The versions of agents as a host reads them, whichever replica has them. */
import { tenantIn } from '../../access/scopes.ts';
import { heddleError } from '../../domain/errors.ts';
import { asWhole } from '../../domain/field.ts';
import { checkName } from '../../domain/ids.ts';
import type { Json } from '../../domain/json.ts';
import { asOptions } from '../../domain/options.ts';
import { schemasIn } from '../../runtime/registry/known-agents.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { AgentRow } from '../../store/rows.ts';
import type { TenantScope } from '../../domain/scope.ts';

/** A version of an agent that the database knows, because a replica has registered it. */
export type AgentView = {
  /** The agent's name. */
  readonly agent: string;
  /** The version that its runs keep. */
  readonly version: string;
  /** The chart's config as JSON, with functions as `{ type: name }`. Null when it is missing. */
  readonly definition: Json;
  /**
   * Why the definition is missing: it is larger than 128 KB, or only a release of heddle that did not keep it
   * has registered the version. Null when it is there.
   */
  readonly definitionMissing: 'too-large' | 'not-recorded' | null;
  /** JSON Schema of the input; null: any input is taken. */
  readonly input: Json;
  /** By event type: JSON Schema of the event's fields beside `type`. Other events are not checked. */
  readonly events: Readonly<Record<string, Json>>;
  /** A hash of the parts of the chart on which open runs depend. */
  readonly structure: string;
  /** When a replica last registered it, in ms since 1970 by the database's clock. */
  readonly registeredAtMs: number;
  /** This process has a chart that takes runs of this version. */
  readonly isHere: boolean;
};

/** Which versions are wanted. */
export type AgentsQuery = {
  /** Only versions of this agent. */
  readonly agent?: string;
  /** For the next page: the last version of the page before. */
  readonly after?: {
    /** Its agent. */
    readonly agent: string;
    /** Its version. */
    readonly version: string;
  };
  /** How many versions at most, 1 to 100. Default 100. */
  readonly limit?: number;
};

/** Open runs of one version. */
export type VersionRuns = {
  /** The agent's name. */
  readonly agent: string;
  /** The version. */
  readonly version: string;
  /** How many runs were counted. */
  readonly open: number;
};

/** How many runs are open on each version that has any. */
export type OpenRuns = {
  /** By agent and version. */
  readonly counts: readonly VersionRuns[];
  /** False: there are more than 100,000 open runs, and only so many were counted. */
  readonly isWhole: boolean;
};

type Rows = Pick<Runtime, 'agents' | 'store'>;

export async function listAgents(
  { agents, store }: Rows,
  given: AgentsQuery,
): Promise<readonly AgentView[]> {
  const query = asOptions(given, 'agents', ['agent', 'after', 'limit']);
  const after =
    query.after === undefined
      ? null
      : asOptions(query.after as object & typeof query.after, 'agents.after', null);
  const rows = await store.agents({
    agent: query.agent === undefined ? null : checkName(query.agent, 'agents.agent'),
    after: after && {
      agent: checkName(after.agent, 'agents.after.agent'),
      version: checkName(after.version, 'agents.after.version'),
    },
    limit: asWhole(query.limit, 'agents.limit', { min: 1, max: 100, fallback: 100 }),
  });
  return rows.map((row) => viewOf(agents, row));
}

export async function oneAgent(
  { agents, store }: Rows,
  given: { readonly name: string; readonly version: string | undefined },
): Promise<AgentView> {
  const name = checkName(given.name, 'agent.name');
  const version = given.version === undefined ? null : checkName(given.version, 'agent.version');
  const row = await store.agent(name, version);
  if (row !== null) return viewOf(agents, row);
  const known = await store.agents({ agent: name, after: null, limit: 10 });
  const versions = known.map((one) => `version ${one.version}`).join(', ');
  const agent = version === null ? name : `${name} version ${version}`;
  throw heddleError('agent-unknown', { agent, known: versions || 'none of this name' });
}

function viewOf(agents: Runtime['agents'], row: AgentRow): AgentView {
  const { agent, version, structure, registeredAtMs, definitionText, definitionBytes } = row;
  const why = definitionBytes === null ? 'not-recorded' : 'too-large';
  return {
    agent,
    version,
    definition: definitionText === null ? null : (JSON.parse(definitionText) as Json),
    definitionMissing: definitionText === null ? why : null,
    ...schemasIn(row),
    structure,
    registeredAtMs,
    isHere: agents.find(agent, version) !== undefined,
  };
}

export async function openRuns(
  { store }: Rows,
  given: { readonly tenant?: string },
  within: TenantScope,
): Promise<OpenRuns> {
  const { tenant } = asOptions(given, 'openRunsByVersion', ['tenant']);
  return store.openRunsByVersion(tenant === undefined ? within : tenantIn(within, tenant));
}
