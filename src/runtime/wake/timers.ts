/**
 * Timers are rows with an absolute deadline by the database's clock (promise 4). This part keeps the
 * timers that are due soonest in memory, and rings them.
 *
 * Owns nothing durable: a timer that it forgets is found again in the rows. Leaves to the commit of the
 * turn that took a timer the deletion of its row, and to `work-scan.ts` the next look.
 *
 * 1. Every timer that is due before `#completeUntilMs` is in memory, or rang; before that instant comes,
 *    the rows are looked at again. So in whatever order timers were set, a short one never waits behind
 *    long ones.
 * 2. Timers of a run ring in the order of their deadlines, also after a time in which none rang. Timers
 *    of one deadline ring in the order in which they were set, as live ones do.
 * 3. At most twice `inMemoryMax` timers wait in memory. When there are more, those that are due last are
 *    dropped until `inMemoryMax` are left; they stay rows.
 * 4. A timer that rang is not read again until its turn is over: `settled` says so. Timers that rang
 *    take no room from those that wait; beyond `rangMax` of them no rows are read until turns have been
 *    taken.
 */
import { Signal } from '../signal.ts';
import type { Store } from '../../store/port.ts';
import type { RunAddress, TimerRow } from '../../store/rows.ts';
import { IndexedHeap, type HeapMember } from '../../queue/indexed-heap.ts';
import type { Clock } from '../ports.ts';

export type TimerSettings = {
  /** Rows that are due within this time are held in memory. */
  readonly horizonMs: number;
  readonly inMemoryMax: number;
  /** How many timers may have rung before their turns are over. */
  readonly rangMax: number;
};

export const defaultTimerSettings: TimerSettings = {
  horizonMs: 30_000,
  inMemoryMax: 10_000,
  rangMax: 100_000,
};

/** The rows are looked at this much earlier than needed, because a look takes time. */
const leadMs = 1_000;
/**
 * The least time between two looks. It grows with the timers that have rung, because their rows are read
 * too.
 */
const gapMs = 100;

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
  readonly #heap = new IndexedHeap<Soon>(ringsBefore);
  readonly #known = new Map<string, Soon>();
  /**
   * Tells by when the rows must be looked at, after timers were dropped that will be due before the next
   * look.
   */
  readonly lookBy = new Signal<[atMs: number]>();
  #completeUntilMs = Number.NEGATIVE_INFINITY;
  /** The earliest deadline among the timers that were dropped since the last look began. */
  #droppedFromMs = Number.POSITIVE_INFINITY;
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

  /** Reads the rows that are due soonest; gives in how many milliseconds to look again. */
  async look(store: Pick<Store, 'timers'>, shards: readonly number[]): Promise<number> {
    const { horizonMs, inMemoryMax, rangMax } = this.#settings;
    if (shards.length === 0) return horizonMs / 2;
    const rang = this.#known.size - this.#heap.size;
    const pauseMs = gapMs * (1 + rang / inMemoryMax);
    if (rang >= rangMax) return pauseMs;
    const beganAtMs = this.#clock.nowMs();
    this.#droppedFromMs = Number.POSITIVE_INFINITY;
    // The rows of timers that rang are due first, so they come first in the answer.
    const limit = inMemoryMax + rang;
    const rows = await store.timers({ shards, horizonMs, limit });
    const before = this.#known.size;
    const nowMs = this.#clock.nowMs();
    for (const row of rows) this.#add(row, nowMs);
    const isAll = rows.length < limit;
    const readUntilMs = isAll ? beganAtMs + horizonMs : nowMs + (rows.at(-1)?.dueInMs ?? 0);
    this.#completeUntilMs = Math.min(readUntilMs, this.#droppedFromMs);
    if (isAll && this.#completeUntilMs === readUntilMs) return horizonMs / 2;
    // When all rows were known, an earlier look would find the same ones, until some of them have rung.
    const earlierMs = this.#known.size > before ? leadMs : 0;
    const inMs = this.#completeUntilMs - nowMs - earlierMs;
    return Math.min(horizonMs / 2, Math.max(inMs, pauseMs));
  }

  /** A turn has committed this timer. One that is due after `horizonMs` stays a row. */
  set(address: RunAddress, timer: { timerId: string; generation: number; delayMs: number }): void {
    this.settled(address, timer.timerId);
    if (timer.delayMs > this.#settings.horizonMs) return;
    const { timerId, generation, delayMs } = timer;
    const row = { ...address, timerId, generation, dueInMs: delayMs };
    this.#add(row, this.#clock.nowMs());
  }

  /** Forgets the timer: its row is gone, or will be read again. */
  settled(address: RunAddress, timerId: string): void {
    const key = keyOf(address, timerId);
    const known = this.#known.get(key);
    if (known === undefined) return;
    this.#known.delete(key);
    if (known.heapIndex >= 0) this.#heap.remove(known);
  }

  /** The timer that rang has had its turn. A timer that was set anew under the same id stays. */
  settledIfStill(address: RunAddress, rang: { timerId: string; generation: number }): void {
    const known = this.#known.get(keyOf(address, rang.timerId));
    if (known?.generation === rang.generation) this.settled(address, rang.timerId);
  }

  /** Forgets the timers of these shards: another replica owns their runs now. */
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

  #add(row: TimerRow, nowMs: number): void {
    const key = keyOf(row, row.timerId);
    if (this.#known.has(key)) return;
    const { tenant, runId, shard, timerId, generation } = row;
    const soon: Soon = {
      key,
      address: { tenant, runId, shard },
      timerId,
      generation,
      dueAtMs: nowMs + row.dueInMs,
      heapIndex: -1,
    };
    this.#known.set(key, soon);
    this.#heap.push(soon);
    if (this.#heap.size > 2 * this.#settings.inMemoryMax) this.#dropLast();
    this.#arm();
  }

  #dropLast(): void {
    const waiting = [...this.#known.values()].filter(({ heapIndex }) => heapIndex >= 0);
    waiting.sort((a, b) => a.dueAtMs - b.dueAtMs);
    const dropped = waiting.slice(this.#settings.inMemoryMax);
    for (const soon of dropped) {
      this.#known.delete(soon.key);
      this.#heap.remove(soon);
    }
    const fromMs = dropped[0]?.dueAtMs ?? Number.POSITIVE_INFINITY;
    this.#droppedFromMs = Math.min(this.#droppedFromMs, fromMs);
    if (fromMs >= this.#completeUntilMs) return;
    this.#completeUntilMs = fromMs;
    this.lookBy.tell(fromMs - leadMs);
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
      // The timer stays known, so that a look at the rows does not ring it twice.
      this.#ring(due.address, due.timerId, due.generation);
    }
    this.#arm();
  }
}

/**
 * At one deadline the lower generation rings first. Generations count up within a run; those of two runs
 * say nothing about each other.
 */
function ringsBefore(a: Soon, b: Soon): boolean {
  return a.dueAtMs < b.dueAtMs || (a.dueAtMs === b.dueAtMs && a.generation < b.generation);
}

function keyOf(address: RunAddress, timerId: string): string {
  return `${address.runId}/${timerId}`;
}
