/** What an operator looks at and steers over the API: budgets, providers, the audit. */
import type { Transport } from './transport.ts';
import type { Budget, BudgetOwner, BudgetView, Json, Page, Provider } from './api-types.ts';
import { pathWord } from './records/path-word.ts';
import type { NamesQuery, UserBudget } from './types/lists.ts';
import type {
  Access,
  Activity,
  ActivityQuery,
  LineWaits,
  Replicas,
  TenantsQuery,
} from './types/operations.ts';
import { weaveOf, type WeavePast, type WeaveQuery } from './weave.ts';

function budgetAt({ user, runId }: BudgetOwner): string {
  if (runId !== undefined) return `/v1/budgets/runs/${pathWord(runId)}`;
  return user === undefined ? '/v1/budgets/tenant' : `/v1/budgets/users/${pathWord(user)}`;
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

  /** What users have used of their budgets, by name: a page of those that were given one or charged by default. */
  async budgets(query: NamesQuery = {}): Promise<Page<UserBudget>> {
    type Body = { readonly budgets: readonly UserBudget[]; readonly cursor: string };
    const { body } = await this.#transport.ask<Body>('GET', '/v1/budgets', { query });
    return { items: body.budgets, cursor: body.cursor };
  }

  /** What replicas have found out about each gate. */
  async providers(): Promise<readonly Provider[]> {
    type Body = { readonly providers: readonly Provider[] };
    return (await this.#transport.ask<Body>('GET', '/v1/providers', { ofTenant: false })).body
      .providers;
  }

  /** By gate, the runs whose calls have stood longest in its line. */
  async waits(): Promise<LineWaits> {
    return (await this.#transport.ask<LineWaits>('GET', '/v1/providers/waits', { ofTenant: false }))
      .body;
  }

  /** Reopens a parked or stalled provider at every replica, after a person has mended its key or spend. */
  async reopenProvider(
    provider: string,
    body: {
      /** True: the time is over, too, that a 429 has asked for. */
      readonly endsCooling?: boolean;
    } = {},
  ): Promise<void> {
    const path = `/v1/providers/${pathWord(provider)}/reopen`;
    await this.#transport.ask('POST', path, { body, ofTenant: false });
  }

  /** Has a stalled or parked provider asked at once, by the next call that waits for it. */
  async probeProvider(provider: string): Promise<void> {
    const path = `/v1/providers/${pathWord(provider)}/probe`;
    await this.#transport.ask('POST', path, { ofTenant: false });
  }

  /** Who asks, as the API knows them. */
  async access(): Promise<Access> {
    return (await this.#transport.ask<Access>('GET', '/v1/access', { ofTenant: false })).body;
  }

  /** Tenants with runs, of those that the token may name; in no promised order. */
  async tenants(query: TenantsQuery = {}): Promise<readonly string[]> {
    type Body = { readonly tenants: readonly string[] };
    const asked = { query, ofTenant: false };
    return (await this.#transport.ask<Body>('GET', '/v1/tenants', asked)).body.tenants;
  }

  /** All replicas with their shards. */
  async replicas(): Promise<Replicas> {
    return (await this.#transport.ask<Replicas>('GET', '/v1/replicas', { ofTenant: false })).body;
  }

  /** What was going on: every 5 s of the last hour, every minute of the last week. */
  async activity(query: ActivityQuery = {}): Promise<Activity> {
    const asked = { query, ofTenant: false };
    return (await this.#transport.ask<Activity>('GET', '/v1/activity', asked)).body;
  }

  /** What the runs that a picture draws were in during the last minutes, out of their journals. */
  async weave(query: WeaveQuery = {}): Promise<WeavePast> {
    const { spanMs: span, every } = query;
    return weaveOf(await this.#transport.bytes('/v1/activity/weave', { query: { span, every } }));
  }

  /** Counts of all that the tenant has, and of what should never be. `isWhole` false: it has too many rows for that. */
  async audit(): Promise<Readonly<Record<string, Json>>> {
    return (await this.#transport.ask<Readonly<Record<string, Json>>>('GET', '/v1/audit')).body;
  }
}
