/**
 * A clock that stands still until a test moves it. Nothing here waits for real time: whatever
 * follows from an instant is done before the next one begins.
 */
import type { Clock } from '../../src/runtime/ports.ts';

type Timer = { readonly atMs: number; readonly ring: () => void };

const immediate = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export class ManualClock implements Clock {
  #nowMs = 1_000_000;
  readonly #timers = new Set<Timer>();
  #moves = 0;

  nowMs(): number {
    return this.#nowMs;
  }

  setTimer(delayMs: number, ring: () => void): () => void {
    this.#moves += 1;
    const timer = { atMs: this.#nowMs + Math.max(delayMs, 0), ring };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  soon(run: () => void): void {
    this.#moves += 1;
    setImmediate(run);
  }

  /** Resolves when nothing goes on without time going on; throws when that never comes. */
  async idle(): Promise<void> {
    const roundsMax = 100_000;
    for (let rounds = 0; rounds < roundsMax; rounds++) {
      const before = this.#moves;
      for (let i = 0; i < 4; i++) await immediate();
      if (this.#moves === before) return;
    }
    throw new Error(`still busy after ${roundsMax} rounds: something spins`);
  }

  /** Moves on through every timer that is due on the way. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      await this.idle();
      const next = this.#first();
      if (next === undefined || next.atMs > untilMs) break;
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.ring();
    }
    this.#nowMs = untilMs;
    await this.idle();
  }

  #first(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers)
      if (first === undefined || timer.atMs < first.atMs) first = timer;
    return first;
  }
}
