/** One time at which something is due by itself: set anew as often as it changes. */
import type { Clock } from './ports.ts';

export class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #cancel: (() => void) | null = null;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Null: at no time. What is due already rings soon, never at once. */
  set(dueMs: number | null): void {
    this.#cancel?.();
    this.#cancel =
      dueMs === null
        ? null
        : this.#clock.setTimer(Math.max(dueMs - this.#clock.nowMs(), 1), this.#ring);
  }
}
