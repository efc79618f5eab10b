/**
 * One batch, from the runs that are ready to their committed turns: load runs that are not in memory,
 * compute all turns together, commit once, then handle the outcome.
 *
 * Owns the order of these steps, and nothing between batches. Invariants: see `committer.ts`.
 */
import type { CommitRight } from './commit-right.ts';
import type { Ids } from '../ports.ts';
import type { ResultKeeper } from './result-keeper.ts';
import type { ErrorRecord } from '../../domain/errors.ts';
import { limits } from '../../domain/limits.ts';
import { Fates, type BatchOutcome } from '../../store/fates.ts';
import type { InboxRow, LoadedRun } from '../../store/rows.ts';
import type { BatchSource } from './committer.ts';
import { WriteChain } from './write-chain.ts';
import { BatchMaking, type BatchMakingOptions } from './batch-making.ts';
import { BatchSize } from './batch-size.ts';
import type { FailedBatches } from './failed-batches.ts';
import { faultOf, isTurnsOwn } from '../fault.ts';
import type { FreshStarts } from './fresh-starts.ts';
import type { Isolation, Suspects } from '../wake/isolation.ts';
import { computeTogether, type Computed } from './compute-turns.ts';
import type { AfterCommit } from './outcome/after-commit.ts';
import type { RepeatedTurns } from './outcome/repeated-turns.ts';
import type { WaitStatus } from './outcome/wait-status.ts';
import { newTaken, type Faulty, type MadeBatch, type Taken, type Work } from './made-batch.ts';
import { absentAgent, loadRun, rowAsHot } from '../turn/turn-loader.ts';
import { foldTurn } from '../turn/fold.ts';
import type { FoldedTurn } from '../turn/folded-turn.ts';
import { brokenTurn } from '../turn/held-back.ts';
import type { HotRun } from '../turn/hot-run.ts';
import { isStop } from '../turn/family.ts';
import { isCommand, withoutEarlyStop } from '../turn/incoming-event.ts';
import { inOrder, type Incoming } from '../turn/incoming.ts';
import { failTurn } from '../turn/run-end.ts';
import type { Peers, TurnContext } from '../turn/turn-context.ts';
import type { Entry } from '../wake/run-queue.ts';
import type { RoomsBelow } from './rooms-below.ts';

type Warm = {
  readonly hot: HotRun;
  readonly failure: ErrorRecord | null;
  /** Set when the run's chart is not registered here: the run can only be ended. */
  readonly isAbsent?: true;
};

type TurnBatchesOptions = BatchMakingOptions &
  Pick<
    RoomsBelow,
    'agents' | 'arrivals' | 'capacity' | 'clock' | 'quotas' | 'runQueue' | 'store'
  > & {
    readonly ids: Pick<Ids, 'commit' | 'run' | 'sha256'>;
    readonly fresh: FreshStarts;
    readonly repeated: RepeatedTurns;
    readonly failed: FailedBatches;
    readonly commitRight: CommitRight;
    /** While the keeper holds turns no batch begins; it requests one when that is over. */
    readonly keeper: ResultKeeper;
    readonly turnsMax: number;
    readonly peers: Peers;
  };

export class TurnBatches implements BatchSource {
  readonly #options: TurnBatchesOptions;
  readonly #waitStatus: WaitStatus;
  readonly #afterCommit: AfterCommit;
  readonly #isolation: Isolation;
  readonly #size: BatchSize;
  readonly #making: BatchMaking;
  #computing: Promise<unknown> = Promise.resolve();

  constructor(options: TurnBatchesOptions) {
    this.#options = options;
    this.#waitStatus = options.waitStatus;
    this.#afterCommit = options.afterCommit;
    this.#isolation = options.isolation;
    this.#size = new BatchSize(options.turnsMax, options.capacity.batches);
    this.#making = new BatchMaking(options);
  }

  get hasWork(): boolean {
    const { commitRight, keeper } = this.#options;
    if (!commitRight.mayCommit || keeper.holdsTurns) return false;
    const { runQueue, arrivals, calls } = this.#options;
    const hasSlots = (calls.hasWork || this.#making.owesSlots) && !this.#isolation.holdsCalls;
    return (
      runQueue.hasWork ||
      arrivals.hasWork ||
      hasSlots ||
      this.#waitStatus.hasWork ||
      this.#isolation.isDue
    );
  }

  /**
   * Never rejects. If anything throws before the commit is done, all that the batch has taken is given
   * back.
   */
  async runBatch(): Promise<void> {
    const suspects = this.#isolation.take();
    const taken = newTaken(suspects?.kind ?? null);
    let outcome: BatchOutcome | null = null;
    let wentOn = true;
    try {
      if (suspects === null) this.#takeTogether(taken);
      else this.#takeApart(taken, suspects);
      outcome = await this.#commit(taken);
    } catch (error) {
      wentOn = false;
      await this.#options.failed.giveBack(taken, error);
    }
    // After this line nothing that throws counts as a failure of the commit.
    if (outcome !== null && taken.made !== null) this.#settle(taken, taken.made, outcome);
    for (const faulty of taken.faulty) await this.#options.failed.stall(faulty);
    if (suspects !== null) this.#isolation.tried(wentOn && taken.faulty.length === 0);
  }

  #settle({ apart }: Taken, made: MadeBatch, outcome: BatchOutcome): void {
    if (apart !== null) {
      const fates = new Fates(outcome.fates);
      made.turns.forEach(({ work, turn }, i) => {
        const isOver = turn.ended !== null && fates.of('turns', i) === null;
        if (isOver) this.#options.calls.runEnds(work.hot.run);
      });
    }
    this.#afterCommit.settle(made, outcome);
  }

  #takeTogether(taken: Taken): void {
    const { arrivals, runQueue, calls } = this.#options;
    const turnsMax = this.#size.max(calls.requests);
    taken.entries = runQueue.take(turnsMax, arrivals.startsWait);
    // While things are tried apart after an error, new runs are accepted as queued rows first, so that
    // their starts do not depend on their first turns.
    if (this.#isolation.isEmpty)
      taken.works = this.#options.fresh.begin(turnsMax, taken.entries.length);
    this.#size.begun(taken.entries.length + taken.works.length, turnsMax);
    taken.arrived = arrivals.take(turnsMax * 2);
  }

  #takeApart(taken: Taken, suspects: Suspects): void {
    if (suspects.kind === 'runs')
      taken.entries = this.#options.runQueue.takeAside(suspects.entries);
    if (suspects.kind === 'arrivals') taken.arrived = suspects.arrived;
  }

  /** Null when there is nothing to commit. */
  async #commit(taken: Taken): Promise<BatchOutcome | null> {
    const fresh = taken.works;
    const entries = await this.#load(taken.entries);
    taken.entries = [];
    taken.works = [...this.#works(entries, taken.faulty), ...fresh];
    const turns = await this.#compute(taken.works);
    const made = this.#making.make(taken, turns);
    taken.made = made;
    const outcome =
      made === null
        ? null
        : await this.#options.commitRight.answered(() => this.#options.store.commit(made.batch));
    if (taken.apart === 'calls') this.#isolation.callsWentOn();
    if (taken.apart === 'arrivals') this.#isolation.arrivalsTried([]);
    if (taken.arrived !== null) this.#isolation.arrivalsWentOn();
    return outcome;
  }

  readonly #breathe = (): Promise<void> =>
    new Promise((resolve) => this.#options.clock.soon(resolve));

  /**
   * If two batches computed alternately, both would be late. So the later one computes while the first
   * commits.
   */
  readonly #alone = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const result = this.#computing.then(work);
    this.#computing = result.catch(() => undefined);
    return result;
  };

  async #load(
    entries: readonly Entry[],
  ): Promise<(readonly [Entry, LoadedRun | null | undefined])[]> {
    const cold = entries.filter(({ hot, look }) => hot === null || look);
    const rows = new Map<Entry, LoadedRun | null>();
    if (cold.length > 0) {
      // Cleared before the read, so that a row which comes during the read is looked for again.
      for (const entry of cold) entry.look = false;
      const addresses = cold.map(({ address }) => address);
      const loaded = await this.#options.commitRight.answered(() =>
        this.#options.store.load(addresses),
      );
      cold.forEach((entry, i) => rows.set(entry, loaded[i] ?? null));
    }
    return entries.map((entry) => [entry, rows.get(entry)]);
  }

  #works(
    loaded: readonly (readonly [Entry, LoadedRun | null | undefined])[],
    faulty: Faulty[],
  ): Work[] {
    return loaded.flatMap(([entry, row]) => {
      const local: Incoming[] = [];
      try {
        return this.#work(entry, row, local) ?? [];
      } catch (error) {
        faulty.push({ entry, incoming: local, hot: entry.hot, fault: faultOf(error) });
        return [];
      }
    });
  }

  /** Null when there is no turn to compute. Adds to `local` what this replica has for the turn. */
  #work(entry: Entry, loaded: LoadedRun | null | undefined, local: Incoming[]): Work | null {
    const { runQueue } = this.#options;
    if (loaded !== undefined && loaded !== null && this.#afterCommit.waitsToBegin(entry, loaded)) {
      return null;
    }
    const warm = this.#warm(entry, loaded);
    if (warm === null) return null;
    const rows = asArrived(withoutKept(this.#rows(warm, loaded), entry.local));
    const isHeldBack = warm.hot.status === 'paused' && !rows.some(isCommand);
    const laterAnswers = isHeldBack ? [] : (loaded?.laterAnswers ?? []);
    // Nothing of this replica's own may overtake an answer: it waits until the answer can be taken in
    // order.
    if (laterAnswers.length === 0) local.push(...runQueue.takeLocal(entry));
    if (loaded?.inbox.length === limits.turnEventsMax && !isHeldBack) entry.look = true;
    const incoming = inOrder(local, rows, laterAnswers);
    const failure = warm.failure ?? this.#options.repeated.takeFailure(entry);
    if (incoming.length === 0 && warm.hot.state !== null && failure === null) {
      this.#afterCommit.nothingToDo(entry, warm.hot);
      return null;
    }
    return { entry, hot: warm.hot, incoming, failure };
  }

  #rows({ hot, isAbsent }: Warm, loaded: LoadedRun | null | undefined): readonly InboxRow[] {
    const rows = loaded?.inbox ?? [];
    // Without its chart a run cannot take the events that its parent sent before it stopped the run. So
    // the stop counts as a cancel.
    if (isAbsent === true) return rows.map((row) => (isStop(row) ? { ...row, ref: null } : row));
    const isFull = rows.length === limits.turnEventsMax && hot.status !== 'paused';
    return isFull ? withoutEarlyStop(rows) : rows;
  }

  #warm(entry: Entry, loaded: LoadedRun | null | undefined): Warm | null {
    const { kernel, agents } = this.#options;
    if (entry.hot !== null && (loaded === undefined || entry.hot.fresh)) {
      return { hot: entry.hot, failure: null };
    }
    if (loaded === undefined || loaded === null) return this.#options.dropped.gone(entry);
    if (entry.hot?.turn === loaded.run.turn) return { hot: entry.hot, failure: null };
    const result = loadRun(kernel, agents, loaded.run);
    if (result.kind === 'gone') return this.#options.dropped.gone(entry);
    if (result.kind === 'hot') return { hot: result.hot, failure: null };
    // A cancel needs no chart.
    const isCancelled = loaded.inbox.some(({ kind }) => kind === 'cancel');
    if (isCancelled) {
      const hot = rowAsHot(absentAgent(loaded.run), loaded);
      return { hot, failure: null, isAbsent: true };
    }
    return this.#afterCommit.noChart(entry, loaded.run, result.reason);
  }

  /** Results by index of `works`. */
  async #compute(works: readonly Work[]): Promise<readonly Computed<FoldedTurn>[]> {
    const { kernel, store, agents, ids, peers, quotas } = this.#options;
    const { inOneGoMax } = this.#options.capacity.batches;
    const context: TurnContext = {
      newestAgent: (name) => agents.newest(name),
      newRunId: () => ids.run(),
      sha256: (bytes) => ids.sha256(bytes),
      hasOlderReplicas: peers.hasOlder,
      countsChannels: quotas.isSet('channels'),
      admit: (tenant, resource) => quotas.admit(tenant, resource),
    };
    await this.#options.commitRight.answered(() =>
      quotas.prepareTurns(works.map(({ hot }) => hot.run.tenant)),
    );
    const healthy = works.filter(({ failure }) => failure === null);
    const computed = await this.#options.commitRight.answered(() =>
      computeTogether(
        store,
        healthy.map(({ hot, incoming }) => foldTurn(kernel, hot, incoming, context)),
        { inOneGoMax, breathe: this.#breathe, alone: this.#alone },
      ),
    );
    await this.#chain(healthy, computed, context);
    let at = 0;
    return works.map(({ hot, incoming, failure }): Computed<FoldedTurn> => {
      if (failure !== null) return made(() => failTurn(hot, incoming, failure));
      const turn = computed[at];
      at += 1;
      if (turn === undefined) throw new TypeError('a turn was not computed');
      if (turn.kind === 'done' || !isTurnsOwn(turn.error)) return turn;
      const { error } = turn;
      return made(() => brokenTurn(hot, incoming, error.toJSON()));
    });
  }

  /**
   * Computes anew, in order, the turns that do not stand on the turns before them: see `write-chain.ts`.
   */
  async #chain(
    works: readonly Work[],
    computed: Computed<FoldedTurn>[],
    context: TurnContext,
  ): Promise<void> {
    const { kernel, store } = this.#options;
    const chain = new WriteChain();
    const { inOneGoMax, chainedMax } = this.#options.capacity.batches;
    let left = chainedMax;
    for (const [i, { hot, incoming }] of works.entries()) {
      let turn = computed[i];
      if (turn?.kind === 'done' && chain.misses(turn.result.draft) && left > 0) {
        left -= 1;
        [turn] = await this.#options.commitRight.answered(() =>
          computeTogether(store, [foldTurn(kernel, hot, incoming, context)], {
            chain,
            inOneGoMax,
            breathe: this.#breathe,
            alone: (work) => work(),
          }),
        );
        if (turn === undefined) throw new TypeError('a turn was not computed');
        computed[i] = turn;
        if (turn.kind === 'done') chain.secure(turn.result.draft);
      }
      // A turn that still lacks earlier writes meets a conflict, and comes again in another batch.
      if (turn?.kind === 'done' && !chain.misses(turn.result.draft)) chain.add(turn.result.draft);
    }
  }
}

function made(make: () => FoldedTurn): Computed<FoldedTurn> {
  try {
    return { kind: 'done', result: make() };
  } catch (error) {
    return { kind: 'threw', error };
  }
}

/** The inbox without kept results that are here in memory already, so that none is taken twice. */
function withoutKept(inbox: readonly InboxRow[], local: readonly Incoming[]): readonly InboxRow[] {
  const kept = local.flatMap((item) => (item.kind === 'result' ? (item.keptAs ?? []) : []));
  return kept.length === 0 ? inbox : inbox.filter(({ key }) => !kept.includes(key ?? ''));
}

/**
 * Rows in the order in which they came. A load puts urgent rows first; the fold finds commands by
 * itself.
 */
function asArrived(rows: readonly InboxRow[]): readonly InboxRow[] {
  if (rows.length < 2) return rows;
  return rows.toSorted((a, b) => a.seq.length - b.seq.length || (a.seq < b.seq ? -1 : 1));
}
