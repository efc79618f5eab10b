/**
 * What one caller can ask of heddle: a host, or whoever holds a token. Every call is held against the caller's
 * scope: a tenant outside of it is refused, and its runs are as unknown as those that do not exist.
 *
 * Leaves one run to run-handle.ts, channels and memory as they are used from outside runs to
 * outside-channels.ts and outside-memory.ts, and all work to the runtime.
 *
 * 1. A wrong request is refused before anything is written (promise 11).
 * 2. Every call to the store carries the scope, or a tenant that was found within it.
 */
import { checkAll, tenantIn } from '../../access/scopes.ts';
import type { ChartPlan } from '../../domain/chart-plan.ts';
import type { RecallOutput, RememberOutput } from '../../domain/catalogue.ts';
import { heddleError } from '../../domain/errors.ts';
import { refuseField } from '../../domain/field.ts';
import { asRunId } from '../../domain/ids.ts';
import { asList, asOptions } from '../../domain/options.ts';
import { hearGiven } from '../../domain/plain/refused.ts';
import {
  OutsideChannels,
  type GroupRequest,
  type LeaseHolder,
  type RenewRequest,
} from '../outside-channels.ts';
import { OutsideMemory, type RecallOptions, type RememberOptions } from '../outside-memory.ts';
import type { AgentRef, ChartFor, StartArguments, StartOf, StartOptions } from '../agent-types.ts';
import { storeImage, type ImageInput, type StoredImagePart } from '../images.ts';
import { Run } from '../run-handle.ts';
import type { AgentSources, AnyChart } from '../../runtime/agent-source.ts';
import {
  budgetPlace,
  budgetLimits,
  budgetView,
  type Budget,
  type BudgetOwner,
  type BudgetView,
} from '../budget-requests.ts';
import {
  startKeys,
  startOf,
  type MemoryOwner,
  type Published,
  type PublishRequest,
  type RunOptions,
} from '../requests.ts';
import {
  activityOf,
  replicasOf,
  tenantsOf,
  type ActivityHistory,
  type ActivityQuery,
  type TenantsQuery,
} from './operations.ts';
import { listQuestions, type ListedQuestion, type QuestionsQuery } from './questions.ts';
import { orderGates, type ReopenOptions } from './gate-orders.ts';
import { runsQuery, type RunsQuery } from '../runs-query.ts';
import { startRuns, type Start } from '../agents/starts.ts';
import {
  listAgents,
  oneAgent,
  openRuns,
  type AgentsQuery,
  type AgentView,
  type OpenRuns,
} from '../agents/agent-view.ts';
import {
  countEvaluations,
  evaluate,
  listEvaluations,
  type EvaluationCounts,
  type EvaluationGiven,
  type EvaluationStands,
  type EvaluationsQuery,
} from './evaluations.ts';
import type { Caller, Door } from './door.ts';
import { rerunOf, tenantOnly, type RerunOptions } from '../listing/rerun.ts';
import { Listing } from './listing.ts';
import type { AuditFacts, LeasedMessage } from '../../store/caller-port.ts';
import type { ReplicasView } from '../../store/ports/operations-port.ts';
import type { RunAddress, RunRow } from '../../store/rows.ts';
import type { EvaluationRow } from '../../store/ports/evaluation-rows.ts';
import type { RequestAsked } from '../../store/requests/request-rows.ts';
import type { ProviderView } from '../../store/provider-rows.ts';
import type { OneTenant, TenantScope } from '../../domain/scope.ts';

/**
 * The calls of one caller, within its scope. `Agents` is the type of the agents that `createHeddle` was given.
 */
export class CallerHeddle<out Agents extends AgentSources = AgentSources> {
  /** @internal The tenants that this caller may name. */
  readonly scope: TenantScope;
  /** @internal Stands beside the commands of this caller: a token's name, or `library`. */
  readonly by: string;
  /** Lists of runs: pages by filter, counts, trees of children, and commands to all open runs of a filter. */
  readonly listing: Listing;
  /** @internal Set for a caller of one request that has an idempotency key: its one effect is kept with it. */
  readonly request: RequestAsked | null;
  readonly #door: Door;
  readonly #channels: OutsideChannels;
  readonly #memory: OutsideMemory;

  /** @internal */
  constructor(door: Door, { scope, by, request = null, claimed = null }: Caller) {
    this.scope = scope;
    this.by = by;
    this.request = request;
    this.#door = door;
    this.listing = new Listing(door, { scope, claimed }, (address, one, part) =>
      this.handleOf(address, one, part),
    );
    this.#channels = new OutsideChannels(() => door.open(), scope, request);
    this.#memory = new OutsideMemory(() => door.open(), scope, request);
  }

  /**
   * Starts a run of the agent with this name, or of this chart; resolves when the run is durable. A name
   * means the newest version, a chart its own: it is the object that `createHeddle` was given, or one
   * with the same structure (as `provide` gives). A name that is not registered here, and that the database
   * knows from another replica, means the version that was registered last; the run waits for a replica that
   * has it. Throws `agent-unknown` for an agent that nobody knows, `agent-differs` for another chart under a
   * registered name, `invalid-input` for an input that does not fit the agent's schema.
   */
  async start<const Given extends string | AnyChart>(
    agent: AgentRef<Agents, Given>,
    ...[options]: StartArguments<ChartFor<Agents, Given>>
  ): Promise<Run<ChartFor<Agents, Given>>> {
    return hearGiven(options, () => this.#startOne(agent, options === undefined ? {} : options));
  }

  async #startOne<Chart>(agent: unknown, options: StartOptions): Promise<Run<Chart>> {
    // The options may be those of `startAll`, which name the agent: it must be the same agent.
    const given = asOptions<Start>(options, 'start', startKeys);
    const request = { agent, ...given };
    if (request.agent !== agent) refuseField('start.agent', 'is given twice, and differs');
    const [run] = await this.#startAll([request]);
    if (run === undefined) throw new TypeError('a start was not answered');
    return run as Run<Chart>;
  }

  /** Starts several runs. All of them are accepted, or none is: a pipeline is never half begun. */
  async startAll<const Given extends readonly (string | AnyChart)[]>(
    starts: readonly [...{ [Place in keyof Given]: StartOf<Agents, Given[Place]> }],
  ): Promise<{ -readonly [Place in keyof Given]: Run<ChartFor<Agents, Given[Place]>> }> {
    const runs: unknown = await hearGiven(starts, () => this.#startList(starts));
    return runs as { -readonly [Place in keyof Given]: Run<ChartFor<Agents, Given[Place]>> };
  }

  async #startList(starts: unknown): Promise<Run[]> {
    const { turnsMax: max } = this.#door.open().settings;
    const given = asList(starts, 'starts', { max, what: 'runs' }) as readonly Start[];
    return this.#startAll(
      given.map((start, place) => startOf(start, `starts[${place}]`)),
      true,
    );
  }

  async #startAll(starts: readonly Start[], isList = false): Promise<Run[]> {
    const runs = await startRuns(this.#door.open(), starts, this, isList);
    return runs.map((run) => this.handleOf(run, tenantIn(this.scope, run.tenant)));
  }

  /**
   * Starts a run once more, on the newest version of its agent: with its input, or with another that fits the agent's
   * schema. The new run has its user, pipeline, class and tags, and the tag `rerun-of:` with its id.
   */
  async rerun(runId: string, options: RerunOptions = {}): Promise<Run> {
    return hearGiven(options, async () => {
      const before = await this.run(runId, tenantOnly(options));
      const [run] = await this.#startAll([rerunOf(await before.row(), options)]);
      if (run === undefined) throw new TypeError('a start was not answered');
      return run;
    });
  }

  /**
   * The handle of a run that exists; throws `run-unknown` when none does. With `agent`, a name or a
   * chart, the handle is typed as that agent's, and a run of another agent is refused.
   */
  async run<const Given extends string | AnyChart = string>(
    runId: string,
    options: RunOptions<AgentRef<Agents, Given>> = {},
  ): Promise<Run<ChartFor<Agents, Given>>> {
    const { tenant, agent } = asOptions(options, 'run', ['tenant', 'agent']);
    const { agents, store } = this.#door.open();
    const id = asRunId(runId);
    const within = tenantIn(this.scope, tenant);
    const row = await store.run(within, id);
    if (row === null) throw heddleError('run-unknown', { runId });
    if (agent !== undefined && agents.nameOf(agent, 'run.agent') !== row.agent) {
      refuseField('run.agent', `is not the agent of this run, ${row.agent}`);
    }
    return this.handleOf(row, within);
  }

  /** @internal For handles of tests. */
  protected handleOf<Chart>(
    address: RunAddress,
    scope: OneTenant,
    request = this.request,
  ): Run<Chart> {
    return new Run(this.#door.runtime, address, { scope, by: this.by, request });
  }

  /** Runs of one tenant, newest first. */
  async runs(given: RunsQuery = {}): Promise<readonly RunRow[]> {
    const { scope, query } = runsQuery(given, this.scope);
    return this.#door.open().store.runs(scope, query);
  }

  /** The versions of agents that replicas have registered, by agent and version: 100 at most. */
  async agents(query: AgentsQuery = {}): Promise<readonly AgentView[]> {
    return listAgents(this.#door.open(), query);
  }

  /**
   * One version of an agent; without a version the one that was registered last. Throws `agent-unknown` when no
   * replica has registered it.
   */
  async agent(name: string, version?: string): Promise<AgentView> {
    return oneAgent(this.#door.open(), { name, version });
  }

  /**
   * The version's chart as text for Mermaid, a `stateDiagram-v2`; null when its definition is missing. Throws as
   * `agent` does.
   */
  async mermaid(name: string, version?: string): Promise<string | null> {
    const { definition } = await this.agent(name, version);
    return definition === null ? null : this.#door.runtime.kernel.mermaid(definition);
  }

  /**
   * The version's chart as an outline: its states, each within its parent, with what it invokes and where its edges
   * lead. Null and throws as `mermaid`.
   */
  async outline(name: string, version?: string): Promise<string | null> {
    const { definition } = await this.agent(name, version);
    return definition === null ? null : this.#door.runtime.kernel.outline(definition);
  }

  /**
   * The version's chart as JSON that [Stately Sketch](https://github.com/statelyai/sketch) reads: XState's config, with functions
   * as `{ type: name }`. Null and throws as `mermaid`.
   */
  async sketch(name: string, version?: string): Promise<string | null> {
    const { definition } = await this.agent(name, version);
    return definition === null ? null : this.#door.runtime.kernel.sketch(definition);
  }

  /** @internal For surfaces: what a drawing of the version's chart holds: its states and edges, each with its id. Null and throws as `mermaid`. */
  async plan(name: string, version?: string): Promise<ChartPlan | null> {
    const { definition } = await this.agent(name, version);
    return definition === null ? null : this.#door.runtime.kernel.plan(definition);
  }

  /** How many runs are open on each version of each agent, in one tenant or in all. */
  async openRunsByVersion(options: { readonly tenant?: string } = {}): Promise<OpenRuns> {
    return openRuns(this.#door.open(), options, this.scope);
  }

  /** Publishes a message. Resolves when it is durable and has its place in the channel or its delay. */
  async publish(
    channel: string,
    payload: unknown,
    options: PublishRequest = {},
  ): Promise<Published> {
    return hearGiven(payload, () => this.#channels.publish(channel, payload, options));
  }

  /** Leases messages to a consumer outside runs, which gets each of them at least once. */
  async receive(channel: string, request: GroupRequest): Promise<readonly LeasedMessage[]> {
    return this.#channels.receive(channel, request);
  }

  /** Marks a message as done. Throws `lease-lost` when its lease has ended: another may have it now. */
  async acknowledge(message: LeasedMessage, request: LeaseHolder): Promise<void> {
    await this.#channels.acknowledge(message, request);
  }

  /** Keeps a message for longer. Throws `lease-lost` when its lease has ended: another may have it now. */
  async renew(message: LeasedMessage, request: RenewRequest): Promise<void> {
    await this.#channels.renew(message, request);
  }

  /** Reads a memory entry. For an entry that does not exist, `found` is false. */
  async recall(owner: MemoryOwner, key: string, options?: RecallOptions): Promise<RecallOutput> {
    return this.#memory.recall(owner, key, options);
  }

  /** Writes a version of an entry. With `expectedVersion` 0 the entry must not exist. */
  async remember(
    owner: MemoryOwner,
    key: string,
    value: unknown,
    options: RememberOptions = {},
  ): Promise<RememberOutput> {
    return hearGiven(value, () => this.#memory.remember(owner, key, value, options));
  }

  /**
   * Stores an image for runs of its tenant, and returns the part of a message that stands for it: give it to a
   * run in its input. Throws `quota-exceeded` when the tenant's images have `imageBytesMax` bytes.
   */
  async storeImage(image: ImageInput): Promise<StoredImagePart> {
    return storeImage(this.#door.open(), image, this.scope);
  }

  /** Open questions without an answer, of all runs of the tenant, oldest first. */
  async questions(query: QuestionsQuery = {}): Promise<readonly ListedQuestion[]> {
    return listQuestions(this.#door.open().store, query, this.scope);
  }

  /** The evaluations that this run was given: 1,000 at most. */
  async evaluations(
    runId: string,
    options: { readonly tenant?: string } = {},
  ): Promise<readonly EvaluationRow[]> {
    const { tenant } = asOptions(options, 'evaluations', ['tenant']);
    const scope = tenantIn(this.scope, tenant);
    const query = { subjectRunId: asRunId(runId), limit: 1_000 };
    return this.#door.open().store.evaluations(scope, query);
  }

  /** Tenants with runs, of those that this caller may name; in no promised order. */
  async tenants(query: TenantsQuery = {}): Promise<readonly string[]> {
    return tenantsOf(this.#door.open(), this.scope, query);
  }

  /** All replicas with the shards that they hold, and the shards that none holds. For callers of all tenants. */
  async replicas(): Promise<ReplicasView> {
    return replicasOf(this.#door.open(), this.scope);
  }

  /**
   * What was going on: runs by status, calls in slots, gates, and the users with the most open runs, every 5 s of the
   * last hour and every minute of the last week. For callers of all tenants.
   */
  async activity(query: ActivityQuery = {}): Promise<ActivityHistory> {
    return activityOf(this.#door.open(), this.scope, query);
  }

  /** Gives a run an evaluation, from outside runs. Throws `run-unknown` when there is no such run. */
  async evaluate(evaluation: EvaluationGiven): Promise<EvaluationStands> {
    return evaluate(this.#door.open(), evaluation, this);
  }

  /** Evaluations by agent, version or run, newest first. */
  async evaluationList(query: EvaluationsQuery = {}): Promise<readonly EvaluationRow[]> {
    return listEvaluations(this.#door.open(), query, this.scope);
  }

  /** Scores by agent and version: how many, mean, quartiles, and how many in each tenth. */
  async evaluationTotals(
    query: Pick<EvaluationsQuery, 'tenant' | 'agent' | 'version'> = {},
  ): Promise<EvaluationCounts> {
    return countEvaluations(this.#door.open(), query, this.scope);
  }

  /** @internal For surfaces: counts of the tenant's rows, by which nothing may be lost, doubled or stuck. */
  async audit(options: { readonly tenant?: string } = {}): Promise<AuditFacts> {
    const { tenant } = asOptions(options, 'audit', ['tenant']);
    return this.#door.open().store.audit(tenantIn(this.scope, tenant));
  }

  /** Gives a run, user or tenant its own budget; calls that wait for the budget go on if they fit. Throws `run-unknown`. */
  async setBudget(owner: BudgetOwner, budget: Budget): Promise<void> {
    const runtime = this.#door.open();
    const limits = budgetLimits(budget, 'budget');
    const { scope, at } = await budgetPlace(runtime.store, owner, this.scope);
    await runtime.store.setBudget(scope, at, limits);
    runtime.chargeCalls();
  }

  /** The budget and its use. Null when the owner has no budget and no call was charged to it. Throws `run-unknown`. */
  async budget(owner: BudgetOwner): Promise<BudgetView | null> {
    const { store } = this.#door.open();
    const { scope, at } = await budgetPlace(store, owner, this.scope);
    const row = await store.budget(scope, at);
    return row === null ? null : budgetView(owner, row);
  }

  /**
   * What replicas have found out about each gate (a provider, or one model of it): its status, its limit, and
   * what its last fault said, with the address. It is read from the database, so any process can ask.
   */
  async providers(): Promise<readonly ProviderView[]> {
    checkAll(this.scope);
    return this.#door.open().store.providers();
  }

  /**
   * Reopens a parked or stalled provider at every replica, after a person has mended its key or spend: its calls go
   * on. While it is still out, it closes again. A time that a 429 has asked for is kept, unless `endsCooling`. Throws
   * `provider-unknown`.
   */
  async reopenProvider(name: string, options: ReopenOptions = {}): Promise<void> {
    await orderGates(this.#door.open(), this, { kind: 'reopen', name, options });
  }

  /** Has a stalled or parked provider asked at once, by the next call that waits for it, at every replica. */
  async probeProvider(name: string): Promise<void> {
    await orderGates(this.#door.open(), this, { kind: 'probe', name, options: {} });
  }
}
