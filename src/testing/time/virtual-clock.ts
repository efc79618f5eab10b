/**
 * Virtual time: a clock that stands still until a test moves it. It never waits for real time to
 * pass: all consequences of an instant happen before the next instant begins.
 *
 * It owns the timers and the order in which they ring: by their instants, then in the order in
 * which they were set. test-world.ts knows the other work that may be under way.
 *
 * Node's own functions come from `node:timers`, so that the fake timers of a test runner do not
 * replace them.
 */
import { setImmediate } from 'node:timers';
import type { Clock } from '../../runtime/ports.ts';

type Timer = { readonly atMs: number; readonly ring: () => void };

const immediate = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * After so many rounds of the event loop in one instant, the work is taken to go round for ever: after the
 * first number if the caller has waited for too long.
 */
const rounds = { late: 5_000, max: 100_000 } as const;

export class VirtualClock implements Clock {
  #nowMs: number;
  readonly #timers = new Set<Timer>();
  #moves = 0;

  constructor(nowMs = 1_000_000) {
    this.#nowMs = nowMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  /** Grows whenever work begins: while it does not change, no work goes on. */
  get moves(): number {
    return this.#moves;
  }

  /** The instant of the next timer; null when there is none. */
  get nextMs(): number | null {
    return this.#first()?.atMs ?? null;
  }

  setTimer(delayMs: number, ring: () => void): () => void {
    this.#moves += 1;
    return this.setWatch(delayMs, ring);
  }

  /** As `setTimer`, for a timer that only looks: it does not count as activity. */
  setWatch(delayMs: number, ring: () => void): () => void {
    const timer = { atMs: this.#nowMs + Math.max(delayMs, 0), ring };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  soon(run: () => void): void {
    this.#moves += 1;
    setImmediate(run);
  }

  /**
   * Resolves with true when nothing more happens unless time moves; with false when this state is
   * not reached.
   */
  async idle(isLate: () => boolean = () => false): Promise<boolean> {
    for (let count = 0; count < rounds.max; count++) {
      if (count >= rounds.late && isLate()) return false;
      const before = this.#moves;
      for (let i = 0; i < 4; i++) await immediate();
      if (this.#moves === before) return true;
    }
    return false;
  }

  /** Moves on to the next timer that is due by `untilMs` and rings it; false when none is due. */
  ringNext(untilMs: number): boolean {
    const next = this.#first();
    if (next === undefined || next.atMs > untilMs) return false;
    this.#timers.delete(next);
    this.#moves += 1;
    this.#nowMs = Math.max(this.#nowMs, next.atMs);
    next.ring();
    return true;
  }

  /** Moves on to this instant; no timer may be due before it. */
  moveTo(nowMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, nowMs);
  }

  /** Moves on by `ms` and rings every timer that is due on the way. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    do await this.idle();
    while (this.ringNext(untilMs));
    this.moveTo(untilMs);
    await this.idle();
  }

  #first(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers)
      if (first === undefined || timer.atMs < first.atMs) first = timer;
    return first;
  }
}
