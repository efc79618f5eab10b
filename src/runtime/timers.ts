/**
 * Timers are rows with an absolute deadline by the database's clock (promise 4). This keeps, in
 * memory, the ones that are due soon, and rings them.
 *
 * Owns nothing durable: what it forgets it finds again by looking at the rows. Leaves to the
 * committer the deletion of a row, in the turn that took the timer.
 *
 * 1. At most `inMemoryMax` timers are in memory; the others wait as rows.
 * 2. A timer that rang is not read again until its turn is over: `settled` says so.
 */
import type { Store } from '../store/port.ts';
import type { RunAddress, TimerRow } from '../store/rows.ts';
import { IndexedHeap, type HeapMember } from '../providers/indexed-heap.ts';
import type { Clock } from './ports.ts';

export type TimerSettings = {
  /** Rows that are due within this time are held in memory. */
  readonly horizonMs: number;
  readonly inMemoryMax: number;
};

export const defaultTimerSettings: TimerSettings = { horizonMs: 30_000, inMemoryMax: 10_000 };

type Soon = HeapMember & {
  readonly key: string;
  readonly address: RunAddress;
  readonly timerId: string;
  readonly generation: number;
  readonly dueAtMs: number;
};

export class Timers {
  readonly #clock: Clock;
  readonly #settings: TimerSettings;
  readonly #ring: (address: RunAddress, timerId: string, generation: number) => void;
  readonly #heap = new IndexedHeap<Soon>((a, b) => a.dueAtMs < b.dueAtMs);
  readonly #known = new Map<string, Soon>();
  #cancelAlarm: (() => void) | null = null;
  #alarmAtMs = Number.POSITIVE_INFINITY;

  constructor(options: {
    readonly clock: Clock;
    readonly settings: TimerSettings;
    readonly ring: (address: RunAddress, timerId: string, generation: number) => void;
  }) {
    this.#clock = options.clock;
    this.#settings = options.settings;
    this.#ring = options.ring;
  }

  get size(): number {
    return this.#known.size;
  }

  /** Reads the rows that are due soon; gives when to read again. Bounded pages. */
  async look(store: Store, shards: readonly number[]): Promise<number> {
    const { horizonMs, inMemoryMax } = this.#settings;
    if (shards.length === 0) return horizonMs / 2;
    const limit = inMemoryMax;
    const rows = await store.timers({ shards, horizonMs, limit });
    for (const row of rows) this.#add(row);
    if (rows.length < limit) return horizonMs / 2;
    // There are more than fit: look again when the last of these is due.
    return Math.min(horizonMs / 2, Math.max(rows.at(-1)?.dueInMs ?? 0, 100));
  }

  /** A turn has committed this timer. One that is due later stays a row. */
  set(address: RunAddress, timer: { timerId: string; generation: number; delayMs: number }): void {
    this.settled(address, timer.timerId);
    if (timer.delayMs > this.#settings.horizonMs) return;
    const { timerId, generation, delayMs } = timer;
    this.#add({ ...address, timerId, generation, dueInMs: delayMs });
  }

  /** The row is gone, or will be read anew if it is not. */
  settled(address: RunAddress, timerId: string): void {
    const key = keyOf(address, timerId);
    const known = this.#known.get(key);
    if (known === undefined) return;
    this.#known.delete(key);
    if (known.heapIndex >= 0) this.#heap.remove(known);
  }

  /** The timer that rang has had its turn; one that was set anew under its id stays. */
  settledIfStill(address: RunAddress, rang: { timerId: string; generation: number }): void {
    const known = this.#known.get(keyOf(address, rang.timerId));
    if (known?.generation === rang.generation) this.settled(address, rang.timerId);
  }

  /** Another replica owns these runs now. */
  forget(isGone: (shard: number) => boolean): void {
    for (const soon of this.#known.values()) {
      if (isGone(soon.address.shard)) this.settled(soon.address, soon.timerId);
    }
  }

  close(): void {
    this.#cancelAlarm?.();
    this.#cancelAlarm = null;
    this.#known.clear();
  }

  #add(row: TimerRow): void {
    if (this.#known.size >= this.#settings.inMemoryMax) return;
    const key = keyOf(row, row.timerId);
    if (this.#known.has(key)) return;
    const { tenant, runId, shard, timerId, generation } = row;
    const soon: Soon = {
      key,
      address: { tenant, runId, shard },
      timerId,
      generation,
      dueAtMs: this.#clock.nowMs() + Math.max(row.dueInMs, 0),
      heapIndex: -1,
    };
    this.#known.set(key, soon);
    this.#heap.push(soon);
    this.#arm();
  }

  #arm(): void {
    const first = this.#heap.first();
    if (first === undefined || first.dueAtMs >= this.#alarmAtMs) return;
    this.#cancelAlarm?.();
    this.#alarmAtMs = first.dueAtMs;
    const waitMs = Math.max(first.dueAtMs - this.#clock.nowMs(), 0);
    this.#cancelAlarm = this.#clock.setTimer(waitMs, () => this.#ringDue());
  }

  #ringDue(): void {
    this.#cancelAlarm = null;
    this.#alarmAtMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#clock.nowMs();
    for (let due = this.#heap.first(); due && due.dueAtMs <= nowMs; due = this.#heap.first()) {
      this.#heap.remove(due);
      // It stays known, so that a look at the rows does not ring it twice.
      this.#ring(due.address, due.timerId, due.generation);
    }
    this.#arm();
  }
}

function keyOf(address: RunAddress, timerId: string): string {
  return `${address.runId}/${timerId}`;
}
