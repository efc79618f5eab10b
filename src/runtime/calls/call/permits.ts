/**
 * Permits: how many task attempts and provider calls are out together on this replica.
 *
 * Owns the permits of tasks, the line of attempts that want one, and whose turn it is when calls want
 * one too. The pool decides which call goes next; each call in one of its slots counts as one permit.
 *
 * 1. A permit belongs to a task attempt that runs, or to a call that is in a slot: never to a run, and
 *    never to work that waits (promise 7). So turns need no permit, and with any cap of at least one,
 *    work in any order of arrival comes to its end.
 * 2. At most `permitsMax` are taken, also after a takeover: attempts that go on then stand in line too.
 * 3. While calls and attempts both wait they take turns, so that neither line starves the other.
 * 4. An attempt that has lent its permit gets one back before any attempt in line gets one.
 * 5. An attempt in line costs only its place; the state of its run is read again when its turn comes.
 */
import type { CapacitySettings } from '../../../domain/capacity-settings.ts';
import { FairLine } from '../../../queue/fair-line.ts';
import { FairItem } from '../../../queue/fair-place.ts';

/** An attempt that wants a permit. It carries its place in the line itself. */
export abstract class PermitSeeker extends FairItem {
  /** The attempt stood in line, and has its permit now. */
  abstract go(): void;
}

/** The calls that are out: each of them has a permit. */
type CallsOut = { readonly inFlight: number };

export class Permits {
  readonly #max: number;
  #calls: CallsOut = { inFlight: 0 };
  readonly #onCallsMayGo: () => void;
  readonly #line: FairLine<PermitSeeker>;
  #arrivals = 0;
  readonly #returning = new Set<() => void>();
  /** Permits of attempts that run or are about to run. */
  #tasks = 0;
  /** At the last grant, slots were free for calls and permits were not. */
  #callsWait = false;
  /** How many permits attempts were given while calls waited: calls get as many next. */
  #owedToCalls = 0;

  constructor(options: {
    readonly max: number;
    /** A permit is free for calls that wait for one. */
    readonly onCallsMayGo: () => void;
    readonly capacity: CapacitySettings;
  }) {
    this.#line = new FairLine(options.capacity.fairness);
    this.#max = options.max;
    this.#onCallsMayGo = options.onCallsMayGo;
  }

  /** From here on the calls of this pool count as permits. */
  serve(calls: CallsOut): void {
    this.#calls = calls;
  }

  get inUse(): number {
    return this.#tasks + this.#calls.inFlight;
  }

  /** Attempts that wait for a permit. */
  get lineLength(): number {
    return this.#line.size;
  }

  isInLine(attempt: PermitSeeker): boolean {
    return attempt.account !== null;
  }

  /** True: the attempt has its permit. False: it stands in line, and `go` is called with its permit. */
  take(attempt: PermitSeeker): boolean {
    if (this.isInLine(attempt)) return false;
    if (this.#line.size === 0 && this.#freeForTasks > 0) {
      this.#takeOne();
      return true;
    }
    attempt.order = this.#arrivals += 1;
    this.#line.push(attempt);
    return false;
  }

  /** False when the attempt did not stand in line. */
  leave(attempt: PermitSeeker): boolean {
    return this.#line.remove(attempt);
  }

  /** An attempt is over, or lends its permit. */
  give(): void {
    this.#tasks -= 1;
    this.freed();
  }

  /** An attempt wants back the permit that it has lent. Returns a way to call this off before `got` is called. */
  takeBack(got: () => void): () => void {
    if (this.#returning.size === 0 && this.#free > 0) {
      this.#tasks += 1;
      got();
      return () => undefined;
    }
    this.#returning.add(got);
    return () => this.#returning.delete(got);
  }

  /** How many calls may be put into slots now. */
  get freeForCalls(): number {
    return Math.max(this.#free, 0);
  }

  /** `count` calls were put into slots; `more`: for others a slot is free and no permit. */
  callsWent(count: number, more: boolean): void {
    const waited = this.#callsWait;
    this.#callsWait = more;
    this.#owedToCalls = more ? Math.max(this.#owedToCalls - count, 0) : 0;
    // No call wants the permits that were held back for calls.
    if (waited && !more) this.freed();
  }

  /** A permit may be free: an attempt or a call is over. */
  freed(): void {
    for (const got of this.#returning) {
      if (this.#free <= 0) return;
      this.#returning.delete(got);
      this.#tasks += 1;
      got();
    }
    while (this.#line.size > 0 && this.#freeForTasks > 0) {
      const next = this.#line.pop();
      if (next === undefined) break;
      this.#takeOne();
      next.go();
    }
    if (this.#callsWait && this.#free > 0) this.#onCallsMayGo();
  }

  get #free(): number {
    return this.#max - this.inUse;
  }

  get #freeForTasks(): number {
    return this.#free - this.#owedToCalls;
  }

  #takeOne(): void {
    this.#tasks += 1;
    if (this.#callsWait) this.#owedToCalls += 1;
  }
}
