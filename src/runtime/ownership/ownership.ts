/**
 * Which shards this replica owns, by a lease that heartbeats renew and the database times.
 *
 * Owns when heartbeats are sent, and the local deadline. Leaves to the store which replica owns a shard,
 * and the fence: a stale epoch commits nothing, whatever this replica believes (promise 6).
 *
 * 1. When two thirds of the lease have passed since the last successful renewal was sent, by this
 *    process's monotonic clock, no turn is committed and no call or task begins until a renewal
 *    succeeds. A timer sees to that, so it also holds while a renewal fails or hangs.
 * 2. A shard that was lost, or taken over with a new epoch, leaves nothing of its runs in memory.
 * 3. A shard that is given back is released when its runs have come to rest, or after twice the lease.
 * 4. Two renewals are tried in a third of the lease, the time that others grant a replica whose session
 *    is gone.
 */
import { thrownText } from '../../domain/thrown.ts';
import { shardCount, type ReplicaId } from '../../domain/ids.ts';
import type { Renewal, Store } from '../../store/port.ts';
import type { DroppedRuns } from '../batch/outcome/dropped-runs.ts';
import type { CommitRight } from '../batch/commit-right.ts';
import type { LeaseValve } from '../calls/lease-valve.ts';
import type { Peers } from '../turn/turn-context.ts';
import { Rhythm } from '../wake/rhythm.ts';
import { recover, type RecoveryOptions } from './recovery.ts';
import type { RoomsBelow } from '../batch/rooms-below.ts';

type OwnershipOptions = RecoveryOptions &
  Pick<RoomsBelow, 'clock' | 'committer' | 'tasks' | 'timers'> & {
    readonly store: Pick<Store, 'renew' | 'release'>;
    readonly replicaId: ReplicaId;
    readonly leaseMs: number;
    readonly peers: Peers;
    /** The valve is shut while the lease is in doubt. */
    readonly valve: LeaseValve;
    readonly commitRight: CommitRight;
    readonly dropped: DroppedRuns;
  };

export class Ownership {
  readonly #options: OwnershipOptions;
  readonly #leaseMs: number;
  readonly #leavingSinceMs = new Map<number, number>();
  readonly #rhythm: Rhythm;
  #cancelDeadline: (() => void) | null = null;
  #liveReplicas = 1;
  #address: string | null = null;
  #waitMs: number;
  #hasBegun = false;

  constructor(options: OwnershipOptions) {
    this.#options = options;
    this.#leaseMs = options.leaseMs;
    this.#waitMs = options.leaseMs / 6;
    this.#rhythm = new Rhythm({
      clock: options.clock,
      round: () => this.#renew(),
      pauseMs: () => this.#waitMs,
      failed: (error) => {
        options.log.warn('heartbeat failed', { error: thrownText(error) });
        this.#waitMs = this.#leaseMs / 20;
      },
    });
    options.dropped.wasFenced.on(() => this.askNow());
  }

  /** Resolves when the first shards are owned and their runs are taken up. */
  async start(): Promise<void> {
    this.#hasBegun = true;
    await this.#rhythm.startNow();
  }

  /** Shards may have changed owners: a commit was fenced, or a hint says so. */
  askNow(): void {
    // A heartbeat that is under way may have looked before it changed: another follows.
    if (this.#hasBegun) this.#rhythm.now();
  }

  /** Other replicas reach this one there from its next heartbeat on, which comes at once. Null: nowhere. */
  reachedAt(address: string | null): void {
    this.#address = address;
    this.askNow();
  }

  async close(): Promise<void> {
    await this.#rhythm.close();
    this.#cancelDeadline?.();
    const { log, store, replicaId, shards } = this.#options;
    try {
      await store.release({ replicaId, shards: shards.held(), retire: true });
    } catch (error) {
      // The lease ends by itself: the next owners only wait a little longer.
      log.warn('shards not given back', { error: thrownText(error) });
    }
  }

  async #renew(): Promise<void> {
    const { clock, store, replicaId } = this.#options;
    const sentAtMs = clock.nowMs();
    const renewal = await store.renew({
      replicaId,
      leaseMs: this.#leaseMs,
      address: this.#address,
      lines: this.#options.calls.pool.lines,
    });
    this.#options.peers.hasOlder = renewal.hasOlder;
    const deadlineMs = sentAtMs + (this.#leaseMs * 2) / 3;
    this.#awaitDeadline(deadlineMs);
    if (renewal.liveReplicas !== this.#liveReplicas) {
      this.#liveReplicas = renewal.liveReplicas;
      this.#options.calls.setShare(renewal.liveReplicas);
    }
    this.#waitMs = this.#waitAfter(renewal);
    await this.#take(renewal);
    if (clock.nowMs() <= deadlineMs) this.#suspend(false);
    await this.#giveBack(renewal.surplus);
  }

  #awaitDeadline(deadlineMs: number): void {
    const { clock, log } = this.#options;
    this.#cancelDeadline?.();
    const leftMs = Math.max(deadlineMs - clock.nowMs(), 0);
    this.#cancelDeadline = clock.setTimer(leftMs, () => {
      log.warn('no heartbeat for two thirds of the lease: nothing new begins', {});
      this.#suspend(true);
    });
  }

  #suspend(suspended: boolean): void {
    const { commitRight, committer, valve } = this.#options;
    commitRight.suspended = suspended;
    if (suspended) return valve.shut();
    valve.open();
    committer.request();
  }

  /**
   * The wait before the next heartbeat. It is shorter while this replica owns less than its share, and
   * ends when another replica would count as dead.
   */
  #waitAfter({ shards, liveReplicas, nextEndInMs }: Renewal): number {
    const isShort = shards.length < Math.floor(shardCount / liveReplicas);
    const waitMs = this.#leaseMs / (isShort ? 20 : 6);
    return nextEndInMs === null ? waitMs : Math.min(waitMs, nextEndInMs + 1);
  }

  async #take(renewal: Renewal): Promise<void> {
    const { shards, log } = this.#options;
    const { gained, lost } = shards.update(renewal.shards);
    if (lost.length > 0) log.warn('shards lost', { shards: lost });
    // New shards are dropped too: a look that was under way when they were lost may have brought in
    // their runs and timers again, and their turns were fenced.
    this.#drop([...lost, ...gained]);
    if (gained.length > 0) log.info('shards taken', { shards: gained.length });
    // Shards of an earlier heartbeat are among these when taking up their runs has failed.
    const arriving = shards.arriving();
    if (arriving.length === 0) return;
    await recover(this.#options, arriving);
    this.#options.committer.request();
  }

  async #giveBack(surplus: readonly number[]): Promise<void> {
    const { runQueue, clock, shards, store, replicaId, log } = this.#options;
    const nowMs = clock.nowMs();
    for (const shard of surplus) {
      shards.leave(shard);
      if (!this.#leavingSinceMs.has(shard)) this.#leavingSinceMs.set(shard, nowMs);
    }
    const ready = [...this.#leavingSinceMs].filter(([shard, sinceMs]) => {
      const busy = runQueue.entriesOf((one) => one === shard);
      if (busy.some(({ inTurn }) => inTurn)) return false;
      return busy.length === 0 || nowMs - sinceMs > this.#leaseMs * 2;
    });
    if (ready.length === 0) return;
    const released = ready.map(([shard]) => shard);
    for (const shard of released) {
      this.#leavingSinceMs.delete(shard);
      shards.remove(shard);
    }
    this.#drop(released);
    await store.release({ replicaId, shards: released, retire: false });
    log.info('shards given back', { shards: released.length });
  }

  #drop(gone: readonly number[]): void {
    if (gone.length === 0) return;
    const { dropped, runQueue, calls, tasks, timers } = this.#options;
    const shards = new Set(gone);
    const isGone = (shard: number): boolean => shards.has(shard);
    // A run that only waits far back in a line has no entry, so calls and tasks are asked for their runs
    // as well.
    const runIds = new Set([
      ...runQueue.entriesOf(isGone).map(({ address }) => address.runId),
      ...calls.runs.runsOf(isGone),
      ...tasks.runsOf(isGone),
    ]);
    for (const runId of runIds) dropped.drop(runId);
    timers.forget(isGone);
  }
}
