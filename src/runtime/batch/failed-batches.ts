/**
 * Handles a commit that did not happen: nothing that its batch had taken is lost, and nothing is
 * half done.
 *
 * Decides the consequence of a failure for each thing in the batch. `isolation.ts` decides when
 * each thing is tried again. An error of a single turn's own data does not come here: the store
 * gives that turn a fate.
 *
 * 1. An error that no run has caused counts against no run. The things of the batch are tried
 *    apart, in halves; a run that meets the error alone shows as `stalled` with the error's words,
 *    and is tried again for ever.
 * 2. An arrival that meets the error alone is answered with it; the arrival has changed nothing.
 * 3. While the store does not answer at all, its batches are tried again and do not come here. Only
 *    a replica that closes gives them up.
 */
import type { Store } from '../../store/port.ts';
import { thrownText } from '../../domain/thrown.ts';
import type { HeddleError } from '../../domain/errors.ts';
import { Fates } from '../../store/fates.ts';
import { makeBatch, type Committing } from '../../store/make-batch.ts';
import type { RunRow } from '../../store/rows.ts';
import { queuedGroups, type StartGroup } from '../wake/arrivals.ts';
import { faultOf, placeOf } from '../fault.ts';
import type { FreshStarts } from './fresh-starts.ts';
import type { Isolation } from '../wake/isolation.ts';
import type { DroppedRuns } from './outcome/dropped-runs.ts';
import type { RepeatedTurns } from './outcome/repeated-turns.ts';
import type { Faulty, MadeBatch, Taken, Work } from './made-batch.ts';
import type { HotRun } from '../turn/hot-run.ts';
import { moveRun } from '../turn/lifecycle.ts';
import type { Entry } from '../wake/run-queue.ts';
import type { RoomsBelow } from './rooms-below.ts';

type Suspect = Pick<Faulty, 'entry' | 'incoming' | 'hot'>;

type FailedBatchesOptions = Committing &
  Pick<RoomsBelow, 'budgets' | 'calls' | 'isolation' | 'log' | 'runQueue' | 'shards'> & {
    readonly store: Pick<Store, 'commit' | 'briefs'>;
    readonly fresh: FreshStarts;
    readonly dropped: DroppedRuns;
    readonly repeated: RepeatedTurns;
  };

export class FailedBatches {
  readonly #options: FailedBatchesOptions;
  readonly #fresh: FreshStarts;
  readonly #dropped: DroppedRuns;
  readonly #isolation: Isolation;

  constructor(options: FailedBatchesOptions) {
    this.#options = options;
    this.#fresh = options.fresh;
    this.#dropped = options.dropped;
    this.#isolation = options.isolation;
  }

  /** Gives back all of a batch that was not committed. Never rejects. */
  async giveBack(taken: Taken, error: unknown): Promise<void> {
    const fault = faultOf(error);
    try {
      const { made } = taken;
      const wrote = made !== null && this.#takeBack(made);
      if (isOver(fault)) return this.#letGo(taken, fault);
      const suspects = this.#suspectsOf(taken);
      const groups = this.#freshOf(taken);
      const things = suspects.length + groups.length + (taken.arrived?.size ?? 0) + Number(wrote);
      const isAlone = things === 1;
      this.#arrivals(taken, fault, isAlone);
      if (groups.length > 0) this.#isolation.suspectArrivals([queuedGroups(groups)]);
      if (wrote) this.#slotsFailed(fault, isAlone);
      const [only] = suspects;
      if (isAlone && only !== undefined) await this.stall({ ...only, fault });
      else this.#halve(suspects);
    } catch (thrown) {
      this.#options.log.warn('a batch could not be given back', { error: thrownText(thrown) });
    }
  }

  /**
   * A commit of kept results has failed. The results have gone to their turns already, so only the slots
   * are left to give back.
   */
  keepingFailed(made: MadeBatch, error: unknown): void {
    const fault = faultOf(error);
    const wrote = this.#takeBack(made);
    if (wrote && !isOver(fault)) this.#slotsFailed(fault, false);
  }

  /** Slots and charges come with the next batch. Returns true when the failed batch held any. */
  #takeBack(made: MadeBatch): boolean {
    const { runQueue, calls, shards } = this.#options;
    const { batch, grants } = made;
    calls.giveBack(batch);
    for (const { call } of grants) {
      // The call's slot was given by a commit that did not happen. Its run asks for the call anew, in
      // the repeated turn or in another one.
      calls.fenced(call);
      if (shards.owns(call.shard)) runQueue.wake(call);
    }
    calls.send(grants);
    return batch.slots.length + batch.providers.length > 0 || batch.charges !== undefined;
  }

  /** Logs the failure once, until slots can be written again. */
  #slotsFailed(fault: HeddleError, isAlone: boolean): void {
    const faults = this.#isolation.suspectCalls(isAlone);
    if (!isAlone || faults > 1) return;
    const { log } = this.#options;
    log.warn('no slot can be written; calls wait', { reason: fault.message, ...placeOf(fault) });
  }

  /**
   * The run met the error alone in its batch, and has not caused it. The run waits, and shows as stalled
   * if its row can be written.
   */
  async stall({ entry, incoming, hot, fault }: Faulty): Promise<void> {
    const { runQueue, calls, log } = this.#options;
    if (hot?.fresh === true) return this.#queueFresh(entry, hot);
    if (!this.#isThere(entry)) return;
    const { runId } = entry.address;
    calls.abandon(runId, 'durable');
    if (fault.code === 'store-poison')
      return this.#options.repeated.failNext(entry, incoming, fault);
    const { faults, shown } = entry.trouble ?? { faults: 0, shown: null };
    entry.trouble = { faults: faults + 1, shown };
    runQueue.putAside(entry, incoming);
    this.#isolation.stalled(entry, faults + 1);
    const reason = fault.message;
    if (faults === 0) {
      log.warn('a run is stalled, and tried again', { runId, reason, ...placeOf(fault) });
    }
    if (shown !== reason) await this.#show(entry, hot, reason);
  }

  /** A run that has no row yet is accepted first, so that it has a row which can show the error. */
  #queueFresh(entry: Entry, { run }: HotRun): void {
    if (this.#isThere(entry)) this.#dropped.gone(entry);
    const groups = this.#fresh.giveBack([run]);
    if (groups.length > 0) this.#isolation.suspectArrivals([queuedGroups(groups)]);
  }

  /**
   * Writes the stall into the run's row. If that fails too, the stall is known in memory only, and is
   * written when the run is tried again.
   */
  async #show(entry: Entry, hot: HotRun | null, reason: string): Promise<void> {
    const { store } = this.#options;
    const { tenant, runId, shard } = entry.address;
    try {
      // A run that could not be loaded has its row all the same.
      const [row] =
        hot === null ? await store.briefs([{ tenant, runId }]) : [{ ...hot, endedAtMs: null }];
      if (row === undefined || row.endedAtMs !== null || !mayStall(row.status)) return;
      if (row.status !== 'stalled' || row.reason !== reason) {
        const status = moveRun(row.status, 'STALL');
        const change = { tenant, runId, shard, expectedTurn: row.turn, status, reason };
        const outcome = await store.commit(makeBatch(this.#options, { statusChanges: [change] }));
        const fate = new Fates(outcome.fates).of('statusChanges', 0);
        if (fate?.kind === 'fenced') return this.#dropped.fenced(entry.address);
        if (fate !== null) return;
        this.#options.calls.runs.shown(runId, { turn: row.turn, status });
      }
      if (entry.trouble !== null) entry.trouble = { ...entry.trouble, shown: reason };
    } catch {
      // Usually this is the same error, which has been logged.
    }
  }

  #halve(suspects: readonly Suspect[]): void {
    const { runQueue, calls } = this.#options;
    for (const { entry, incoming } of suspects) {
      calls.abandon(entry.address.runId, 'durable');
      runQueue.putAside(entry, incoming);
    }
    const half = (suspects.length + 1) >> 1;
    const entries = suspects.map(({ entry }) => entry);
    this.#isolation.suspect(entries.slice(0, half));
    this.#isolation.suspect(entries.slice(half));
  }

  /** Arrivals are tried in their order, so while some are tried apart all later ones wait. */
  #arrivals({ apart, arrived, made }: Taken, fault: HeddleError, isAlone: boolean): void {
    if (arrived === null) return;
    const isolation = this.#isolation;
    if (apart === 'arrivals') {
      const late = isolation.lateArrivals();
      const isOver = isAlone || late !== null;
      isolation.arrivalsTried(isOver ? [] : arrived.halves());
      if (isOver) arrived.fail(fault);
      for (const part of late ?? []) part.fail(fault);
    } else if (isAlone && made !== null) arrived.fail(fault);
    // A batch that failed before it was made says nothing about its arrivals.
    else isolation.suspectArrivals([arrived]);
  }

  /** Runs that may have caused the error. */
  #suspectsOf(taken: Taken): Suspect[] {
    const { entries, made } = taken;
    const held = made?.statusChanges ?? [];
    return [
      ...entries.map((entry) => ({ entry, incoming: [], hot: entry.hot })),
      ...worksOf(taken).filter(({ hot }) => !hot.fresh),
      ...held.map(({ entry }) => ({ entry, incoming: [], hot: entry.hot })),
    ].filter(({ entry }) => this.#isThere(entry));
  }

  /**
   * Runs that were to begin in this commit are accepted first, as queued rows. Those whose shard was lost
   * meanwhile too: they have no row yet, so their starts depend on this replica alone.
   */
  #freshOf(taken: Taken): StartGroup[] {
    const fresh = worksOf(taken).filter(({ hot }) => hot.fresh);
    for (const { entry } of fresh) if (this.#isThere(entry)) this.#dropped.gone(entry);
    return this.#fresh.giveBack(fresh.map(({ hot }) => hot.run));
  }

  /**
   * This replica closes, and the store does not answer. The durable rows stay for the next owner of the
   * shards.
   */
  #letGo(taken: Taken, error: HeddleError): void {
    const { runQueue } = this.#options;
    const { entries, arrived, made } = taken;
    arrived?.fail(error);
    for (const { entry } of made?.statusChanges ?? []) runQueue.retry(entry, [], null);
    for (const entry of entries) runQueue.retry(entry, [], null);
    for (const { entry, hot, incoming } of worksOf(taken)) {
      const isThere = this.#isThere(entry);
      if (hot.fresh && isThere) this.#dropped.dropFresh(entry, error);
      else if (hot.fresh) this.#fresh.failed(entry.address.runId, error);
      else if (isThere) runQueue.retry(entry, incoming, null);
    }
  }

  /**
   * True when the run was not dropped and its turn is not over. A run whose turn is over may be in
   * another turn by now.
   */
  #isThere(entry: Entry): boolean {
    return entry.inTurn && this.#options.runQueue.entry(entry.address.runId) === entry;
  }
}

/**
 * Runs whose turns were in the commit, or were to be in it. Faulty runs are left out, since `runBatch`
 * stalls them separately.
 */
function worksOf({ works, made, faulty }: Taken): readonly Work[] {
  const own = new Set(faulty.map(({ entry }) => entry));
  return (made?.turns.map(({ work }) => work) ?? works).filter(({ entry }) => !own.has(entry));
}

const isOver = ({ code }: HeddleError): boolean =>
  code === 'store-unavailable' || code === 'closed';

/** A paused run must show that it is paused, because only a resume ends a pause. */
const mayStall = (status: RunRow['status']): boolean => status !== 'paused';
