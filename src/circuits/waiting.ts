/**
 * Waits for circuits to end. A reported end wakes it; when nothing is reported, it looks for
 * itself.
 *
 * It owns the rhythm. Its callers know which runs are open, what counts as a movement, and where to
 * look.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** The end of the wait: `quiet` when nothing has moved for `patienceMs`. */
export type WaitEnd = 'over' | 'quiet' | 'interrupted';

export type WaitOptions = {
  readonly isOver: () => boolean;
  /** A number that changes whenever something moves. */
  readonly movement: () => number;
  /** Called at every tick, to update the display. */
  readonly tick: () => void;
  /**
   * Called when nothing has moved for a while, because an end may be in the rows without having
   * been reported.
   */
  readonly look: () => Promise<void>;
  readonly signal: AbortSignal;
  readonly patienceMs: number;
};

/** Ten times a second looks smooth, and its cost cannot be measured. */
const tickMs = 100;
const lookMs = 1_000;

export class Waiting {
  #wake = new AbortController();

  /** Ends the pause at once, because the circuits may be over. */
  wake(): void {
    this.#wake.abort();
  }

  async untilOver(options: WaitOptions): Promise<WaitEnd> {
    const { isOver, movement, tick, look, signal, patienceMs } = options;
    const wake = (): void => this.wake();
    signal.addEventListener('abort', wake);
    try {
      let seen = movement();
      let movedMs = performance.now();
      let lookedMs = movedMs;
      for (;;) {
        tick();
        if (isOver()) return 'over';
        if (signal.aborted) return 'interrupted';
        await this.#pause();
        const nowMs = performance.now();
        const now = movement();
        if (now !== seen) {
          seen = now;
          movedMs = nowMs;
        } else if (nowMs - Math.max(movedMs, lookedMs) >= lookMs && !isOver()) {
          // A read that fails now may succeed at the next look, and `patienceMs` bounds the whole
          // wait.
          await look().catch(() => undefined);
          lookedMs = performance.now();
        } else if (nowMs - movedMs > patienceMs) return 'quiet';
      }
    } finally {
      signal.removeEventListener('abort', wake);
    }
  }

  async #pause(): Promise<void> {
    const { signal } = this.#wake;
    await sleep(tickMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) this.#wake = new AbortController();
  }
}
