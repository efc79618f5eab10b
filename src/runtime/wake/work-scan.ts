/**
 * Looks for work in the rows: inbox rows that no word in memory has told of, timers and delayed messages
 * that are due. Hints make it quick; looking makes it sure, so no wake-up can be lost.
 *
 * Owns what a look looks at, and when. Leaves the order of runs to `run-queue.ts`.
 *
 * 1. Everything is looked at once in about `pollMs` (0.75 to 1.25 times as long), in pages; nothing
 *    waits for a hint.
 * 2. At most `queuedMax` runs that have not begun are held in memory. Others stay rows until there is
 *    room, except those that have a command.
 */
import { thrownText } from '../../domain/thrown.ts';
import type { FairPlace } from '../../queue/fair-queue.ts';
import type { NewRun, RunAddress, RunRow } from '../../store/rows.ts';
import type { PendingRun, Store } from '../../store/port.ts';
import { Alarm } from './alarm.ts';
import { DelayedMessages } from './delayed-messages.ts';
import { Rhythm } from './rhythm.ts';
import { RestingRuns } from './resting-runs.ts';
import type { Entry, RunQueue } from './run-queue.ts';
import type { Hints } from './hints.ts';
import type { TenantWeights } from './tenant-weights.ts';
import type { Timers } from './timers.ts';
import type { Clock, Ids, Log } from '../ports.ts';
import type { OwnedShards } from '../shards.ts';

export type WorkScanSettings = {
  readonly pollMs: number;
  readonly pageRuns: number;
  readonly queuedMax: number;
};

export const defaultWorkScanSettings: WorkScanSettings = {
  pollMs: 2_000,
  pageRuns: 1_000,
  queuedMax: 10_000,
};

type WorkScanOptions = {
  readonly store: Pick<Store, 'pending' | 'releaseDelayed' | 'timers'>;
  readonly clock: Clock;
  readonly ids: Pick<Ids, 'random'>;
  readonly log: Log;
  readonly shards: OwnedShards;
  readonly weights: TenantWeights;
  readonly runQueue: RunQueue;
  readonly timers: Timers;
  readonly hints: Hints;
  /** Looks whether another replica has set the first budget. */
  readonly budgets: { lookForFirst(): Promise<void> };
  readonly settings: WorkScanSettings;
};

export class WorkScan {
  readonly #options: WorkScanOptions;
  readonly #settings: WorkScanSettings;
  #cancelDelayed: (() => void) | null = null;
  #delayedAtMs = Number.POSITIVE_INFINITY;
  #timersAtMs = 0;
  /** Rings when rows of timers must be looked at before the next poll. */
  readonly #timersAlarm: Alarm;
  readonly #delayedMessages: DelayedMessages;
  readonly #rhythm: Rhythm;
  readonly #resting: RestingRuns;
  #lookingAtTimers = false;

  constructor(options: WorkScanOptions) {
    const { clock, ids, settings, timers } = options;
    this.#options = options;
    this.#settings = settings;
    this.#delayedMessages = new DelayedMessages({ ...options, pageMessages: settings.pageRuns });
    this.#resting = new RestingRuns(clock);
    this.#rhythm = new Rhythm({
      clock,
      round: () => this.#look(),
      pauseMs: () => settings.pollMs * (0.75 + ids.random() / 2),
      failed: (error) => this.#failed(error),
    });
    this.#timersAlarm = new Alarm(clock, () => void this.#guarded(() => this.#lookAtTimers()));
    timers.lookBy.on((atMs) => this.lookAtTimersBy(atMs));
  }

  /** A run has a new inbox row. `fresh`: the run has not begun. `command`: the row is a command. */
  wake(
    address: RunAddress,
    of: { readonly fresh?: NewRun | PendingRun | undefined; readonly command?: boolean } = {},
  ): void {
    const { runQueue, hints, shards } = this.#options;
    if (!shards.owns(address.shard)) return hints.hint(address.shard);
    const { fresh, command = false } = of;
    if (fresh === undefined || command) runQueue.wake(address, command);
    else runQueue.enqueueNew(address, this.#placeOf(fresh));
  }

  /** Puts back a run that was woken ahead of its place among the runs that have not begun. */
  putBack(entry: Entry, row: RunRow): void {
    const { runQueue } = this.#options;
    // A later look finds the run's rows again, when there is room.
    if (runQueue.queuedCount >= this.#settings.queuedMax) runQueue.dropEntry(entry);
    else runQueue.putBackNew(entry, this.#placeOf(row));
  }

  #placeOf(run: NewRun | PendingRun | RunRow): FairPlace {
    const { clock, weights } = this.#options;
    const { tenant, user, pipeline, priority } = run;
    const pipelineStartedAtMs = 'createdAtMs' in run ? run.createdAtMs : clock.nowMs();
    const weight = weights.of(tenant);
    return { tenant, user, pipeline, pipelineStartedAtMs, priority, weight };
  }

  /**
   * Begins the looks, unless a hint or a takeover has begun them: there is one chain of looks, never
   * two.
   */
  start(): void {
    if (this.#rhythm.isIdle) this.#rhythm.now();
  }

  close(): void {
    void this.#rhythm.close();
    this.#cancelDelayed?.();
    this.#timersAlarm.cancel();
  }

  /** Looks at once: a hint came, or shards were taken over. */
  now(): void {
    this.#rhythm.now();
  }

  /** A message will enter its channel after `delayMs`: looks then, unless an earlier look is due. */
  expectDelayed(delayMs: number): void {
    const { clock } = this.#options;
    const atMs = clock.nowMs() + delayMs;
    if (this.#rhythm.isClosed || atMs >= this.#delayedAtMs) return;
    this.#cancelDelayed?.();
    this.#delayedAtMs = atMs;
    this.#cancelDelayed = clock.setTimer(delayMs, () => void this.#guarded(() => this.#delayed()));
  }

  /** Logs a look that fails; the next one repeats it. */
  async #guarded(look: () => Promise<void>): Promise<void> {
    try {
      await look();
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    if (this.#rhythm.isClosed) return;
    this.#options.log.warn('looking for work failed', { error: thrownText(error) });
  }

  async #look(): Promise<void> {
    // Each look is guarded by itself, so that an error in one does not keep the others waiting.
    await this.#guarded(() => this.#options.budgets.lookForFirst());
    await this.#guarded(() => this.#pending());
    await this.#guarded(() => this.#delayed());
    await this.#guarded(() => this.#lookAtTimers());
  }

  /** One look at timers at a time; one that is asked for meanwhile comes after it. */
  async #lookAtTimers(): Promise<void> {
    const { clock, shards, store, timers } = this.#options;
    if (this.#rhythm.isClosed || this.#lookingAtTimers || clock.nowMs() < this.#timersAtMs) return;
    this.#lookingAtTimers = true;
    // `lookAtTimersBy` may name an earlier instant while this look runs.
    this.#timersAtMs = Number.POSITIVE_INFINITY;
    try {
      const againMs = await timers.look(store, shards.list());
      this.lookAtTimersBy(clock.nowMs() + againMs);
    } catch (error) {
      this.lookAtTimersBy(clock.nowMs() + this.#settings.pollMs);
      throw error;
    } finally {
      this.#lookingAtTimers = false;
      // The alarm may have rung during this look, without effect.
      if (!this.#rhythm.isClosed) this.#timersAlarm.set(this.#timersAtMs);
    }
  }

  /** Looks at the rows of timers by this instant; the earliest instant that was named counts. */
  lookAtTimersBy(atMs: number): void {
    if (this.#rhythm.isClosed || atMs >= this.#timersAtMs) return;
    this.#timersAtMs = atMs;
    this.#timersAlarm.set(atMs);
  }

  /** After a takeover: the timers of the new shards are looked at as well. */
  forgetTimersSeen(): void {
    this.lookAtTimersBy(0);
  }

  async #pending(): Promise<void> {
    const { runQueue, shards, store } = this.#options;
    const { pageRuns, queuedMax } = this.#settings;
    let afterSeq: string | null = null;
    this.#resting.begin();
    do {
      const owned = shards.list();
      if (owned.length === 0) return;
      const page = await store.pending({ shards: owned, afterSeq, limit: pageRuns });
      for (const run of page.runs) {
        const { hasCommand: command } = run;
        if (!this.#resting.mayWake(run)) continue;
        if (run.status !== 'queued' || command) this.wake(run, { command });
        else if (runQueue.queuedCount < queuedMax) this.wake(run, { fresh: run });
      }
      afterSeq = page.nextSeq;
    } while (afterSeq !== null && !this.#rhythm.isClosed);
    this.#resting.end();
  }

  async #delayed(): Promise<void> {
    this.#delayedAtMs = Number.POSITIVE_INFINITY;
    if (this.#rhythm.isClosed) return;
    const nextDueInMs = await this.#delayedMessages.release((address) => this.wake(address));
    if (nextDueInMs !== null) this.expectDelayed(Math.max(nextDueInMs, 1));
  }
}
