/**
 * Timers are rows with an absolute deadline by the database's clock (promise 4). This keeps, in
 * memory, the ones that are due soonest, and rings them.
 *
 * Owns nothing durable: what it forgets it finds again by looking at the rows. Leaves to the
 * committer the deletion of a row, in the turn that took the timer, and to work-scan.ts the next look.
 *
 * 1. Every timer that is due before `#completeUntilMs` is in memory, or rang; before that instant
 *    comes, the rows are looked at again. So whatever the order in which timers were set, a short one
 *    never waits behind long ones.
 * 2. Timers of a run ring in the order of their deadlines, also after a time in which nothing rang; of
 *    one deadline in the order in which they were set, as live ones do.
 * 3. At most twice `inMemoryMax` timers wait in memory: of more, those that are due last are dropped
 *    to `inMemoryMax`, and stay rows.
 * 4. A timer that rang is not read again until its turn is over: `settled` says so. Those that rang
 *    take no room of those that wait; beyond `rangMax` no rows are read until turns have been taken.
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
  /** How many timers may have rung whose turns are not over. */
  readonly rangMax: number;
};

export const defaultTimerSettings: TimerSettings = {
  horizonMs: 30_000,
  inMemoryMax: 10_000,
  rangMax: 100_000,
};

/** So much earlier than needed the rows are looked at: a look takes its time. */
const leadMs = 1_000;
/** Between two looks at least; the more have rung, the longer, for their rows are read as well. */
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
  /** Rows that were not dropped before are to be looked at by then. */
  readonly lookBy = new Signal<[atMs: number]>();
  #completeUntilMs = Number.NEGATIVE_INFINITY;
  /** The first of those that were dropped since the last look began. */
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

  /** Reads the rows that are due soonest; gives in how many milliseconds to do so again. */
  async look(store: Pick<Store, 'timers'>, shards: readonly number[]): Promise<number> {
    const { horizonMs, inMemoryMax, rangMax } = this.#settings;
    if (shards.length === 0) return horizonMs / 2;
    const rang = this.#known.size - this.#heap.size;
    const pauseMs = gapMs * (1 + rang / inMemoryMax);
    if (rang >= rangMax) return pauseMs;
    const beganAtMs = this.#clock.nowMs();
    this.#droppedFromMs = Number.POSITIVE_INFINITY;
    // The rows of those that rang are the first of all.
    const limit = inMemoryMax + rang;
    const rows = await store.timers({ shards, horizonMs, limit });
    const before = this.#known.size;
    const nowMs = this.#clock.nowMs();
    for (const row of rows) this.#add(row, nowMs);
    const isAll = rows.length < limit;
    const readUntilMs = isAll ? beganAtMs + horizonMs : nowMs + (rows.at(-1)?.dueInMs ?? 0);
    this.#completeUntilMs = Math.min(readUntilMs, this.#droppedFromMs);
    if (isAll && this.#completeUntilMs === readUntilMs) return horizonMs / 2;
    // Where all were known, another look would find the same until some of them have rung.
    const earlierMs = this.#known.size > before ? leadMs : 0;
    const inMs = this.#completeUntilMs - nowMs - earlierMs;
    return Math.min(horizonMs / 2, Math.max(inMs, pauseMs));
  }

  /** A turn has committed this timer. One that is due later stays a row. */
  set(address: RunAddress, timer: { timerId: string; generation: number; delayMs: number }): void {
    this.settled(address, timer.timerId);
    if (timer.delayMs > this.#settings.horizonMs) return;
    const { timerId, generation, delayMs } = timer;
    const row = { ...address, timerId, generation, dueInMs: delayMs };
    this.#add(row, this.#clock.nowMs());
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
      // It stays known, so that a look at the rows does not ring it twice.
      this.#ring(due.address, due.timerId, due.generation);
    }
    this.#arm();
  }
}

/** Generations count up within a run, and say nothing across runs. */
function ringsBefore(a: Soon, b: Soon): boolean {
  return a.dueAtMs < b.dueAtMs || (a.dueAtMs === b.dueAtMs && a.generation < b.generation);
}

function keyOf(address: RunAddress, timerId: string): string {
  return `${address.runId}/${timerId}`;
}
