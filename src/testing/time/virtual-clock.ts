/**
 * Virtual time: a clock that stands still until a test moves it. Nothing here waits for real time:
 * whatever follows from an instant is done before the next one begins.
 *
 * It owns the timers and the order in which they ring: by their instants, then as they were set. It
 * leaves to test-world.ts what else may be under way.
 *
 * Timers of Node are taken from `node:timers`, so that fake timers of a test runner do not reach them.
 */
import { setImmediate } from 'node:timers';
import type { Clock } from '../../runtime/ports.ts';

type Timer = { readonly atMs: number; readonly ring: () => void };

const immediate = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Rounds of the event loop in one instant, over which something is taken to go round for ever. */
const roundsMax = 100_000;

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

  /** Grows whenever something was begun: as long as it stands, nothing goes on. */
  get moves(): number {
    return this.#moves;
  }

  /** When the next timer rings; null when there is none. */
  get nextMs(): number | null {
    return this.#first()?.atMs ?? null;
  }

  setTimer(delayMs: number, ring: () => void): () => void {
    this.#moves += 1;
    return this.setWatch(delayMs, ring);
  }

  /** As `setTimer`, for someone who only looks: it is no sign that anything goes on. */
  setWatch(delayMs: number, ring: () => void): () => void {
    const timer = { atMs: this.#nowMs + Math.max(delayMs, 0), ring };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  soon(run: () => void): void {
    this.#moves += 1;
    setImmediate(run);
  }

  /** Resolves when nothing goes on without time going on: with false when that never comes. */
  async idle(): Promise<boolean> {
    for (let rounds = 0; rounds < roundsMax; rounds++) {
      const before = this.#moves;
      for (let i = 0; i < 4; i++) await immediate();
      if (this.#moves === before) return true;
    }
    return false;
  }

  /** Moves on to the next timer that is due by then and rings it; false when none is. */
  ringNext(untilMs: number): boolean {
    const next = this.#first();
    if (next === undefined || next.atMs > untilMs) return false;
    this.#timers.delete(next);
    this.#moves += 1;
    this.#nowMs = Math.max(this.#nowMs, next.atMs);
    next.ring();
    return true;
  }

  /** Moves on to this instant, over which no timer is due. */
  moveTo(nowMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, nowMs);
  }

  /** Moves on through every timer that is due on the way. */
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
