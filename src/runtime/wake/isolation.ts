/**
 * What was in a batch that failed for a reason which is nobody's own: runs, arrivals, the slots of
 * calls. Each is tried apart from the others, in halves, so that whatever the error is not about goes
 * on, and what meets it alone is known.
 *
 * Owns who is suspected, and when each is tried. Leaves to `failed-batches.ts` what a try means.
 *
 * 1. One try is under way at a time. Between two that failed there is a pause that grows, so an error
 *    that meets all of a replica's runs costs the database a few statements a second.
 * 2. A run that met the error alone is tried again with pauses of its own that double up to
 *    `pauseMsMax`, for ever.
 * 3. Arrivals are tried in their order. When none was accepted for `arrivalMsMax`, they are answered
 *    with the error: somebody waits.
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

/** Between two tries that failed. */
const paceMs = { first: 20, max: 100, growth: 1.2 } as const;
/** Of one run, and of the slots, which many runs wait for. */
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
    /** Something may be tried now. */
    readonly onDue: () => void;
  }) {
    this.#clock = options.clock;
    this.#ids = options.ids;
    this.#onDue = options.onDue;
  }

  get isEmpty(): boolean {
    return this.#heap.size === 0 && !this.#isTrying;
  }

  /** Slots are tried apart: no other batch writes any meanwhile. */
  get holdsCalls(): boolean {
    return this.#holdsCalls;
  }

  get isDue(): boolean {
    return !this.#isTrying && !this.#closed && this.#dueAtMs() <= this.#clock.nowMs();
  }

  /** Runs that were in one batch: tried as they are here, as soon as the pace allows. */
  suspect(entries: readonly Entry[]): void {
    if (entries.length > 0) this.#wait(entries, 0);
  }

  /** A run that has met the error alone so many times in a row. */
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

  /** The first arrivals have been tried: these, if any, are to be tried in their place. */
  arrivalsTried(parts: readonly ArrivalBatch[]): void {
    this.#arrivals.unshift(...parts);
    if (this.#arrivals.length > 0) this.#wait('arrivals', 0);
  }

  /** Some were accepted. */
  arrivalsWentOn(): void {
    this.#arrivalsUntilMs = Number.POSITIVE_INFINITY;
  }

  /** Null while there is time; then all that are to be answered with the error, tried or not. */
  lateArrivals(): readonly ArrivalBatch[] | null {
    return this.#clock.nowMs() < this.#arrivalsUntilMs ? null : this.#arrivals.splice(0);
  }

  /** How often in a row the slots have failed alone, this time included when `alone`. */
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

  /** What is tried now; `tried` must follow. Null when nothing is due. */
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

  /** A person wants something of this run: its next try does not wait out its pause. */
  hurry(entry: Entry): void {
    const waiting = this.#alone.get(entry);
    if (waiting === undefined || waiting.heapIndex < 0) return;
    this.#heap.remove(waiting);
    this.#alone.set(entry, this.#wait([entry], 0));
  }

  /** A run that was stalled has gone on: what the others have met may be over as well. */
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

  /** Nothing is tried any more, and what waits for an answer gets one. */
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

  /** Half of it at least, so that a pause is one, and runs that met an error together come apart. */
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
