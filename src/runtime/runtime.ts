/**
 * One replica: starts its parts and closes them, and is what the library asks. `rooms.ts` says how the
 * parts are built and which part hears which.
 */
import type { GateOrder } from '../domain/calls/gate-order.ts';
import type { ReplicaId } from '../domain/ids.ts';
import { noPhase, type GateWaits, type OwnerView, type RunPhase } from '../domain/calls/phase.ts';
import type { Kernel } from '../kernel/port.ts';
import { thrownText } from '../domain/thrown.ts';
import type { ArrivalKind, FateOf } from '../store/fates.ts';
import type { StatusCounts } from '../store/ports/operations-port.ts';
import type { Hint, Store } from '../store/port.ts';
import type { RunAddress, StartArrival } from '../store/rows.ts';
import { registerWith } from './registry/agent-registration.ts';
import type { Agents } from './agents.ts';
import type { Calls } from './calls/calls.ts';
import type { Texts } from './calls/texts.ts';
import { closeInTurn, closeProviders, writeLastSlots } from './closing.ts';
import type { Clock, Ids, Log } from './ports.ts';
import { KnownAgents } from './registry/known-agents.ts';
import { buildRooms, type Rooms, type RuntimeOptions } from './rooms.ts';
import type { RuntimeSettings } from './settings.ts';
import { UnheardEvents } from './agent-warnings.ts';
import type { Admission } from './wake/admission.ts';
import type { ArrivalOf } from './wake/arrivals.ts';
import type { RunEvents } from './wake/run-events.ts';
import type { ChannelNews } from './watch/channel-news.ts';
import type { RunWatch } from './watch/run-watch.ts';

export type { RuntimeOptions };

/** How long a close tries to commit what is in flight when the store does not answer. */
const closeGraceMs = 5_000;

export class Runtime {
  readonly settings: RuntimeSettings;
  readonly replicaId: ReplicaId;
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly agents: Agents;
  /** For reads of the past. */
  readonly kernel: Kernel;
  readonly known: KnownAgents;
  readonly unheard: UnheardEvents;
  readonly admission: Admission;
  readonly runEvents: RunEvents;
  readonly channelNews: ChannelNews;
  readonly watch: RunWatch;
  /** The texts of the calls that this replica makes. */
  readonly texts: Texts;
  readonly #rooms: Rooms;
  #listening: Promise<{ close(): Promise<void> }> | null = null;
  /** True when this process takes shards: a hint about work may then be for it. */
  #isReplica = false;

  constructor(options: RuntimeOptions) {
    const rooms = buildRooms(options);
    this.#rooms = rooms;
    this.settings = rooms.settings;
    this.replicaId = rooms.replicaId;
    this.store = rooms.store;
    this.clock = rooms.clock;
    this.ids = rooms.ids;
    this.log = rooms.log;
    this.agents = rooms.agents;
    this.admission = rooms.admission;
    this.runEvents = rooms.runEvents;
    this.channelNews = rooms.channelNews;
    this.watch = rooms.watch;
    this.texts = rooms.texts;
    this.kernel = rooms.kernel;
    this.known = new KnownAgents(rooms);
    this.unheard = new UnheardEvents(rooms);
  }

  /** Resolves when this replica owns its shards and has taken up their runs. */
  async start(): Promise<void> {
    const { agents, budgets, calls, log, store } = this.#rooms;
    const { activityLog, housekeeping, ownership, scan } = this.#rooms;
    for (const group of calls.pool.gates.correlated) {
      const providers = group.join(', ');
      log.warn('providers share a ceiling: one is no relief for another', { providers });
    }
    await registerWith(store, agents.list());
    await budgets.lookForFirst();
    this.#isReplica = true;
    await this.#listen();
    await ownership.start();
    scan.start();
    housekeeping.start();
    activityLog.start();
  }

  #listen(): Promise<unknown> {
    this.#listening ??= this.#rooms.store.listen((hint) => this.#heard(hint));
    return this.#listening;
  }

  /**
   * `wake` is called when another replica says that it has ended the run. That is a hint, and may be
   * lost.
   */
  awaitEnd(run: RunAddress, wake: () => void): () => void {
    const { endHints, log } = this.#rooms;
    // A process that takes no shards listens from here on.
    this.#listen().catch((error: unknown) => {
      this.#listening = null;
      log.warn('hints are not heard', { error: thrownText(error) });
    });
    return endHints.wait(run, wake);
  }

  #heard(hint: Hint): void {
    const { endHints, gateOrders, ownership, scan, shards } = this.#rooms;
    if (hint.kind === 'wanted' || hint.kind === 'ended') return endHints.heard(hint);
    if (hint.kind === 'gates' || hint.kind === 'all') gateOrders.heard();
    if (hint.kind === 'gates') return;
    if (hint.kind !== 'work') endHints.sayAgain();
    if (!this.#isReplica) return;
    const isWork = hint.kind === 'work' && hint.shards.some((shard) => shards.owns(shard));
    if (isWork || hint.kind === 'all') scan.now();
    if (hint.kind !== 'work') ownership.askNow();
  }

  /** Where other replicas reach this one, to follow what their clients watch; null when it serves nobody. */
  reachedAt(address: string | null): void {
    this.#rooms.ownership.reachedAt(address);
  }

  /** What this replica knows of the run beside its rows; null when another one owns it. */
  nowOf({ runId, shard }: Pick<RunAddress, 'runId' | 'shard'>): OwnerView | null {
    const { clock, phases, runQueue, shards } = this.#rooms;
    if (!shards.owns(shard)) return null;
    return { calls: phases.callsOf(runId), begin: runQueue.placeOf(runId, clock.nowMs()) };
  }

  /** The phase of the calls of a run, without its places; null when another replica owns it. */
  phaseOf({ runId, shard }: Pick<RunAddress, 'runId' | 'shard'>): RunPhase | null {
    const { phases, shards } = this.#rooms;
    if (!shards.owns(shard)) return null;
    const { phase, provider } = phases.nowOf(runId) ?? noPhase;
    return { phase, provider };
  }

  /** By gate, the runs of this replica whose calls have stood longest in its line. */
  longestWaits(): readonly GateWaits[] {
    return this.#rooms.phases.longestWaits();
  }

  /** A budget was set here: from now on calls are charged. */
  chargeCalls(): void {
    this.#rooms.budgets.turnOn();
  }

  /** A person's order for the gates of a provider: to all replicas. Throws `provider-unknown`. */
  async orderProvider(name: string, order: GateOrder): Promise<void> {
    await this.#rooms.gateOrders.give(name, order);
  }

  /** Tells of each commit how many turns it carried. Returns what ends that. */
  onCommit(hear: (turns: number) => void): () => void {
    return this.#rooms.afterCommit.commitNews.on(hear);
  }

  /** Counts of what is in memory here, for tables and pages. */
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
    /** Calls that stand in line, by gate: one that may go through several stands in line for each. */
    readonly lines: Calls['pool']['lines'];
    /** Attempts of calls that have ended here, by gate and end. */
    readonly attempts: Calls['attempts']['ended'];
    /** Open runs of all replicas by status, if this replica is the one that counts them. */
    readonly statuses: StatusCounts | null;
  } {
    const { activityLog, runQueue, calls, clock, permits, shards } = this.#rooms;
    return {
      shards: shards.list().length,
      permitsInUse: permits.inUse,
      inLine: permits.lineLength,
      queued: runQueue.queuedCount,
      inMemory: runQueue.size,
      pool: calls.pool.stats(clock.nowMs()),
      lines: calls.pool.lines,
      attempts: calls.attempts.ended,
      statuses: activityLog.counted,
    };
  }

  /**
   * Accepts all of these runs or none. The outcomes are in the order of `runs`; null: started as asked.
   */
  async startRuns(runs: readonly StartArrival[]): Promise<readonly (FateOf['starts'] | null)[]> {
    const accepted = this.#rooms.arrivals.addStarts(runs);
    this.#rooms.committer.request();
    return accepted;
  }

  /** Null: accepted as it was asked. */
  async arrive<Kind extends ArrivalKind>(arrival: ArrivalOf<Kind>): Promise<FateOf[Kind] | null> {
    const accepted = this.#rooms.arrivals.add(arrival);
    this.#rooms.committer.request();
    return accepted;
  }

  /** As `stop`, and closes the providers. */
  async close(): Promise<void> {
    await this.stop();
    const { clock, log, providers } = this.#rooms;
    await closeProviders(providers, { clock, log });
  }

  /**
   * Sends nothing more, lets turns in flight commit, stops the tasks that run, gives the shards back. A
   * step that fails is logged and the next one is taken, so that the caller gets an answer. Also for a start
   * that has failed: what it has begun would go on, and whoever starts again needs the providers.
   */
  async stop(): Promise<void> {
    const { arrivals, budgets, calls, clock, endHints, hints, log } = this.#rooms;
    const { activityLog, gateOrders, housekeeping, ownership, runEvents, scan } = this.#rooms;
    const { tasks, texts, timers, watch } = this.#rooms;
    const { commitRight, committer, isolation, keeper } = this.#rooms;
    const lookers = [activityLog, housekeeping, scan, timers, budgets, gateOrders];
    await closeInTurn(log, [...lookers, calls.requests]);
    commitRight.giveUpAtMs = clock.nowMs() + closeGraceMs;
    const lastSlots = { close: () => writeLastSlots(this.#rooms, calls.close()) };
    await closeInTurn(log, [committer, isolation, keeper, lastSlots]);
    commitRight.closed = true;
    const listening = { close: async () => (await this.#listening)?.close() };
    const rest = [arrivals, tasks, endHints, hints, listening, ownership, runEvents, texts, watch];
    await closeInTurn(log, rest);
  }
}
