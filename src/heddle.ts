/**
 * The composition root: config, store, kernel, providers and runtime put together, and stopped in
 * reverse. The library's face, `Heddle`, is in this file too, because it is nothing but this.
 */
import type { RecallOutput } from './domain/catalogue.ts';
import { heddleError } from './domain/errors.ts';
import { asOneOf, asWhole, refuseField } from './domain/field.ts';
import { asRunId, checkName } from './domain/ids.ts';
import { toJson } from './domain/json.ts';
import { createKernel } from './kernel/kernel.ts';
import type { Provider } from './providers/port.ts';
import { createStub, type Stub, type StubOptions } from './providers/stub.ts';
import { asError, Run, type StartOptions } from './run-handle.ts';
import {
  budgetAddress,
  budgetDefaults,
  budgetLimits,
  budgetView,
  type Budget,
  type BudgetOwner,
  type BudgetView,
} from './runtime/budget-requests.ts';
import type { Log } from './runtime/ports.ts';
import { recalled } from './runtime/recalled.ts';
import {
  memoryAddress,
  newMessage,
  newRun,
  tenantName,
  type MemoryOwner,
  type PublishRequest,
} from './runtime/requests.ts';
import { Runtime } from './runtime/runtime.ts';
import type { RuntimeSettings } from './runtime/settings.ts';
import { TenantWeights } from './runtime/tenant-weights.ts';
import { startEmbeddedPostgres } from './store/embedded/embedded-postgres.ts';
import { revivingStore } from './store/embedded/reviving-store.ts';
import type { LeasedMessage, Store } from './store/port.ts';
import type { EvaluationRow, RunRow } from './store/rows.ts';
import { openPostgresStore } from './store/postgres/postgres-store.ts';
import { systemClock, systemIds } from './system.ts';

/** A chart, or a chart with the version that its runs keep. */
export type AgentSource = object | { readonly machine: object; readonly version: string };

export type HeddleOptions = {
  /** Charts made by `setup(…).createMachine(…)`; several versions of one may stand side by side. */
  readonly agents?: readonly AgentSource[];
  /** Default: `DATABASE_URL`, else a Postgres of heddle's own in `.heddle/`. */
  readonly databaseUrl?: string;
  /** Where the embedded Postgres lives. Default `.heddle` in the working directory. */
  readonly directory?: string;
  /** Theirs to close with `Heddle.close`. Default: one stub in process, which answers at once. */
  readonly providers?: readonly Provider[];
  readonly settings?: Partial<RuntimeSettings>;
  /** What each run, user or tenant may spend that was given no budget of its own. */
  readonly budgets?: Readonly<Partial<Record<'run' | 'user' | 'tenant', Budget>>>;
  /**
   * Shares of tenants against each other while they wait, such as `{ acme: 3 }`; 1 for all others.
   * Each replica orders its own runs and calls: give all of them the same.
   */
  readonly tenantWeights?: Readonly<Record<string, number>>;
  /**
   * False: it starts, sends and looks, and takes no shard, so that whoever knows the agents goes on
   * with their runs. Default true.
   */
  readonly replica?: boolean;
  readonly log?: Log;
};

const quiet: Log = {
  info: () => undefined,
  warn: (message, facts) => console.error(`heddle: ${message}`, facts ?? ''),
};

/** Starts a replica: opens the store, takes shards, takes up what they hold open. */
export async function createHeddle(options: HeddleOptions = {}): Promise<Heddle> {
  const log = options.log ?? quiet;
  const kernel = createKernel();
  // Before anything is opened: an agent that is refused must not leave a server behind.
  const agents = (options.agents ?? []).map((source) =>
    'machine' in source && 'version' in source
      ? kernel.register(source.machine, { version: checkName(source.version, 'agents.version') })
      : kernel.register(source),
  );
  const budgets = budgetDefaults(options.budgets);
  const weights = new TenantWeights(options.tenantWeights);
  const { store, closeDatabase } = await openStore(options, log);
  try {
    const runtime = new Runtime({
      store,
      kernel,
      agents,
      providers: options.providers ?? [defaultStub()],
      clock: systemClock,
      ids: systemIds,
      log,
      budgets,
      weights,
      ...(options.settings === undefined ? {} : { settings: options.settings }),
    });
    if (options.replica !== false) await runtime.start();
    return new Heddle(runtime, closeDatabase);
  } catch (error) {
    await store.close();
    await closeDatabase();
    throw error;
  }
}

function defaultStub(): Provider {
  return stubProvider({ name: 'stub', ceiling: 120, latencyMs: 0, seed: 1 });
}

/** A provider in this process, for tests and for measuring heddle alone. */
export function stubProvider(options: Omit<StubOptions, 'clock'>): Stub {
  return createStub({ ...options, clock: systemClock });
}

export type { Stub };
export { stopEmbeddedPostgres } from './store/embedded/embedded-postgres.ts';

async function openStore(
  options: HeddleOptions,
  log: Log,
): Promise<{ store: Store; closeDatabase: () => Promise<void> }> {
  const databaseUrl = options.databaseUrl ?? process.env['DATABASE_URL'];
  if (databaseUrl !== undefined && databaseUrl !== '') {
    const store = await openPostgresStore({ connectionString: databaseUrl });
    return { store, closeDatabase: () => Promise.resolve() };
  }
  const postgres = await startEmbeddedPostgres({
    ...(options.directory === undefined ? {} : { directory: options.directory }),
    log: (line) => log.info(line),
  });
  try {
    const opened = await openPostgresStore({ connection: postgres.connection });
    const store = revivingStore(opened, () => postgres.revive());
    return { store, closeDatabase: () => postgres.close() };
  } catch (error) {
    await postgres.close();
    throw error;
  }
}

export type GroupRequest = {
  readonly tenant?: string;
  readonly group: string;
  readonly from?: 'earliest' | 'latest';
  readonly max?: number;
  readonly leaseMs?: number;
};

export class Heddle {
  /** For surfaces (command line, HTTP): not part of the library's promise. */
  readonly runtime: Runtime;
  readonly #closeDatabase: () => Promise<void>;
  #closing: Promise<void> | null = null;

  constructor(runtime: Runtime, closeDatabase: () => Promise<void>) {
    this.runtime = runtime;
    this.#closeDatabase = closeDatabase;
  }

  /** Resolves when the run is durable. */
  async start(agent: string, options: StartOptions = {}): Promise<Run> {
    const [run] = await this.startAll([{ agent, ...options }]);
    if (run === undefined) throw new TypeError('a start was not answered');
    return run;
  }

  /** Accepts all of these runs or none: a pipeline is never begun by half. */
  async startAll(starts: readonly ({ readonly agent: string } & StartOptions)[]): Promise<Run[]> {
    const { agents, ids } = this.#open();
    if (starts.length === 0) return [];
    if (starts.length > this.runtime.settings.turnsMax) {
      refuseField('starts', `may hold ${this.runtime.settings.turnsMax} runs at most`);
    }
    const runs = starts.map(({ agent, ...request }) =>
      newRun(agents.newest(checkName(agent, 'start.agent')), ids.run(), request),
    );
    await this.runtime.admitStarts(runs);
    const outcomes = await this.runtime.startRuns(runs);
    return outcomes.map((outcome, i) => {
      if (outcome.kind === 'refused') throw asError(outcome.error);
      const address = outcome.kind === 'existing' ? outcome.run : runs[i];
      if (address === undefined) throw new TypeError('a start was not answered');
      return new Run(this.runtime, address);
    });
  }

  /** The handle of a run that exists. */
  async run(runId: string, options: { readonly tenant?: string } = {}): Promise<Run> {
    const row = await this.#open().store.run(tenantName(options.tenant), asRunId(runId));
    if (row === null) throw heddleError('run-unknown', { runId });
    return new Run(this.runtime, row);
  }

  /** Newest first. */
  async runs(
    query: {
      readonly tenant?: string;
      readonly statuses?: readonly RunRow['status'][];
      readonly agent?: string;
      readonly pipeline?: string;
      readonly beforeRunId?: string;
      readonly limit?: number;
    } = {},
  ): Promise<readonly RunRow[]> {
    return this.#open().store.runs({
      tenant: tenantName(query.tenant),
      statuses: query.statuses ?? null,
      agent: query.agent === undefined ? null : checkName(query.agent, 'runs.agent'),
      pipeline: query.pipeline === undefined ? null : checkName(query.pipeline, 'runs.pipeline'),
      beforeRunId: query.beforeRunId === undefined ? null : asRunId(query.beforeRunId),
      limit: asWhole(query.limit, 'runs.limit', { min: 1, max: 1_000, fallback: 100 }),
    });
  }

  /** Resolves when the message is durable and has its place in the channel (or its delay). */
  async publish(
    channel: string,
    payload: unknown,
    options: PublishRequest = {},
  ): Promise<{ readonly messageId: string }> {
    const messageId: string = this.#open().ids.run();
    const value = newMessage(channel, payload, messageId, options);
    await this.runtime.admitChannel(value.tenant, value.channel);
    const outcome = await this.runtime.arrive({ kind: 'messages', value });
    if (outcome.kind === 'refused') throw asError(outcome.error);
    return { messageId };
  }

  /** For consumers outside runs: each message at least once, under a lease. */
  async receive(channel: string, request: GroupRequest): Promise<readonly LeasedMessage[]> {
    return this.#open().store.lease({
      tenant: tenantName(request.tenant),
      channel: checkName(channel, 'channel'),
      group: checkName(request.group, 'group'),
      from: asOneOf(request.from, 'from', ['earliest', 'latest'], 'earliest'),
      max: asWhole(request.max, 'max', { min: 1, max: 1_000, fallback: 10 }),
      leaseMs: asWhole(request.leaseMs, 'leaseMs', { min: 1, max: 86_400_000, fallback: 30_000 }),
    });
  }

  /** Throws `lease-lost` when the message's lease has ended: somebody else may have it. */
  async acknowledge(
    message: LeasedMessage,
    request: { readonly tenant?: string; readonly group: string },
  ): Promise<void> {
    const { channel, seq, token } = message;
    const [held] = await this.#open().store.acknowledge({
      tenant: tenantName(request.tenant),
      channel,
      group: checkName(request.group, 'group'),
      tokens: [token],
    });
    if (held !== true) throw heddleError('lease-lost', { channel, seq });
  }

  async recall(
    owner: MemoryOwner,
    key: string,
    options: { readonly version?: number; readonly history?: number } = {},
  ): Promise<RecallOutput> {
    const address = memoryAddress(owner, key);
    const history = asWhole(options.history, 'recall.history', { min: 0, max: 1_000, fallback: 0 });
    const bounds = { min: 1, max: Number.MAX_SAFE_INTEGER, fallback: null };
    const version = asWhole(options.version, 'recall.version', bounds);
    const { memory } = await this.#open().store.read({
      memory: [{ ...address, version, history }],
      channels: [],
    });
    return recalled(key, memory[0]?.versions ?? [], history);
  }

  /** Writes a version from outside. `expectedVersion` 0: the entry must not exist. */
  async remember(
    owner: MemoryOwner,
    key: string,
    value: unknown,
    options: { readonly expectedVersion?: number } = {},
  ): Promise<{ readonly key: string; readonly version: number }> {
    const address = memoryAddress(owner, key);
    const valueText = JSON.stringify(toJson(value, 'remember.value'));
    const bounds = { min: 0, max: Number.MAX_SAFE_INTEGER, fallback: null };
    const expected = asWhole(options.expectedVersion, 'remember.expectedVersion', bounds);
    // Without an expectation a race is tried again, a few times; with one it is the caller's to see.
    for (let tries = 0; ; tries++) {
      const { memory } = await this.#open().store.read({
        memory: [{ ...address, version: null, history: 0 }],
        channels: [],
      });
      const newest = memory[0]?.newest ?? 0;
      // What was deleted does not exist, though its chain of versions goes on.
      const actual = memory[0]?.versions[0]?.deleted === true && expected === 0 ? 0 : newest;
      if (expected !== null && expected !== actual) {
        throw heddleError('memory-conflict', { key, actual: newest, expected });
      }
      if (newest === 0) await this.runtime.admitMemoryEntry(address.tenant);
      const version = newest + 1;
      const row = { ...address, version, valueText, deleted: false, runId: null, turn: null };
      const outcome = await this.runtime.arrive({ kind: 'memory', value: row });
      if (outcome.kind !== 'refused') return { key, version };
      if (outcome.error.code !== 'memory-conflict' || expected !== null || tries >= 20) {
        throw asError(outcome.error);
      }
    }
  }

  async evaluations(
    runId: string,
    options: { readonly tenant?: string } = {},
  ): Promise<readonly EvaluationRow[]> {
    return this.#open().store.evaluations({
      tenant: tenantName(options.tenant),
      subjectRunId: asRunId(runId),
      limit: 1_000,
    });
  }

  /** Gives a run, user or tenant a budget of its own; what waits for it goes on if it fits. */
  async setBudget(owner: BudgetOwner, budget: Budget): Promise<void> {
    const address = budgetAddress(owner);
    await this.#open().store.setBudget(address, budgetLimits(budget, 'budget'));
    this.runtime.chargeCalls();
  }

  /** Null when it has no budget and nothing was charged to it. */
  async budget(owner: BudgetOwner): Promise<BudgetView | null> {
    const [row] = await this.#open().store.budgets([budgetAddress(owner)]);
    return row === undefined || row === null ? null : budgetView(owner, row);
  }

  /** A person has mended what a provider refused (key, spend): its calls go on. */
  reopenProvider(name: string): void {
    this.#open().reopenProvider(name);
  }

  /**
   * What models answer while it comes, of all runs whose calls this process makes: to be shown, for
   * nothing of it is committed. Listen before a call is made; nothing is kept for late listeners.
   */
  get texts(): Runtime['texts']['all'] {
    return this.runtime.texts.all;
  }

  /** Lets turns in flight commit, gives the shards back, closes providers and the database. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      try {
        await this.runtime.close();
      } finally {
        await this.runtime.store.close();
        await this.#closeDatabase();
      }
    })();
    return this.#closing;
  }

  #open(): Runtime {
    if (this.#closing !== null) throw heddleError('closed');
    return this.runtime;
  }
}
