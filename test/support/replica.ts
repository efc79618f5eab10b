/**
 * Replicas on one in-memory store and one manual clock: all of heddle but Postgres, with the
 * library's face, at whatever instant a test wants.
 */
import type { Store } from '../../src/store/port.ts';
import { registerSource, type AgentSource } from '../../src/runtime/agent-source.ts';
import { Heddle, type HeddleOptions } from '../../src/heddle.ts';
import { createKernel } from '../../src/kernel/kernel.ts';
import type { Provider } from '../../src/providers/port.ts';
import type { Ids, Log } from '../../src/runtime/ports.ts';
import { budgetDefaults } from '../../src/library/budget-requests.ts';
import type { CapacityChanges } from '../../src/domain/capacity-settings.ts';
import { Runtime } from '../../src/runtime/runtime.ts';
import type { RuntimeSettings } from '../../src/runtime/settings.ts';
import { TenantWeights } from '../../src/runtime/wake/tenant-weights.ts';
import { createMemoryStore, type MemoryStore } from '../../src/store/memory/memory-store.ts';
import { countedIds } from '../../src/testing/counted-ids.ts';
import { Life, mortalClock, mortalStore } from '../../src/testing/replica/life.ts';
import { ManualClock } from './manual-clock.ts';
import { script } from './script-agent.ts';
import { scriptedProvider } from './scripted-provider.ts';

export type ReplicaOptions = {
  /** Default: the script agent. */
  readonly agents?: readonly object[];
  readonly providers?: readonly Provider[];
  readonly settings?: Partial<RuntimeSettings>;
  readonly budgets?: HeddleOptions['budgets'];
  readonly tenantWeights?: HeddleOptions['tenantWeights'];
  readonly keeping?: CapacityChanges['keeping'];
  /** The host's own; default: one that keeps warnings. */
  readonly log?: Log;
  /** What stands between this replica and the store: faults, counters. */
  readonly between?: (store: Store) => Store;
};

export type Replica = {
  readonly heddle: Heddle;
  readonly runtime: Runtime;
  /** What it warned of, in order. */
  readonly warnings: readonly string[];
  /** Stands still for ever, as a process that is frozen: nothing of it reaches the store or its clock again. */
  crash(): void;
  /** The same, and Postgres sees its connections end: a process that is killed. */
  kill(): void;
};

export type World = {
  readonly clock: ManualClock;
  readonly store: MemoryStore;
  /** Starts one more replica. */
  readonly replica: (options?: ReplicaOptions) => Promise<Replica>;
};

/** One store, one clock, and as many replicas as a test wants. */
export function memoryWorld(): World {
  const clock = new ManualClock();
  const store = createMemoryStore({ nowMs: () => clock.nowMs() });
  const ids = countedIds();
  return {
    clock,
    store,
    replica: (options = {}) => startReplica({ clock, store, ids }, options),
  };
}

/** A world with one replica in it: what most tests need. */
export async function oneReplica(options: ReplicaOptions = {}): Promise<World & Replica> {
  const world = memoryWorld();
  return { ...world, ...(await world.replica(options)) };
}

async function startReplica(
  world: { readonly clock: ManualClock; readonly store: MemoryStore; readonly ids: Ids },
  options: ReplicaOptions,
): Promise<Replica> {
  const life = new Life();
  const kernel = createKernel();
  const warnings: string[] = [];
  const agents = (options.agents ?? [script]).map((source) =>
    registerSource(kernel, source as AgentSource),
  );
  kernel.checkFamilies(agents);
  const runtime = new Runtime({
    store: mortalStore(options.between?.(world.store) ?? world.store, life),
    kernel,
    agents,
    providers: options.providers ?? [scriptedProvider()],
    clock: mortalClock(world.clock, life),
    ids: world.ids,
    log: options.log ?? {
      info: () => undefined,
      warn: (message, facts) => warnings.push(`${message} ${JSON.stringify(facts ?? {})}`),
    },
    budgets: budgetDefaults(options.budgets),
    weights: new TenantWeights(options.tenantWeights),
    ...(options.settings === undefined ? {} : { settings: options.settings }),
    capacity: options.keeping === undefined ? {} : { keeping: options.keeping },
  });
  await runtime.start();
  await world.clock.idle();
  return {
    heddle: new Heddle(runtime, () => Promise.resolve()),
    runtime,
    warnings,
    crash: () => {
      life.end();
    },
    kill: () => {
      life.end();
      world.store.endSession(runtime.replicaId);
    },
  };
}
