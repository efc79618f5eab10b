/**
 * What a run shows while its provider calls wait: `backoff` after a failed attempt, `stalled` while
 * the provider does not answer or is parked, `calling-provider` otherwise. These change between
 * turns, fenced like turns, and are written with the next batch.
 *
 * Owns which runs may show something else than their row. A level, not an edge: a run that is in a
 * turn is looked at again when the turn is over.
 */
import type { RunId } from '../domain/ids.ts';
import type { WaitChange } from '../providers/pool.ts';
import type { RunCall } from './calls-by-run.ts';
import type { Parts } from './parts.ts';
import type { EntryChange } from './turn-work.ts';
import { inLineReason, moveRun, waitingEvent, type RunLifecycleEvent } from './turn/lifecycle.ts';
import type { RunRow } from '../store/rows.ts';
import type { Entry } from './workbench.ts';
import type { HotRun } from './turn/hot-run.ts';

type Shown = WaitChange<RunCall>['shown'] | 'budget';

/** What can go on soonest counts. */
const order: readonly Shown[] = ['calling', 'backoff', 'stalled', 'parked', 'budget'];

const shownAs: Readonly<Record<Exclude<Shown, 'calling'>, RunLifecycleEvent>> = {
  backoff: 'BACK_OFF',
  stalled: 'STALL',
  parked: 'STALL',
  budget: 'STALL',
};

const reasons: Readonly<Record<Shown, string | null>> = {
  calling: null,
  backoff: 'the provider failed; the call is tried again after a pause',
  stalled: 'the provider does not answer',
  parked: 'the provider refused key or spend: mend it and reopen the provider',
  budget: 'a budget is used up',
};

export class StatusNews {
  readonly #parts: Parts;
  /** By run: what each of its calls shows, as far as it is not `calling`. */
  readonly #shown = new Map<RunId, Map<string, Shown>>();
  readonly #look = new Set<RunId>();
  readonly #stalls: EntryChange[] = [];

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get hasWork(): boolean {
    return this.#look.size > 0 || this.#stalls.length > 0 || this.#parts.calls.hasWaitChanges;
  }

  /** A turn has ended with its calls and tasks as they are: the row may show too little. */
  turnEnded(hot: HotRun): void {
    const { runId } = hot.run;
    const isInTrouble = hot.status === 'backoff' || hot.status === 'stalled';
    if (isInTrouble || this.#shown.has(runId) || !this.isLineShown(hot)) this.#look.add(runId);
  }

  /** False: its row says that a task stands in line, and none does, or the other way round. */
  isLineShown(hot: HotRun): boolean {
    const { status, reason, run } = hot;
    return status !== 'running-task' || reason === this.#lineReason(run.runId);
  }

  /** What the row shows may be of an earlier owner's time. */
  check(runId: RunId): void {
    this.#look.add(runId);
  }

  forget(runId: RunId): void {
    this.#shown.delete(runId);
    this.#look.delete(runId);
  }

  /** A run whose agent's version is not here shows it; it is found again when that is. */
  stall(entry: Entry, row: RunRow, reason: string): void {
    const { tenant, runId, shard, turn } = row;
    const status = moveRun(row.status, 'STALL');
    this.#stalls.push({
      entry,
      change: { tenant, runId, shard, expectedTurn: turn, status, reason },
    });
  }

  /** Changes for the batch that is being made; their runs take no turn meanwhile. */
  take(): EntryChange[] {
    for (const { call, shown } of this.#parts.calls.waitChanges()) this.#note(call, shown);
    const changes = this.#stalls.splice(0);
    for (const runId of this.#look) {
      this.#look.delete(runId);
      const entry = this.#parts.bench.entry(runId);
      // In a turn, or before one: `turnEnded` brings it back. Without state: its row is read before it shows.
      if (entry === undefined || entry.inTurn || entry.hot === null) continue;
      // Its turn is due, and is not made to wait for this.
      if (entry.queued !== 'no') continue;
      const change = this.#changeOf(entry, entry.hot, this.#shownBy(runId));
      if (change === null) continue;
      this.#parts.bench.hold(entry);
      changes.push({ entry, change });
    }
    return changes;
  }

  #note(call: RunCall, shown: Shown): void {
    const { runId } = call.address;
    const calls = this.#shown.get(runId) ?? new Map<string, Shown>();
    if (shown === 'calling') calls.delete(call.key);
    else calls.set(call.key, shown);
    if (calls.size === 0) this.#shown.delete(runId);
    else this.#shown.set(runId, calls);
    this.#look.add(runId);
  }

  #lineReason(runId: RunId): string | null {
    return this.#parts.tasks.isInLine(runId) ? inLineReason : null;
  }

  #shownBy(runId: RunId): Shown {
    const shown = this.#shown.get(runId);
    if (shown === undefined) return 'calling';
    const calls = this.#parts.calls.of(runId).length;
    if (shown.size < calls) return 'calling';
    return order.find((one) => [...shown.values()].includes(one)) ?? 'calling';
  }

  #changeOf(entry: Entry, hot: HotRun, shown: Shown): EntryChange['change'] | null {
    if (hot.status === 'running-task') {
      if (this.isLineShown(hot)) return null;
      const reason = this.#lineReason(hot.run.runId);
      return { ...entry.address, expectedTurn: hot.turn, status: hot.status, reason };
    }
    const mayShow = ['calling-provider', 'backoff', 'stalled'].includes(hot.status);
    if (!mayShow || hot.state === null) return null;
    // What has no call in trouble shows what its chart waits for: it may have been stalled because
    // its version was not here.
    const event = shown === 'calling' ? waitingEvent(hot.state) : shownAs[shown];
    const status = moveRun(hot.status, event);
    if (hot.status === status && shown !== 'budget') return null;
    const { budgets, calls } = this.#parts;
    const spent = shown === 'budget' ? budgets.reasonFor(calls.of(entry.address.runId)) : null;
    const reason = spent ?? reasons[shown];
    // The figures of a budget change while the run waits for it.
    if (hot.status === status && hot.reason === reason) return null;
    return { ...entry.address, expectedTurn: hot.turn, status, reason };
  }
}
