/**
 * Which shards this replica owns (design §6): a lease renewed by heartbeats, timed by the database.
 *
 * Owns the rhythm of heartbeats and the local deadline. Leaves to the store who owns what, and the
 * fence: a stale epoch commits nothing, whatever is believed here (promise 6).
 *
 * 1. No turn is committed and no call or task begins after two thirds of the lease have passed since
 *    the last renewal was sent, by this process's monotonic clock, until one succeeds. A timer sees
 *    to that, so it also holds while a renewal fails, or hangs.
 * 2. A shard that was lost, or taken over with a new epoch, leaves nothing of it in memory.
 * 3. A shard that is given back is released when its runs have come to rest, or after a grace.
 * 4. Two renewals are tried in a third of the lease, which is what others grant who see no session.
 */
import { thrownText } from '../../domain/thrown.ts';
import { shardCount } from '../../domain/ids.ts';
import type { Renewal } from '../../store/port.ts';
import type { Parts } from '../parts.ts';

export type OwnershipSettings = { readonly leaseMs: number };

export type OwnershipEvents = {
  readonly gained: (shards: readonly number[]) => Promise<void>;
  readonly suspend: (suspended: boolean) => void;
  /** Everything in memory of this run goes. */
  readonly dropRun: (runId: Parameters<Parts['runQueue']['drop']>[0]) => void;
};

export class Ownership {
  readonly #parts: Parts;
  readonly #leaseMs: number;
  readonly #events: OwnershipEvents;
  readonly #leavingSinceMs = new Map<number, number>();
  #cancelBeat: (() => void) | null = null;
  #cancelDeadline: (() => void) | null = null;
  #liveReplicas = 1;
  #waitMs: number;
  #beating: Promise<void> | null = null;
  #again = false;
  #running = false;

  constructor(parts: Parts, settings: OwnershipSettings, events: OwnershipEvents) {
    this.#parts = parts;
    this.#leaseMs = settings.leaseMs;
    this.#waitMs = settings.leaseMs / 6;
    this.#events = events;
  }

  get liveReplicas(): number {
    return this.#liveReplicas;
  }

  /** Resolves when the first shards are owned and their runs are taken up. */
  async start(): Promise<void> {
    this.#running = true;
    const first = this.#renew();
    this.#beating = first.catch(() => undefined);
    try {
      await first;
    } finally {
      this.#beating = null;
    }
    this.#schedule();
  }

  /** Who owns what has changed: a commit was fenced, or a hint says so. */
  askNow(): void {
    if (!this.#running) return;
    // The one under way may have looked before it changed.
    this.#again = this.#beating !== null;
    if (this.#again) return;
    this.#cancelBeat?.();
    this.#beat();
  }

  async close(): Promise<void> {
    this.#running = false;
    this.#cancelBeat?.();
    await this.#beating;
    this.#cancelDeadline?.();
    const { log, store, replicaId, shards } = this.#parts;
    try {
      await store.release({ replicaId, shards: shards.held(), retire: true });
    } catch (error) {
      // The lease ends by itself: others wait a little longer, and that is all.
      log.warn('shards not given back', { error: thrownText(error) });
    }
  }

  #schedule(): void {
    if (!this.#running) return;
    const waitMs = this.#again ? 0 : this.#waitMs;
    this.#again = false;
    this.#cancelBeat = this.#parts.clock.setTimer(waitMs, () => this.#beat());
  }

  #beat(): void {
    this.#beating = this.#renew()
      .catch((error: unknown) => {
        this.#parts.log.warn('heartbeat failed', { error: thrownText(error) });
        this.#waitMs = this.#leaseMs / 20;
        this.#again = false;
      })
      .finally(() => {
        this.#beating = null;
        this.#schedule();
      });
  }

  async #renew(): Promise<void> {
    const { clock, store, replicaId } = this.#parts;
    const sentAtMs = clock.nowMs();
    const renewal = await store.renew({ replicaId, leaseMs: this.#leaseMs });
    const deadlineMs = sentAtMs + (this.#leaseMs * 2) / 3;
    this.#awaitDeadline(deadlineMs);
    if (renewal.liveReplicas !== this.#liveReplicas) {
      this.#liveReplicas = renewal.liveReplicas;
      this.#parts.calls.setShare(renewal.liveReplicas);
    }
    this.#waitMs = this.#waitAfter(renewal);
    await this.#take(renewal);
    if (clock.nowMs() <= deadlineMs) this.#events.suspend(false);
    await this.#giveBack(renewal.surplus);
  }

  #awaitDeadline(deadlineMs: number): void {
    const { clock, log } = this.#parts;
    this.#cancelDeadline?.();
    const leftMs = Math.max(deadlineMs - clock.nowMs(), 0);
    this.#cancelDeadline = clock.setTimer(leftMs, () => {
      log.warn('no heartbeat for two thirds of the lease: nothing new begins', {});
      this.#events.suspend(true);
    });
  }

  /** Short of its share, or beside an owner that seems dead: the sooner it looks again, the better. */
  #waitAfter({ shards, liveReplicas, nextEndInMs }: Renewal): number {
    const isShort = shards.length < Math.floor(shardCount / liveReplicas);
    const waitMs = this.#leaseMs / (isShort ? 20 : 6);
    return nextEndInMs === null ? waitMs : Math.min(waitMs, nextEndInMs + 1);
  }

  async #take(renewal: Renewal): Promise<void> {
    const { shards, log } = this.#parts;
    const { gained, lost } = shards.update(renewal.shards);
    if (lost.length > 0) log.warn('shards lost', { shards: lost });
    // Of new ones too: a look that was under way when they were lost may have brought in their runs
    // and timers again, and their turns were fenced.
    this.#drop([...lost, ...gained]);
    if (gained.length > 0) log.info('shards taken', { shards: gained.length });
    // Those of an earlier heartbeat are among them when taking up their runs has failed.
    const arriving = shards.arriving();
    if (arriving.length > 0) await this.#events.gained(arriving);
  }

  async #giveBack(surplus: readonly number[]): Promise<void> {
    const { runQueue, clock, shards, store, replicaId, log } = this.#parts;
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
    const { runQueue, calls, tasks, timers } = this.#parts;
    const shards = new Set(gone);
    const isGone = (shard: number): boolean => shards.has(shard);
    // What waits far back in a line has no entry: its run is only its row here.
    const runIds = new Set([
      ...runQueue.entriesOf(isGone).map(({ address }) => address.runId),
      ...calls.runs.runsOf(isGone),
      ...tasks.runsOf(isGone),
    ]);
    for (const runId of runIds) this.#events.dropRun(runId);
    timers.forget(isGone);
  }
}
