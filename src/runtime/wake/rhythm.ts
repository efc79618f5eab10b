/**
 * Repeats work, with a pause between two rounds: heartbeats, looks at rows, deletions.
 *
 * Owns the timer and the round under way. Leaves to its user what a round does, and how long each pause
 * is.
 *
 * 1. One round at a time. A round that is asked for during a round comes at once after it, and once.
 * 2. A round that fails is reported and ends nothing: the next one comes after a pause, even if one was
 *    asked for meanwhile.
 * 3. After `close` no round begins. `close` resolves when the last round is over.
 */
import type { Clock } from '../ports.ts';

type RhythmOptions = {
  readonly clock: Pick<Clock, 'setTimer'>;
  /** Rejects when it fails; it does not throw. */
  readonly round: () => Promise<void>;
  /** From the end of a round to the next. Null: no round follows until `start` or `now` is called. */
  readonly pauseMs: () => number | null;
  readonly failed: (error: unknown) => void;
};

export class Rhythm {
  readonly #options: RhythmOptions;
  #cancel: (() => void) | null = null;
  #underWay: Promise<void> | null = null;
  #again = false;
  #isClosed = false;

  constructor(options: RhythmOptions) {
    this.#options = options;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** True when no round is under way and none is to come by itself. */
  get isIdle(): boolean {
    return this.#cancel === null && this.#underWay === null;
  }

  /** Begins the rounds after a pause, unless they have begun. */
  start(waitMs = this.#options.pauseMs()): void {
    if (this.isIdle) this.#wait(waitMs);
  }

  /** Does the first round at once, and rejects if that fails; then no round follows. */
  async startNow(): Promise<void> {
    const first = this.#options.round();
    this.#underWay = first.catch(() => undefined);
    try {
      await first;
    } finally {
      this.#underWay = null;
    }
    this.#next();
  }

  /** Asks for a round at once. */
  now(): void {
    if (this.#isClosed) return;
    if (this.#underWay !== null) {
      this.#again = true;
      return;
    }
    this.rest();
    this.#underWay = this.#play();
  }

  /** Cancels the next round; a round that is under way goes on. */
  rest(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.rest();
    await this.#underWay;
  }

  async #play(): Promise<void> {
    try {
      await this.#options.round();
    } catch (error) {
      this.#again = false;
      this.#options.failed(error);
    }
    this.#underWay = null;
    this.#next();
  }

  #next(): void {
    const isAsked = this.#again;
    this.#again = false;
    this.#wait(isAsked ? 0 : this.#options.pauseMs());
  }

  #wait(waitMs: number | null): void {
    if (this.#isClosed || waitMs === null) return;
    this.#cancel = this.#options.clock.setTimer(waitMs, () => {
      this.#cancel = null;
      this.now();
    });
  }
}
