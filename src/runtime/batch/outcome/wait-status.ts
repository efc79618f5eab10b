/**
 * The status of a run while its provider calls wait: `backoff` after a failed attempt, `stalled`
 * while the provider does not answer or is parked, `calling-provider` otherwise. These statuses
 * change between turns, are fenced like turns, and are written with the next batch.
 *
 * Owns the list of runs whose status may differ from their row. The status is computed from the
 * state of the calls, not from single changes: a run that is in a turn is looked at again when the
 * turn is over.
 */
import type { RunId } from '../../../domain/ids.ts';
import { callTrouble } from '../../calls/call/call-trouble.ts';
import type { RunCall, ShownCall } from '../../calls/call/run-call.ts';
import type { EntryChange } from '../made-batch.ts';
import {
  firstRunStatus,
  moveRun,
  waitingEvent,
  type RunLifecycleEvent,
} from '../../turn/lifecycle.ts';
import type { RunStatus } from '../../../../machines/run.ts';
import type { RunAddress, RunRow } from '../../../store/rows.ts';
import type { HotRun } from '../../turn/hot-run.ts';
import type { Entry } from '../../wake/run-queue.ts';
import type { RoomsBelow } from '../rooms-below.ts';

/** The run shows the first of these that any of its calls shows: the one that can go on soonest. */
const order: readonly ShownCall[] = ['calling', 'backoff', 'stalled', 'parked', 'budget'];

const heldBackReason =
  'so many calls and tasks wait that no run begins (waitingCallsMax); it begins when there are fewer';
/** The most such changes in one batch. */
const heldBackMax = 500;

/** The facts about a run that decide whether its status changes. */
type ShownRun = {
  readonly run: RunAddress;
  readonly status: RunStatus;
  readonly reason: string | null;
  readonly turn: number;
  /** The lifecycle event for what the run's chart waits for. */
  readonly waits: RunLifecycleEvent;
};

const shownAs: Readonly<Record<Exclude<ShownCall, 'calling'>, RunLifecycleEvent>> = {
  backoff: 'BACK_OFF',
  stalled: 'STALL',
  parked: 'STALL',
  budget: 'STALL',
};

type WaitStatusOptions = Pick<
  RoomsBelow,
  'budgets' | 'calls' | 'clock' | 'committer' | 'runQueue' | 'tasks'
>;

export class WaitStatus {
  readonly #options: WaitStatusOptions;
  /** By run. True: what its calls show has changed. False: its row may be out of date. */
  readonly #look = new Map<RunId, boolean>();
  readonly #stalls: EntryChange[] = [];

  constructor(options: WaitStatusOptions) {
    this.#options = options;
    options.tasks.lineChanged.on((runId) => {
      this.check(runId);
      options.committer.request();
    });
  }

  get hasWork(): boolean {
    const { runQueue, budgets, calls } = this.#options;
    const isOwn = this.#look.size > 0 || this.#stalls.length > 0;
    const isTheirs = calls.pool.news.hasWaits || budgets.hasChanges;
    return isOwn || isTheirs || runQueue.hasHeldBack;
  }

  /** A turn has ended and its calls and tasks are in place: the row may be out of date. */
  turnEnded(hot: HotRun): void {
    const { runId } = hot.run;
    const isInTrouble = hot.status === 'backoff' || hot.status === 'stalled';
    if (isInTrouble || !this.isLineShown(hot)) this.#lookAgain(runId);
    this.shownOnly(runId);
  }

  /** Like `turnEnded`, for a run of which only the row and the calls are here. */
  shownOnly(runId: RunId): void {
    const calls = this.#options.calls.runs.of(runId);
    if (calls.some(({ shown }) => shown !== 'calling')) this.#lookAgain(runId);
  }

  #lookAgain(runId: RunId): void {
    if (!this.#look.has(runId)) this.#look.set(runId, false);
  }

  /** False when the row says that a task waits in line and none does, or the other way round. */
  isLineShown({ status, reason, run, held }: HotRun): boolean {
    if (status !== 'running-task') return true;
    return reason === this.#options.tasks.reasonFor(run.runId, held);
  }

  /** Looks at the run again even if nothing has changed here: its row may be an earlier owner's. */
  check(runId: RunId): void {
    this.#look.set(runId, true);
  }

  forget(runId: RunId): void {
    this.#look.delete(runId);
  }

  /**
   * The version of the run's agent is not registered here: the run shows that, and is found again when
   * the version is registered.
   */
  stall(entry: Entry, row: RunRow, reason: string): void {
    const { tenant, runId, shard, turn } = row;
    const status = moveRun(row.status, 'STALL');
    this.#stalls.push({
      entry,
      change: { tenant, runId, shard, expectedTurn: turn, status, reason },
    });
  }

  /** The changes for the batch that is being made. Their runs take no turn meanwhile. */
  take(): EntryChange[] {
    for (const { runId } of this.#waitChanges()) this.#look.set(runId, true);
    const changes = [...this.#stalls.splice(0), ...this.#heldBack()];
    for (const [runId, isNews] of this.#look) {
      this.#look.delete(runId);
      const change = this.#changeFor(runId, isNews);
      if (change !== null) changes.push(change);
    }
    return changes;
  }

  /** Runs that do not begin because too many calls wait: their rows say so. */
  #heldBack(): EntryChange[] {
    return this.#options.runQueue.takeHeldBack(heldBackMax).map((entry) => {
      this.#options.runQueue.hold(entry);
      const change = { ...entry.address, expectedTurn: 0, status: firstRunStatus } as const;
      return { entry, change: { ...change, reason: heldBackReason } };
    });
  }

  /** Calls whose shown state has changed. */
  #waitChanges(): RunCall[] {
    const { budgets, calls } = this.#options;
    return [...calls.pool.news.takeWaits().map(({ call }) => call), ...budgets.takeChanges()];
  }

  #troubleOf(runId: RunId, shown: ShownCall): string | null {
    if (shown === 'calling') return null;
    const { budgets, calls, clock } = this.#options;
    if (shown === 'budget') {
      return budgets.reasonFor(calls.runs.of(runId)) ?? 'a budget is used up';
    }
    const [call, ...others] = calls.runs.of(runId).filter((one) => one.shown === shown);
    if (call === undefined) return null;
    const wait = calls.pool.news.waitOf(call);
    return callTrouble(call, { shown, wait, nowMs: clock.nowMs(), others: others.length });
  }

  #shownBy(runId: RunId): ShownCall {
    const calls = this.#options.calls.runs.of(runId);
    return order.find((one) => calls.some(({ shown }) => shown === one)) ?? 'calling';
  }

  #changeFor(runId: RunId, isNews: boolean): EntryChange | null {
    const { runQueue, calls } = this.#options;
    const entry = runQueue.entry(runId);
    // The run is in a turn or waits for one, which this must not delay. `turnEnded` looks at the run
    // again.
    if (entry?.inTurn === true || (entry !== undefined && entry.queued !== 'no')) return null;
    if (entry !== undefined && entry.hot !== null) {
      const { run, state, status, reason, turn } = entry.hot;
      if (status === 'running-task') return this.#lineChange(entry, entry.hot);
      if (state === null) return null;
      const change = this.#changeOf({ run, status, reason, turn, waits: waitingEvent(state) });
      if (change === null) return null;
      runQueue.hold(entry);
      return { entry, change };
    }
    // The run is not in memory. Its calls know the row's status, but not its reason.
    const [call] = calls.runs.of(runId);
    if (call === undefined) return null;
    const { tenant, shard, status, turn } = call;
    const run = { tenant, runId, shard };
    const change = this.#changeOf({ run, status, reason: null, turn, waits: 'CALL_PROVIDER' });
    if (change === null || (change.status === status && !isNews)) return null;
    return { entry: runQueue.holdCold(run), change };
  }

  #lineChange(entry: Entry, hot: HotRun): EntryChange | null {
    if (this.isLineShown(hot)) return null;
    const { run, status, turn: expectedTurn, held } = hot;
    this.#options.runQueue.hold(entry);
    const reason = this.#options.tasks.reasonFor(run.runId, held);
    return { entry, change: { ...entry.address, expectedTurn, status, reason } };
  }

  #changeOf({ run, status: before, ...of }: ShownRun): EntryChange['change'] | null {
    const { tenant, runId, shard } = run;
    const shown = this.#shownBy(runId);
    if (!['calling-provider', 'backoff', 'stalled'].includes(before)) return null;
    // A run without a call in trouble shows what its chart waits for. It may show `stalled` because its
    // version was not registered here.
    const status = moveRun(before, shown === 'calling' ? of.waits : shownAs[shown]);
    if (before === status && shown !== 'budget') return null;
    const reason = this.#troubleOf(runId, shown);
    // The figures of a budget change while the run waits for it.
    if (before === status && of.reason === reason) return null;
    return { tenant, runId, shard, expectedTurn: of.turn, status, reason };
  }
}
