/**
 * Holds what was in a batch that failed through no fault of its own: runs, arrivals, the slots of calls.
 * They are tried apart, in halves. So everything that the error is not about goes on, and the one part
 * that meets the error alone becomes known.
 *
 * Owns what is suspected, and when each part is tried. Leaves to `failed-batches.ts` what a try's
 * outcome means.
 *
 * 1. One try is under way at a time. Between two tries that failed there is a pause that grows, so an
 *    error that meets all of a replica's runs costs the database a few statements a second.
 * 2. A run that met the error alone is tried again with pauses of its own that double up to
 *    `pauseMs.max`, for ever.
 * 3. Arrivals are tried in their order. When none was accepted for `arrivalMsMax`, they are answered
 *    with the error, because their callers wait.
 */
import { heddleError } from '../../domain/errors.ts';
import { IndexedHeap, type HeapMember } from '../../queue/indexed-heap.ts';
import type { ArrivalBatch } from './arrivals.ts';
import type { Clock, Ids } from '../ports.ts';
import type { Entry } from './run-queue.ts';

export type Suspects =
  | { readonly kind: 'runs'; readonly entries: readonly Entry[] }
  | { readonly kind: 'arrivals'; readonly arrived: ArrivalBatch }
  /** Slots, gates and charges, which belong to no turn. */
  | { readonly kind: 'calls' };

type Waiting = HeapMember & {
  readonly what: 'arrivals' | 'calls' | readonly Entry[];
  readonly dueAtMs: number;
  readonly place: number;
};

/** The pause between two tries that failed. */
const paceMs = { first: 20, max: 100, growth: 1.2 } as const;
/**
 * The pauses of a run that met the error alone; `callsMax` bounds those of the slots, for which many
 * runs wait.
 */
const pauseMs = { first: 200, max: 60_000, callsMax: 5_000 } as const;
const arrivalMsMax = 5_000;

export class Isolation {
  readonly #clock: Clock;
  readonly #ids: Pick<Ids, 'random'>;
  readonly #onDue: () => void;
  #heap = inOrder();
  readonly #alone = new Map<Entry, Waiting>();
  #arrivals: ArrivalBatch[] = [];
  #arrivalsUntilMs = Number.POSITIVE_INFINITY;
  #callFaults = 0;
  #holdsCalls = false;
  #isTrying = false;
  #paceMs: number = paceMs.first;
  #notBeforeMs = 0;
  #places = 0;
  #cancel: (() => void) | null = null;
  #closed = false;

  constructor(options: {
    readonly clock: Clock;
    readonly ids: Pick<Ids, 'random'>;
    /** Called when a try is due. */
    readonly onDue: () => void;
  }) {
    this.#clock = options.clock;
    this.#ids = options.ids;
    this.#onDue = options.onDue;
  }

  get isEmpty(): boolean {
    return this.#heap.size === 0 && !this.#isTrying;
  }

  /** True while slots are tried apart: no other batch writes slots meanwhile. */
  get holdsCalls(): boolean {
    return this.#holdsCalls;
  }

  get isDue(): boolean {
    return !this.#isTrying && !this.#closed && this.#dueAtMs() <= this.#clock.nowMs();
  }

  /** Runs that were in one batch: they are tried together, as soon as the pace allows. */
  suspect(entries: readonly Entry[]): void {
    if (entries.length > 0) this.#wait(entries, 0);
  }

  /** A run that has met an error alone, `faults` times in a row. */
  stalled(entry: Entry, faults: number): void {
    this.#alone.set(entry, this.#wait([entry], this.#pauseAfter(faults, pauseMs.max)));
  }

  suspectArrivals(parts: readonly ArrivalBatch[]): void {
    if (parts.length === 0) return;
    if (this.#arrivalsUntilMs === Number.POSITIVE_INFINITY) {
      this.#arrivalsUntilMs = this.#clock.nowMs() + arrivalMsMax;
    }
    if (this.#arrivals.length === 0) this.#wait('arrivals', 0);
    this.#arrivals.push(...parts);
  }

  /** The first arrivals have been tried; `parts`, if there are any, are tried next in their place. */
  arrivalsTried(parts: readonly ArrivalBatch[]): void {
    this.#arrivals.unshift(...parts);
    if (this.#arrivals.length > 0) this.#wait('arrivals', 0);
  }

  /** Some arrivals were accepted: the deadline of `arrivalMsMax` is lifted. */
  arrivalsWentOn(): void {
    this.#arrivalsUntilMs = Number.POSITIVE_INFINITY;
  }

  /**
   * Null before the deadline. After it, takes all arrivals that wait, tried or not: they are to be
   * answered with the error.
   */
  lateArrivals(): readonly ArrivalBatch[] | null {
    return this.#clock.nowMs() < this.#arrivalsUntilMs ? null : this.#arrivals.splice(0);
  }

  /**
   * Has the slots tried apart. Gives how often in a row they have failed alone, this time included when
   * `alone`.
   */
  suspectCalls(alone: boolean): number {
    if (this.#holdsCalls && !alone) return this.#callFaults;
    if (alone) this.#callFaults += 1;
    this.#holdsCalls = true;
    const { callsMax } = pauseMs;
    this.#wait('calls', alone ? this.#pauseAfter(this.#callFaults, callsMax) : 0);
    return this.#callFaults;
  }

  callsWentOn(): void {
    this.#holdsCalls = false;
    this.#callFaults = 0;
  }

  /** Takes what is to be tried now; `tried` must be called afterwards. Null when nothing is due. */
  take(): Suspects | null {
    if (!this.isDue) return null;
    const first = this.#heap.first();
    if (first === undefined) return null;
    this.#heap.remove(first);
    this.#isTrying = true;
    const { what } = first;
    if (what === 'calls') return { kind: 'calls' };
    if (what === 'arrivals') {
      const arrived = this.#arrivals.shift();
      return arrived === undefined ? { kind: 'runs', entries: [] } : { kind: 'arrivals', arrived };
    }
    for (const entry of what) this.#alone.delete(entry);
    return { kind: 'runs', entries: what };
  }

  tried(wentOn: boolean): void {
    this.#isTrying = false;
    if (wentOn) {
      this.#paceMs = paceMs.first;
      this.#notBeforeMs = 0;
    } else {
      this.#notBeforeMs = this.#clock.nowMs() + this.#jittered(this.#paceMs);
      this.#paceMs = Math.min(this.#paceMs * paceMs.growth, paceMs.max);
    }
    this.#arm();
  }

  /** A command has come for this run: it is tried without waiting for the end of its pause. */
  hurry(entry: Entry): void {
    const waiting = this.#alone.get(entry);
    if (waiting === undefined || waiting.heapIndex < 0) return;
    this.#heap.remove(waiting);
    this.#alone.set(entry, this.#wait([entry], 0));
  }

  /**
   * A stalled run has gone on, so the errors of the others may be over as well: they are all due now.
   */
  ease(): void {
    const nowMs = this.#clock.nowMs();
    const heap = this.#heap;
    this.#heap = inOrder();
    for (let first = heap.first(); first !== undefined; first = heap.first()) {
      heap.remove(first);
      const eased = { ...first, dueAtMs: Math.min(first.dueAtMs, nowMs), heapIndex: -1 };
      this.#heap.push(eased);
      const [entry] = typeof eased.what === 'string' ? [] : eased.what;
      if (entry !== undefined && this.#alone.has(entry)) this.#alone.set(entry, eased);
    }
    this.#arm();
  }

  /** Tries nothing any more, and answers the arrivals that wait with `closed`. */
  close(): void {
    this.#closed = true;
    this.#cancel?.();
    for (const arrived of this.#arrivals.splice(0)) arrived.fail(heddleError('closed'));
  }

  #wait(what: Waiting['what'], afterMs: number): Waiting {
    this.#places += 1;
    const dueAtMs = this.#clock.nowMs() + afterMs;
    const waiting: Waiting = { what, dueAtMs, place: this.#places, heapIndex: -1 };
    this.#heap.push(waiting);
    this.#arm();
    return waiting;
  }

  #pauseAfter(faults: number, max: number): number {
    return this.#jittered(Math.min(pauseMs.first * 2 ** Math.min(faults - 1, 20), max));
  }

  /**
   * At least half of `ms`, so that there is a pause; the rest is by chance, so that runs which met an
   * error at the same time are not tried again at the same time.
   */
  #jittered(ms: number): number {
    return ms * (0.5 + this.#ids.random() / 2);
  }

  #dueAtMs(): number {
    const first = this.#heap.first();
    return first === undefined
      ? Number.POSITIVE_INFINITY
      : Math.max(first.dueAtMs, this.#notBeforeMs);
  }

  #arm(): void {
    this.#cancel?.();
    this.#cancel = null;
    const dueAtMs = this.#dueAtMs();
    if (this.#closed || this.#isTrying || dueAtMs === Number.POSITIVE_INFINITY) return;
    const leftMs = Math.max(dueAtMs - this.#clock.nowMs(), 0);
    this.#cancel = this.#clock.setTimer(leftMs, () => {
      this.#cancel = null;
      // A timer may ring a little early.
      if (this.isDue) this.#onDue();
      else this.#arm();
    });
  }
}

function inOrder(): IndexedHeap<Waiting> {
  return new IndexedHeap<Waiting>((a, b) =>
    a.dueAtMs === b.dueAtMs ? a.place < b.place : a.dueAtMs < b.dueAtMs,
  );
}
