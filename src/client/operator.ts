/** What an operator looks at and steers over the API: budgets, providers, agents, the audit. */
import type { Transport } from './transport.ts';
import type {
  AgentInFull,
  AgentVersionView,
  Budget,
  BudgetOwner,
  BudgetView,
  Json,
  Provider,
} from './api-types.ts';

/** The most that the API gives at once. */
const agentsAtOnce = 100;

function budgetAt({ user, runId }: BudgetOwner): string {
  if (runId !== undefined) return `/v1/budgets/runs/${encodeURIComponent(runId)}`;
  return user === undefined
    ? '/v1/budgets/tenant'
    : `/v1/budgets/users/${encodeURIComponent(user)}`;
}

/** What an operator looks at and steers. */
export class Operator {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** The budget of an owner, and its use. */
  async budget(owner: BudgetOwner = {}): Promise<BudgetView> {
    return (await this.#transport.ask<BudgetView>('GET', budgetAt(owner))).body;
  }

  /** Gives the owner a budget; calls that wait for it go on if they fit. */
  async setBudget(budget: Budget, owner: BudgetOwner = {}): Promise<BudgetView> {
    return (await this.#transport.ask<BudgetView>('PUT', budgetAt(owner), { body: budget })).body;
  }

  /** What replicas have found out about each gate. */
  async providers(): Promise<readonly Provider[]> {
    type Body = { readonly providers: readonly Provider[] };
    return (await this.#transport.ask<Body>('GET', '/v1/providers', { ofTenant: false })).body
      .providers;
  }

  /** Reopens a parked provider, after a person has mended its key or spend. */
  async reopenProvider(provider: string): Promise<void> {
    const path = `/v1/providers/${encodeURIComponent(provider)}/reopen`;
    await this.#transport.ask('POST', path, { ofTenant: false, repeat: 'harmless' });
  }

  /** Versions of agents that any replica has registered, by name and version; all pages of them. */
  async agents(
    query: {
      /** The agent's name. */
      readonly agent?: string;
    } = {},
  ): Promise<readonly AgentVersionView[]> {
    type Body = { readonly agents: readonly AgentVersionView[] };
    const found: AgentVersionView[] = [];
    for (let after = {}; ;) {
      const asked = { query: { ...query, ...after, limit: agentsAtOnce }, ofTenant: false };
      const { agents } = (await this.#transport.ask<Body>('GET', '/v1/agents', asked)).body;
      found.push(...agents);
      const last = agents.at(-1);
      if (last === undefined || agents.length < agentsAtOnce) return found;
      after = { afterAgent: last.agent, afterVersion: last.version };
    }
  }

  /** A version of an agent: its chart's config as JSON, and the schemas of its input and events. */
  async agent(agent: string, version: string): Promise<AgentInFull> {
    const path = `/v1/agents/${encodeURIComponent(agent)}/versions/${encodeURIComponent(version)}`;
    return (await this.#transport.ask<AgentInFull>('GET', path, { ofTenant: false })).body;
  }

  /** Counts of all that the tenant has, and of what should never be. */
  async audit(): Promise<Readonly<Record<string, Json>>> {
    return (await this.#transport.ask<Readonly<Record<string, Json>>>('GET', '/v1/audit')).body;
  }
}
