/**
 * Handles a commit that has happened: sets the runs' new state, begins calls and tasks, wakes runs,
 * and answers callers. repeated-turns.ts handles a turn that the commit has left out;
 * failed-batches.ts handles a commit that did not happen.
 */
import type { RunCall } from '../../calls/call/run-call.ts';
import { thrownText } from '../../../domain/thrown.ts';
import { Fates, type BatchOutcome, type FateOf } from '../../../store/fates.ts';
import type { LoadedRun, RunRow } from '../../../store/rows.ts';
import { ChartWarnings } from '../../agent-warnings.ts';
import type { FreshStarts } from '../fresh-starts.ts';
import { CommitNews } from './commit-news.ts';
import type { DroppedRuns } from './dropped-runs.ts';
import type { RepeatedTurns } from './repeated-turns.ts';
import type { WaitStatus } from './wait-status.ts';
import { tell, type Told } from './tell.ts';
import {
  outsideSlots,
  type ComputedTurn,
  type EntryChange,
  type MadeBatch,
} from '../made-batch.ts';
import type { HotRun } from '../../turn/hot-run.ts';
import { firstRunStatus, isWorking } from '../../turn/lifecycle.ts';
import { afterCommit } from '../../turn/turn-commit.ts';
import { wakeRuns } from './wake-runs.ts';
import type { Entry } from '../../wake/run-queue.ts';
import type { RoomsBelow } from '../rooms-below.ts';
import type { ChannelNews } from '../../watch/channel-news.ts';

type AfterCommitOptions = Told &
  Pick<RoomsBelow, 'calls' | 'isolation' | 'runQueue' | 'scan' | 'tasks' | 'timers'> & {
    readonly fresh: FreshStarts;
    readonly dropped: DroppedRuns;
    readonly repeated: RepeatedTurns;
    readonly waitStatus: WaitStatus;
    readonly channelNews: ChannelNews;
  };

export class AfterCommit {
  readonly commitNews = new CommitNews();
  readonly #options: AfterCommitOptions;
  readonly #chartWarnings: ChartWarnings;

  constructor(options: AfterCommitOptions) {
    this.#options = options;
    this.#chartWarnings = new ChartWarnings(options.log);
  }

  /**
   * Each step runs alone: if one throws, that is not a failure of the commit, and the other parts of the
   * batch go on (promise 1).
   */
  settle(made: MadeBatch, outcome: BatchOutcome): void {
    const fates = new Fates(outcome.fates);
    made.turns.forEach((turn, i) => {
      const fate = fates.of('turns', i);
      this.#alone(
        () => this.#turn(turn, fate),
        () => this.#afresh(turn, fate),
      );
    });
    made.statusChanges.forEach((change, i) => {
      this.#alone(
        () => this.#statusChange(change, fates.of('statusChanges', i)),
        () => this.#options.dropped.reload(change.entry.address),
      );
    });
    // Arrivals are answered first, so that the caller of a start can watch its run before the run goes
    // on.
    this.#alone(() => made.arrivals?.settle(fates));
    for (const { delayMs } of made.batch.arrivals.messages) {
      if (delayMs > 0) this.#options.scan.expectDelayed(delayMs);
    }
    this.#alone(() => wakeRuns(made, outcome.wakes, this.#options));
    this.#alone(() => this.#options.channelNews.committed(made.batch, fates));
    this.#alone(() => this.#options.watch.committed(made.batch, fates));
    for (const { call, fate } of outsideSlots(made, fates)) {
      if (fate.kind === 'fenced') this.#options.dropped.wasFenced.tell();
      this.#alone(() => this.#outside(call, fate));
    }
    this.#alone(() => this.#options.calls.send(made.grants));
    this.#alone(() => this.commitNews.committed(made.turns.length - fates.all('turns').size));
  }

  /**
   * The commit did not put this call into its slot: its run is another replica's, or a budget is full.
   */
  #outside(call: RunCall, fate: FateOf['slots']): void {
    // The run is not dropped here: this replica may have taken it up anew since.
    if (fate.kind === 'fenced') return this.#options.calls.fenced(call);
    this.#options.calls.refused(call, fate.budget);
  }

  #alone(follow: () => void, mend?: () => void): void {
    try {
      follow();
    } catch (error) {
      this.#options.log.warn('what follows a commit failed', { error: thrownText(error) });
      if (mend !== undefined) this.#alone(mend);
    }
  }

  /**
   * The work after this turn's commit threw half-way. The run is dropped from memory and loaded
   * anew. Its timer that has fired is found again in its row, if the row is still there.
   */
  #afresh({ work }: ComputedTurn, fate: FateOf['turns'] | null): void {
    const { entry, hot, incoming } = work;
    if (fate !== null) return this.#options.runQueue.retry(entry, incoming, null);
    if (hot.fresh) this.#options.fresh.accepted(hot.run.runId);
    for (const item of incoming) {
      if (item.kind === 'timer') this.#options.timers.settled(entry.address, item.timerId);
    }
    this.#options.scan.forgetTimersSeen();
    this.#options.dropped.reload(entry.address);
  }

  /**
   * There is no turn to commit: the run's open calls and tasks go on. With a turn, only its commit tells
   * which of them go on, because the inbox may have held the result of an open call.
   */
  nothingToDo(entry: Entry, hot: HotRun): void {
    this.adopt(hot);
    // The row may still show a fault that is over. Without a turn, the status must be checked here.
    const isShown = entry.trouble !== null && hot.status === 'stalled';
    if (!isShown) return this.#endTurn(entry, hot);
    this.#options.waitStatus.check(entry.address.runId);
    this.#options.runQueue.endTurn(entry, hot);
  }

  /**
   * True when the run has not begun and was woken ahead of its place by something other than a command
   * that takes it out of the line. The run waits on.
   */
  waitsToBegin(entry: Entry, { run, inbox }: LoadedRun): boolean {
    const { queuedCount } = this.#options.runQueue;
    if (run.status !== 'queued' || entry.mayBegin || queuedCount === 0) return false;
    if (inbox.some(({ kind }) => kind === 'cancel' || kind === 'pause')) return false;
    this.#options.scan.putBack(entry, run);
    return true;
  }

  /**
   * Whether the run should stay in memory until its next turn: it has calls or tasks under way, or its
   * status must be shown.
   */
  isOfUse(hot: HotRun): boolean {
    const { calls, tasks, waitStatus } = this.#options;
    const { status, run } = hot;
    // A call that stands far back in its line does not need its run in memory.
    const isFar = calls.runs.areFar(run.runId);
    if (status === 'calling-provider') return !isFar;
    if (status !== 'running-task' && status !== 'backoff' && status !== 'stalled') return false;
    const hasCalls = calls.runs.of(run.runId).length > 0 && !isFar;
    const isInLine = tasks.areAllInLine(run.runId) && waitStatus.isLineShown(hot);
    return hasCalls || (tasks.hasOpen(run.runId) && !isInLine);
  }

  #endTurn(entry: Entry, hot: HotRun): void {
    this.#options.waitStatus.turnEnded(hot);
    this.#options.runQueue.endTurn(entry, this.isOfUse(hot) ? hot : null);
  }

  /** No chart here fits the run. The run shows that, and is found again when a chart fits. */
  noChart(entry: Entry, row: RunRow, reason: string): null {
    this.#chartWarnings.warn(row, reason);
    // The row shows it already, or the run is paused; only `resume` may end a pause.
    const isShown = row.status === 'stalled' && row.reason === reason;
    if (isShown || row.status === 'paused') this.#options.runQueue.dropEntry(entry);
    else this.#options.waitStatus.stall(entry, row, reason);
    return null;
  }

  /** The run was working when its earlier owner stopped: its calls and tasks go on here. */
  adopt(hot: HotRun): void {
    const { status, state } = hot;
    // The run is paused: its tasks that have not begun are dropped, and give back permits that came for
    // them.
    if (status === 'paused') return this.#options.tasks.rest(hot.run.runId);
    if (state === null || !(isWorking(status) || status === 'backoff' || status === 'stalled'))
      return;
    this.#options.calls.settle(hot, state);
    this.#options.tasks.settle(hot);
  }

  #turn(computed: ComputedTurn, fate: FateOf['turns'] | null): void {
    const { work } = computed;
    const { runId } = work.entry.address;
    if (this.#options.runQueue.entry(runId) !== work.entry) return this.#late(computed, fate);
    if (fate === null) return this.#committed(computed);
    this.#options.repeated.notCommitted(work, fate);
  }

  /**
   * The run was dropped while its commit was under way, because its shard was lost. This replica may
   * have taken the run up anew since. So its state in memory, with its calls and timers, does not belong
   * to this turn.
   */
  #late(computed: ComputedTurn, fate: FateOf['turns'] | null): void {
    const { hot } = computed.work;
    if (fate?.kind === 'fenced') this.#options.dropped.wasFenced.tell();
    // Drops the calls that this turn has proposed: the run's new owner proposes them anew.
    this.#options.calls.abandon(hot.run.runId, 'durable');
    if (fate === null) {
      if (hot.fresh) this.#options.fresh.accepted(hot.run.runId);
      tell(this.#options, computed);
    } else if (hot.fresh) this.#options.fresh.queue(hot.run);
  }

  #committed(computed: ComputedTurn): void {
    const { work, turn, commit } = computed;
    const { actionErrors, runQueue, calls, tasks, timers } = this.#options;
    const { entry } = work;
    const { runId } = entry.address;
    const after = afterCommit(turn, commit);
    entry.tries = 0;
    actionErrors.written(runId, computed.notes);
    this.#wentOn(entry);
    for (const timerId of commit.clearTimers) timers.settled(entry.address, timerId);
    for (const timer of commit.setTimers) timers.set(entry.address, timer);
    for (const { delayMs } of commit.messages)
      if (delayMs > 0) this.#options.scan.expectDelayed(delayMs);
    const isHeldBack = turn.status === 'paused' || turn.status === 'stalled';
    for (const item of work.incoming) {
      if (item.kind === 'timer') timers.settledIfStill(entry.address, item);
      if (item.kind !== 'result' || isHeldBack) continue;
      if (!turn.draft.journal.includes(item.event)) calls.unheard(after.run, after.turn, item);
    }
    if (turn.ended !== null) {
      calls.settle(after, null);
      tasks.settle({ ...after, state: null });
      actionErrors.forget(runId);
      this.#options.waitStatus.forget(runId);
      runQueue.dropEntry(entry);
    } else {
      calls.runs.shown(runId, after);
      if (turn.status === 'paused') tasks.rest(runId);
      else {
        calls.settle(after, turn.state);
        tasks.settle(after);
      }
      this.#endTurn(entry, after);
    }
    if (work.hot.fresh) this.#options.fresh.accepted(runId);
    tell(this.#options, computed);
  }

  /**
   * The run went on, so the error that it had met alone is over. The errors of other runs may be over
   * too.
   */
  #wentOn(entry: Entry): void {
    if (entry.trouble === null) return;
    entry.trouble = null;
    this.#options.isolation.ease();
  }

  #statusChange({ entry, change }: EntryChange, fate: FateOf['statusChanges'] | null): void {
    const { runQueue, calls } = this.#options;
    const { runId } = entry.address;
    if (fate?.kind === 'fenced') this.#options.dropped.wasFenced.tell();
    // The run was dropped meanwhile, as in `#late`.
    if (runQueue.entry(runId) !== entry) return;
    const { status, reason, tenant, expectedTurn: turn } = change;
    if (fate === null) this.#options.watch.changed({ tenant, runId, turn, status, ended: false });
    // The run has not begun and stays in its line.
    if (change.status === firstRunStatus) return runQueue.endTurn(entry, null);
    const isCold = entry.hot === null && calls.runs.of(runId).length > 0;
    if (fate !== null || (entry.hot === null && !isCold)) {
      return isCold
        ? this.#options.dropped.reload(entry.address)
        : void this.#options.dropped.gone(entry);
    }
    this.#wentOn(entry);
    calls.runs.shown(runId, { turn: change.expectedTurn, status: change.status });
    if (entry.hot !== null) {
      const shown = { ...entry.hot, status, reason };
      // A task that waited in line begins now, since the row no longer says that it waits.
      if (status === 'running-task') this.#options.tasks.settle(shown);
      return this.#endTurn(entry, shown);
    }
    runQueue.endTurn(entry, null);
    this.#options.waitStatus.shownOnly(runId);
  }
}
