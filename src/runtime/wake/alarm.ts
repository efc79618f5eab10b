import type { Clock } from '../ports.ts';

/** One timer. Setting it replaces the instant that was set before. */
export class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #cancel: (() => void) | null = null;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Null: the alarm does not ring. */
  set(dueMs: number | null): void {
    this.cancel();
    if (dueMs === null) return;
    this.#cancel = this.#clock.setTimer(Math.max(dueMs - this.#clock.nowMs(), 1), this.#ring);
  }

  cancel(): void {
    this.#cancel?.();
    this.#cancel = null;
  }
}
