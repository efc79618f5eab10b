/**
 * One replica: puts the parts together, starts them in order and stops them in reverse. Surfaces
 * call this and nothing below it.
 */
import { capacityWith } from '../domain/capacity-settings.ts';
import type { ReplicaId } from '../domain/ids.ts';
import { thrownText } from '../domain/thrown.ts';
import type { Provider } from '../providers/port.ts';
import type { ArrivalOutcome } from '../store/batch.ts';
import type { Hint, Store } from '../store/port.ts';
import type { NewRun, RunAddress, StartArrival } from '../store/rows.ts';
import { keepStructures, type Agents } from './agents.ts';
import type { Arrival } from './wake/arrivals.ts';
import type { Calls } from './calls/calls.ts';
import { closeInTurn, closeProviders, writeLastSlots } from './closing.ts';
import { LeaseValve } from './calls/lease-valve.ts';
import { defaultWorkScanSettings, WorkScan } from './wake/work-scan.ts';
import { makeParts, type RuntimeOptions } from './make-parts.ts';
import { Ownership } from './ownership/ownership.ts';
import type { Parts } from './parts.ts';
import type { Clock, Ids, Log } from './ports.ts';
import { recover } from './ownership/recovery.ts';
import { Housekeeping } from './ownership/housekeeping.ts';
import { resolveSettings, type RuntimeSettings } from './settings.ts';
import type { Texts } from './calls/texts.ts';
import { makeTurnLine, type TurnLine } from './batch/turn-line.ts';
import { UnheardEvents } from './unheard-events.ts';
import type { RunEvents } from './wake/run-events.ts';

/** How long a close tries to commit what is in flight when the store does not answer. */
const closeGraceMs = 5_000;

export class Runtime {
  readonly settings: RuntimeSettings;
  readonly replicaId: ReplicaId;
  readonly unheard: UnheardEvents;
  readonly #parts: Parts;
  readonly #providers: readonly Provider[];
  readonly #valve = new LeaseValve();
  readonly #line: TurnLine;
  readonly #ownership: Ownership;
  readonly #scan: WorkScan;
  readonly #housekeeping: Housekeeping;
  #listening: Promise<{ close(): Promise<void> }> | null = null;
  /** It takes shards: work that is hinted at may be its own. */
  #isReplica = false;

  constructor(options: RuntimeOptions) {
    this.settings = resolveSettings(options.settings);
    this.replicaId = options.ids.replica();
    this.#providers = options.providers;
    const capacity = capacityWith(options.capacity);
    const parts = makeParts(options, {
      replicaId: this.replicaId,
      settings: this.settings,
      capacity,
      valve: this.#valve,
      wanted: () => this.#line.committer.request(),
      ended: (call, result, tookMs) => this.#line.keeper.ended(call, result, tookMs),
      slotsDue: () => this.#line.keeper.slotsDue(),
      lookAtTimersBy: (atMs) => this.#scan.lookAtTimersBy(atMs),
      isToShow: (runId) => this.#line.waitStatus.check(runId),
    });
    this.#parts = parts;
    this.unheard = new UnheardEvents(parts);
    this.#scan = new WorkScan(parts, {
      ...defaultWorkScanSettings,
      pollMs: this.settings.pollMs,
    });
    const { leaseMs } = this.settings;
    const line = makeTurnLine({
      parts,
      scan: this.#scan,
      settings: this.settings,
      capacity,
      onFenced: () => this.#ownership.askNow(),
    });
    this.#line = line;
    this.#ownership = new Ownership(
      parts,
      { leaseMs },
      {
        gained: async (shards) => {
          await recover(parts, { scan: this.#scan, ...line }, shards);
          line.committer.request();
        },
        suspend: (suspended) => this.#suspend(suspended),
        dropRun: (runId) => line.afterCommit.dropRun(runId),
      },
    );
    this.#housekeeping = new Housekeeping(parts, this.settings.retainMs);
  }

  /** Resolves when this replica owns its shards and has taken up their runs. */
  async start(): Promise<void> {
    const { agents, budgets, calls, log, store } = this.#parts;
    for (const group of calls.pool.gates.correlated) {
      const providers = group.join(', ');
      log.warn('providers share a ceiling: one is no relief for another', { providers });
    }
    await keepStructures(store, agents.list());
    await budgets.lookForFirst();
    this.#isReplica = true;
    await this.#listen();
    await this.#ownership.start();
    this.#scan.start();
    this.#housekeeping.start();
  }

  #listen(): Promise<unknown> {
    this.#listening ??= this.#parts.store.listen((hint) => this.#heard(hint));
    return this.#listening;
  }

  /** `wake` is called when another replica says that it has ended the run; a hint, which may be lost. */
  awaitEnd(run: RunAddress, wake: () => void): () => void {
    const { endHints, log } = this.#parts;
    // A process that takes no shards listens from here on.
    this.#listen().catch((error: unknown) => {
      this.#listening = null;
      log.warn('hints are not heard', { error: thrownText(error) });
    });
    return endHints.wait(run, wake);
  }

  #heard(hint: Hint): void {
    const { endHints, shards } = this.#parts;
    if (hint.kind === 'wanted' || hint.kind === 'ended') return endHints.heard(hint);
    if (hint.kind !== 'work') endHints.sayAgain();
    if (!this.#isReplica) return;
    const isWork = hint.kind === 'work' && hint.shards.some((shard) => shards.owns(shard));
    if (isWork || hint.kind === 'all') this.#scan.now();
    if (hint.kind !== 'work') this.#ownership.askNow();
  }

  get store(): Store {
    return this.#parts.store;
  }

  get agents(): Agents {
    return this.#parts.agents;
  }

  get runEvents(): RunEvents {
    return this.#parts.runEvents;
  }

  /** Of the calls that this replica makes. */
  get texts(): Texts {
    return this.#parts.texts;
  }

  get log(): Log {
    return this.#parts.log;
  }

  get ids(): Ids {
    return this.#parts.ids;
  }

  get clock(): Clock {
    return this.#parts.clock;
  }

  /** A budget was set here: from now on calls are charged. */
  chargeCalls(): void {
    this.#parts.budgets.turnOn();
  }

  /** A person has mended what the provider refused. */
  reopenProvider(name: string): void {
    this.#parts.calls.reopen(name);
  }

  /** Counts for tables and pages; nothing durable is in them. */
  stats(): {
    /** Shards that are owned, and whose runs are taken up. */
    readonly shards: number;
    /** Task attempts and calls that are out. */
    readonly permitsInUse: number;
    /** Task attempts that wait for a permit. */
    readonly inLine: number;
    /** Runs that wait to begin. */
    readonly queued: number;
    readonly inMemory: number;
    readonly pool: ReturnType<Calls['pool']['stats']>;
  } {
    const { runQueue, calls, clock, permits, shards } = this.#parts;
    return {
      shards: shards.list().length,
      permitsInUse: permits.inUse,
      inLine: permits.lineLength,
      queued: runQueue.queuedCount,
      inMemory: runQueue.size,
      pool: calls.pool.stats(clock.nowMs()),
    };
  }

  /** Throws `queue-full` when a tenant would queue more runs than its quota. */
  async admitStarts(runs: readonly NewRun[]): Promise<void> {
    const { arrivals, runQueue, quotas } = this.#parts;
    if (runQueue.queuedCount === 0 && !arrivals.startsWait) return;
    const counts = new Map<string, number>();
    for (const { tenant } of runs) counts.set(tenant, (counts.get(tenant) ?? 0) + 1);
    for (const [tenant, count] of counts) {
      await quotas.prepare(tenant, 'queuedRuns');
      quotas.admit(tenant, 'queuedRuns', count);
    }
  }

  /** Throws `quota-exceeded` when this channel would be one more than the tenant's quota. */
  async admitChannel(tenant: string, channel: string): Promise<void> {
    const { quotas, store } = this.#parts;
    if (!quotas.isSet('channels')) return;
    const read = { tenant, channel, group: null, after: null, from: 'latest', limit: 1 } as const;
    const { channels } = await store.read({ memory: [], channels: [read] });
    if (channels[0]?.exists === true) return;
    await quotas.prepare(tenant, 'channels');
    quotas.admit(tenant, 'channels');
  }

  /** Throws `quota-exceeded` when one more entry would be more than the tenant's quota. */
  async admitMemoryEntry(tenant: string): Promise<void> {
    const { quotas } = this.#parts;
    await quotas.prepare(tenant, 'memoryEntries');
    quotas.admit(tenant, 'memoryEntries');
  }

  /** Accepts runs together or not at all; by index of `runs`. */
  async startRuns(runs: readonly StartArrival[]): Promise<readonly ArrivalOutcome[]> {
    const accepted = this.#parts.arrivals.addStarts(runs);
    this.#line.committer.request();
    return accepted;
  }

  async arrive(arrival: Arrival): Promise<ArrivalOutcome> {
    const accepted = this.#parts.arrivals.add(arrival);
    this.#line.committer.request();
    return accepted;
  }

  /**
   * Sends nothing more, lets turns in flight commit, stops what runs outside, gives the shards back.
   * A step that fails is told of and the next one taken: whoever closes gets an answer.
   */
  async close(): Promise<void> {
    const { arrivals, budgets, calls, endHints, hints } = this.#parts;
    const { tasks, texts, timers, runEvents } = this.#parts;
    const { log } = this.#parts;
    const { batches, committer, isolation, keeper } = this.#line;
    await closeInTurn(log, [this.#housekeeping, this.#scan, timers, budgets, calls.requests]);
    batches.giveUpAtMs = this.clock.nowMs() + closeGraceMs;
    const lastSlots = { close: () => writeLastSlots(this.#parts, batches, calls.close()) };
    await closeInTurn(log, [committer, isolation, keeper, lastSlots]);
    batches.closed = true;
    const listening = { close: async () => (await this.#listening)?.close() };
    await closeInTurn(log, [
      arrivals,
      tasks,
      endHints,
      hints,
      listening,
      this.#ownership,
      runEvents,
      texts,
    ]);
    await closeProviders(this.#providers, this.#parts);
  }

  #suspend(suspended: boolean): void {
    this.#line.batches.suspended = suspended;
    if (suspended) return this.#valve.shut();
    this.#valve.open();
    this.#line.committer.request();
  }
}
