/**
 * The composition root: it puts config, store, kernel, providers and runtime together, and stops
 * them in reverse order.
 *
 * It decides of which parts a replica is made. library.ts has the methods for the host.
 *
 * 1. An agent or a budget that is refused is refused before anything is opened.
 * 2. When a start fails later, what it has begun ends, and the database that was opened for it is closed again. The
 *    providers stay open, for another start.
 */
import { asOptions } from './domain/options.ts';
import { registerSources, type AgentSources } from './runtime/agent-source.ts';
import { createKernel } from './kernel/kernel.ts';
import type { Agent, Kernel } from './kernel/port.ts';
import { closeHost } from './library/host/close-host.ts';
import { Heddle } from './library/library.ts';
import { checkProviders } from './providers/check-provider.ts';
import type { Provider } from './providers/port.ts';
import { createStub, type StubOptions } from './providers/stub/stub.ts';
import { warnOfAgents } from './runtime/agent-warnings.ts';
import { budgetDefaults, type Budget } from './library/budget-requests.ts';
import { checkLog, hostLog } from './runtime/host/host-log.ts';
import { checkOptions, databaseUrlOf } from './library/host-options.ts';
import type { Log } from './runtime/ports.ts';
import { Runtime } from './runtime/runtime.ts';
import type { RuntimeSettings } from './runtime/settings.ts';
import { TenantWeights } from './runtime/wake/tenant-weights.ts';
import type { StopOptions } from './store/embedded/embedded-postgres.ts';
import { revivingStore } from './store/embedded/reviving-store.ts';
import type { Store } from './store/port.ts';
import { systemClock, systemIds } from './system.ts';

export { Heddle };

/** The options of `createHeddle`. Each may be left out. */
export type HeddleOptions<Agents extends AgentSources = AgentSources> = {
  /**
   * Charts made by `setup(…).createMachine(…)`: in a list, where several versions of one may stand side
   * by side, or in an object by name.
   */
  readonly agents?: Agents;
  /**
   * Default: `DATABASE_URL`, else a Postgres of heddle's own in `.heddle/`. Null: heddle's own,
   * even when `DATABASE_URL` is set.
   */
  readonly databaseUrl?: string | null;
  /** The folder of the embedded Postgres. Default `.heddle` in the working directory. */
  readonly directory?: string;
  /**
   * The providers that `generate` may call; `Heddle.close` closes them. Without any, runs that call
   * a model are `stalled` with that reason, until a replica with providers takes them up. For tests
   * and first steps: `[stubProvider()]`.
   */
  readonly providers?: readonly Provider[];
  /** Settings of the replica; each has a default. */
  readonly settings?: Partial<RuntimeSettings>;
  /** The budget of each run, user or tenant that was given no budget of its own. */
  readonly budgets?: Readonly<Partial<Record<'run' | 'user' | 'tenant', Budget>>>;
  /**
   * The shares of tenants against each other while they wait, such as `{ acme: 3 }`; 1 for all
   * others. Each replica orders its own runs and calls: give all of them the same weights.
   */
  readonly tenantWeights?: Readonly<Record<string, number>>;
  /**
   * False: this heddle starts runs, sends and reads, and takes no shard, so that the replicas that
   * know the agents go on with their runs. Default true.
   */
  readonly replica?: boolean;
  /** Default: warnings go to stderr. */
  readonly log?: Log;
};

const quiet: Log = {
  info: () => undefined,
  warn: (message, facts) => console.error(`heddle: ${message}`, facts ?? ''),
};

function registered(kernel: Kernel, sources: AgentSources | undefined): Agent[] {
  const agents = registerSources(kernel, sources);
  kernel.checkFamilies(agents);
  return agents;
}

/** @internal Registers agents as a replica does, without one. Throws what registration refuses. */
export function checkAgents(sources: AgentSources): readonly Agent[] {
  return registered(createKernel(), sources);
}

/**
 * Starts a replica: opens the store, takes shards, and takes up the open runs of these shards. The
 * agents give the types of the runs' inputs, outputs and events.
 */
export async function createHeddle<const Agents extends AgentSources = AgentSources>(
  options: HeddleOptions<Agents> = {},
): Promise<Heddle<Agents>> {
  checkOptions(options);
  const databaseUrl = databaseUrlOf(options.databaseUrl, process.env['DATABASE_URL']);
  const log = hostLog(options.log === undefined ? quiet : checkLog(options.log));
  const kernel = createKernel();
  // The agents come first: a refused agent must not leave a server behind.
  const agents = registered(kernel, options.agents);
  warnOfAgents(agents, log);
  const budgets = budgetDefaults(options.budgets);
  const weights = new TenantWeights(options.tenantWeights);
  const providers = checkProviders(options.providers ?? []);
  const { store, closeDatabase } = await openStore(databaseUrl, options, log);
  let runtime: Runtime | null = null;
  try {
    runtime = new Runtime({
      store,
      kernel,
      agents,
      providers,
      clock: systemClock,
      ids: systemIds,
      log,
      budgets,
      weights,
      ...(options.settings === undefined ? {} : { settings: options.settings }),
    });
    if (options.replica !== false) await runtime.start();
    return new Heddle<Agents>(runtime, closeDatabase, log);
  } catch (error) {
    const running = runtime?.stop() ?? Promise.resolve();
    // How the start has failed says more than what fails after it.
    await closeHost({ clock: systemClock, store }, running, closeDatabase, log).catch(
      () => undefined,
    );
    throw error;
  }
}

const stubKeys = [
  'name',
  'ceiling',
  'latencyMs',
  'jitterMs',
  'seed',
  'retryAfterMs',
  'faults',
] as const;

/**
 * A provider in this process, for tests and for measuring heddle alone. Without options it has the
 * name `stub`, takes 120 calls at once, and answers each at once with a text made of the prompt.
 */
export function stubProvider(options: Partial<StubOptions> = {}): Provider {
  const given = asOptions(options, 'stub', stubKeys);
  const { name = 'stub', ceiling = 120, latencyMs = 0, seed = 1 } = given;
  return createStub({ ...given, name, ceiling, latencyMs, seed, clock: systemClock });
}

async function openStore(
  databaseUrl: string | null,
  options: HeddleOptions,
  log: Log,
): Promise<{ store: Store; closeDatabase: () => Promise<void> }> {
  const onWait = (reason: string): void => log.warn('waiting for Postgres', { reason });
  // The store is loaded here, because a program that imports heddle only to name a chart or a type
  // needs no database.
  const { openPostgresStore } = await import('./store/postgres/postgres-store.ts');
  if (databaseUrl !== null) {
    const store = await openPostgresStore({ connectionString: databaseUrl, onWait });
    return { store, closeDatabase: () => Promise.resolve() };
  }
  const { startEmbeddedPostgres } = await import('./store/embedded/embedded-postgres.ts');
  const postgres = await startEmbeddedPostgres({
    ...(options.directory === undefined ? {} : { directory: options.directory }),
    log: (line) => log.info(line),
    warn: (line) => log.warn(line),
  });
  try {
    const opened = await openPostgresStore({ connection: postgres.connection, onWait });
    const store = revivingStore(opened, () => postgres.revive());
    return { store, closeDatabase: () => postgres.close() };
  } catch (error) {
    await postgres.close();
    throw error;
  }
}

/** Stops a directory's Postgres from outside, for instance when all its users were killed. */
export async function stopEmbeddedPostgres(
  options: StopOptions = {},
): Promise<'stopped' | 'absent' | 'used'> {
  const embedded = await import('./store/embedded/embedded-postgres.ts');
  return embedded.stopEmbeddedPostgres(options);
}
