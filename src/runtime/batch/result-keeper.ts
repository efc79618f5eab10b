/**
 * Keeps the result of a provider call at once when the turn that takes it would have to wait. A burst of
 * results is in Postgres after one small commit, long before all their turns are computed. So no call
 * must be bought again after a crash in between, and the slots go to the next calls meanwhile.
 *
 * Owns results from the end of their call until their run has them. Leaves their slots to the calls, and
 * the kept row to the turn that takes it: the commit of that turn deletes the row.
 *
 * 1. A result goes one way: straight to its run's next turn, or through a commit of its own first.
 * 2. One such commit is under way at a time; results that come meanwhile go together into the next one.
 * 3. While calls wait for slots, a slot goes to the next call with the small commit and not with the
 *    turn's. While more calls wait than are under way, turns wait for the small commit, for a bounded
 *    time. An idle slot is lost, a turn is only later, and the calls that the turn proposes would have
 *    to queue anyway.
 * 4. A result is kept only under the epoch at which its run is owned (promise 6), and under a key that
 *    names its invocation and incarnation, so that it is kept once however often it is sent.
 */
import type { CapacitySettings } from '../../domain/capacity-settings.ts';
import type { Store } from '../../store/port.ts';
import type { CommitRight } from './commit-right.ts';
import { Fates, type BatchOutcome, type FateOf } from '../../store/fates.ts';
import { makeBatch, type Committing } from '../../store/make-batch.ts';
import type { RunCall } from '../calls/call/run-call.ts';
import type { Committer } from './committer.ts';
import type { FailedBatches } from './failed-batches.ts';
import type { AfterCommit } from './outcome/after-commit.ts';
import type { DroppedRuns } from './outcome/dropped-runs.ts';
import type { MadeBatch } from './made-batch.ts';
import type { Incoming } from '../turn/incoming.ts';
import type { RoomsBelow } from './rooms-below.ts';

type Result = Extract<Incoming, { kind: 'result' }>;
type Ended = { readonly call: RunCall; readonly result: Result };

type ResultKeeperOptions = Committing &
  Pick<RoomsBelow, 'calls' | 'capacity' | 'clock' | 'committer' | 'isolation' | 'runQueue'> & {
    readonly store: Pick<Store, 'commit'>;
    readonly commitRight: CommitRight;
    readonly afterCommit: AfterCommit;
    readonly dropped: DroppedRuns;
    readonly failed: FailedBatches;
  };

export class ResultKeeper {
  readonly #options: ResultKeeperOptions;
  readonly #settings: CapacitySettings['keeping'];
  readonly #right: CommitRight;
  readonly #committer: Committer;
  readonly #afterCommit: AfterCommit;
  #gathered: Ended[] = [];
  #scheduled = false;
  #underWay: Promise<void> | null = null;
  #closing = false;
  /** When turns began to be held back; null when they are not. */
  #holdsSinceMs: number | null = null;
  /** True when slots are free because time has passed, and no commit under way gives them to calls. */
  #isDue = false;

  constructor(options: ResultKeeperOptions) {
    this.#options = options;
    this.#settings = options.capacity.keeping;
    this.#right = options.commitRight;
    this.#committer = options.committer;
    this.#afterCommit = options.afterCommit;
    options.calls.ended.on((call, result, tookMs) => this.#ended(call, result, tookMs));
    options.calls.slotsDue.on(() => this.#slotsDue());
  }

  /** True while turns must wait. When that is over, the committer is requested. */
  get holdsTurns(): boolean {
    const isKeeping = this.#scheduled || this.#underWay !== null;
    const { pool, requests } = this.#options.calls;
    if (!isKeeping || !pool.hasBacklog || !requests.areSlotsScarce) {
      this.#holdsSinceMs = null;
      return false;
    }
    const nowMs = this.#options.clock.nowMs();
    this.#holdsSinceMs ??= nowMs;
    if (nowMs - this.#holdsSinceMs < this.#settings.holdMsMax) return true;
    this.#holdsSinceMs = null;
    return false;
  }

  /**
   * A limit has grown, or a cooling is over. Turns that are being computed may take longer than calls
   * should wait. So the slots are given in a small commit, together with results to keep if there are
   * any.
   */
  #slotsDue(): void {
    this.#isDue = true;
    this.#schedule();
  }

  /** A call has a result. Its slot stays taken until the result is committed, in a turn or before it. */
  #ended(call: RunCall, result: Result, tookMs: number): void {
    if (tookMs < this.#settings.afterMs) return this.#deliver(call, result);
    this.#gathered.push({ call, result });
    this.#schedule();
  }

  /** Keeps the results that are there and resolves when they are committed. Sends no new call. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.#underWay;
    while (this.#gathered.length > 0 && this.#right.mayCommit) await this.#keep(this.#take());
  }

  #schedule(): void {
    if (this.#scheduled || this.#underWay !== null || this.#closing) return;
    this.#scheduled = true;
    this.#options.clock.soon(() => {
      this.#scheduled = false;
      if (!this.#closing) this.#decide();
    });
  }

  #decide(): void {
    const { areSlotsScarce } = this.#options.calls.requests;
    const directMax = areSlotsScarce ? 0 : this.#settings.directMax;
    const isShort = !this.#isDue && this.#committer.hasRoom && this.#gathered.length <= directMax;
    if (isShort || !this.#right.mayCommit || this.#options.isolation.holdsCalls) {
      for (const { call, result } of this.#gathered.splice(0)) this.#deliver(call, result);
      this.#isDue = false;
      return this.#committer.request();
    }
    this.#begin();
  }

  #begin(): void {
    const underWay = this.#keep(this.#take()).finally(() => {
      if (this.#underWay === underWay) this.#underWay = null;
      if (this.#gathered.length > 0 || this.#isDue) this.#schedule();
      else this.#committer.request();
    });
    this.#underWay = underWay;
  }

  /** Leaves out calls that their runs have left meanwhile: the pool has dropped those. */
  #take(): Ended[] {
    return this.#gathered.splice(0, this.#settings.keptMax).filter(({ call }) => !call.isLeft);
  }

  async #keep(ended: readonly Ended[]): Promise<void> {
    if (ended.length === 0 && !this.#isDue) return;
    this.#isDue = false;
    const { shards, store } = this.#options;
    const made = this.#make(ended);
    const { epochs, slots, providers, charges } = made.batch;
    const parts = ended.length + slots.length + providers.length;
    if (parts === 0 && charges === undefined) return;
    let outcome: BatchOutcome;
    try {
      outcome = await this.#right.answered(() => store.commit(made.batch));
    } catch (error) {
      for (const { call, result } of ended) if (!call.isLeft) this.#deliver(call, result);
      this.#options.failed.keepingFailed(made, error);
      return;
    }
    // The next small commit begins before the turns of these results are computed: computing those may
    // take longer than the commit.
    if (this.#gathered.length > 0 && !this.#closing && this.#right.mayCommit) this.#begin();
    const fates = new Fates(outcome.fates);
    ended.forEach((one, i) => {
      // The shard was lost since, or lost and claimed again: the run's owner finds the row.
      if (shards.epoch(one.call.shard) !== epochs.get(one.call.shard)) return;
      this.#settle(one, fates.of('results', i));
    });
    this.#afterCommit.settle(made, outcome);
  }

  #make(ended: readonly Ended[]): MadeBatch {
    const { calls } = this.#options;
    for (const { call } of ended) calls.kept(call);
    const { slots, providers, grants, charges } = calls.seal(this.#closing ? 0 : Infinity);
    const results = ended.map(({ call, result }) => {
      const { tenant, runId, shard } = call;
      return { tenant, runId, shard, key: keyOf(call), payloadText: JSON.stringify(result) };
    });
    const isEmpty = results.length + slots.length + providers.length === 0;
    const attempts = isEmpty && charges === undefined ? undefined : calls.attempts.take();
    const batch = makeBatch(this.#options, { results, slots, providers, charges, attempts });
    return { batch, turns: [], statusChanges: [], arrivals: null, grants };
  }

  #settle({ call, result }: Ended, fate: FateOf['results'] | null): void {
    switch (fate?.kind) {
      case undefined:
        // The result is delivered even if its run has left the call meanwhile: a turn must take the row.
        return this.#deliver(call, { ...result, keptAs: keyOf(call) });
      case 'fenced':
        return this.#options.dropped.fenced(call);
      case 'poison':
        // Postgres refuses the same data in the turn too, which then fails its run.
        if (!call.isLeft) this.#deliver(call, result);
    }
  }

  #deliver(call: RunCall, result: Result): void {
    this.#options.runQueue.deliver(call, result);
    this.#committer.request();
  }
}

function keyOf({ invocationId, incarnation }: RunCall): string {
  return `result:${invocationId}:${incarnation}`;
}
