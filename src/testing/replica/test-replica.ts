/**
 * One replica of a test: the runtime as in production, with virtual time, the store's twin and the
 * world's providers around it, and a life that can end at any instant.
 *
 * test-world.ts decides when it begins and ends, and starts the replica that takes over from it.
 */
import { createKernel } from '../../kernel/kernel.ts';
import type { Agent, Kernel } from '../../kernel/port.ts';
import type { Provider, ProviderCall } from '../../providers/port.ts';
import { registerSources, type AgentSources } from '../../runtime/agent-source.ts';
import { warnOfAgents } from '../../runtime/agent-warnings.ts';
import type { Clock, Ids, Log } from '../../runtime/ports.ts';
import { Runtime } from '../../runtime/runtime.ts';
import type { RuntimeSettings } from '../../runtime/settings.ts';
import { TenantWeights } from '../../runtime/wake/tenant-weights.ts';
import type { BudgetDefaults } from '../../store/charges.ts';
import type { MemoryStore } from '../../store/memory/memory-store.ts';
import type { Store } from '../../store/port.ts';
import type { CrashPoints } from './crash-points.ts';
import { Life, mortalClock, mortalProvider, mortalStore, never } from './life.ts';
import type { ScriptedModel } from '../model/scripted-model.ts';

/** The parts that all replicas of one test share. */
export type Surroundings = {
  readonly clock: Clock;
  readonly memory: MemoryStore;
  readonly ids: Ids;
  readonly log: Log;
  readonly models: readonly ScriptedModel[];
  /** The test's own providers. */
  readonly providers: readonly Provider[];
  readonly budgets: BudgetDefaults;
  readonly tenantWeights: Readonly<Record<string, number>>;
  readonly settings: Partial<RuntimeSettings>;
  readonly points: CrashPoints;
  /** Called when an ordered crash has ended the replica's life. */
  readonly crashed: (replica: TestReplica) => void;
};

/**
 * These times are so long that a year of virtual time is over at once. Shorter ones are not needed:
 * the twin loses no hint, and a crash frees the replica's shards.
 */
const rhythm = { leaseMs: 7 * 86_400_000, pollMs: 86_400_000 };
const timers = { horizonMs: 30 * 86_400_000 };

/** Registers agents before anything is changed, so that a refusal leaves everything as it was. */
export function registerAgents(
  sources: AgentSources,
  log: Log,
): { readonly kernel: Kernel; readonly agents: readonly Agent[] } {
  const kernel = createKernel();
  const agents = registerSources(kernel, sources);
  kernel.checkFamilies(agents);
  warnOfAgents(agents, log);
  return { kernel, agents };
}

export class TestReplica {
  readonly life = new Life();
  readonly runtime: Runtime;
  readonly #around: Surroundings;
  /** Calls of the test's own providers that are under way in real time. */
  #callsOut = 0;

  constructor(around: Surroundings, registered: ReturnType<typeof registerAgents>) {
    const { life } = this;
    const { clock, memory, ids, log, models, providers, budgets, tenantWeights } = around;
    this.#around = around;
    this.runtime = new Runtime({
      ...registered,
      store: mortalStore(this.#crashing(memory), life),
      providers: [
        ...models.map((model) => this.#watched(model.provider(life))),
        ...providers.map((provider) => this.#watched(this.#counted(provider))),
      ],
      clock: mortalClock(clock, life),
      ids,
      log,
      budgets,
      weights: new TenantWeights(tenantWeights),
      settings: { ...rhythm, ...around.settings },
      timers,
    });
  }

  /**
   * An author's work that is under way in real time: tasks, and calls of the test's own providers.
   */
  get working(): { readonly tasks: number; readonly calls: number } {
    const { permitsInUse, pool } = this.runtime.stats();
    return { tasks: permitsInUse - pool.inFlight, calls: this.#callsOut };
  }

  /** Ends the replica as by a SIGKILL. Its shards are free at once, as if its lease had ended. */
  async kill(): Promise<void> {
    const { memory } = this.#around;
    const { replicaId } = this.runtime;
    this.life.end();
    memory.endSession(replicaId);
    const { shards } = memory.database.tables;
    const owned = shards.all().filter(({ owner }) => owner === replicaId);
    const numbers = owned.map(({ shard }) => shard);
    await memory.release({ replicaId, shards: numbers, retire: true });
  }

  #crashing(memory: MemoryStore): Store {
    const { points } = this.#around;
    return {
      ...memory,
      commit: async (batch) => {
        if (points.before(batch)) return this.#crash();
        const outcome = await memory.commit(batch);
        return points.after(batch, outcome) ? this.#crash() : outcome;
      },
    };
  }

  #watched(provider: Provider): Provider {
    const { points } = this.#around;
    const call = (given: ProviderCall): ReturnType<Provider['call']> => {
      const answer = provider.call(given);
      if (!points.afterCall(given.idempotencyKey.slice(0, 36))) return answer;
      answer.catch(() => undefined);
      return this.#crash();
    };
    return mortalProvider({ ...provider, call }, this.life);
  }

  #counted(provider: Provider): Provider {
    return {
      ...mortalProvider(provider, this.life),
      call: async (given) => {
        this.#callsOut += 1;
        try {
          return await provider.call(given);
        } finally {
          this.#callsOut -= 1;
        }
      },
    };
  }

  #crash(): Promise<never> {
    this.life.end();
    this.#around.crashed(this);
    return never();
  }
}
