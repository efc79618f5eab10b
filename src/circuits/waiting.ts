/**
 * Waiting for circuits to end: woken by what is heard, and looking for itself when nothing is.
 *
 * It owns the rhythm. What is open, what moves and where to look, its callers say.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** How it ended: `quiet` when nothing moved for longer than anybody would wait. */
export type WaitEnd = 'over' | 'quiet' | 'interrupted';

export type WaitOptions = {
  readonly isOver: () => boolean;
  /** Some number that changes when anything moves. */
  readonly movement: () => number;
  /** At every tick, for whoever watches. */
  readonly tick: () => void;
  /** Nothing has moved for a while: what was not heard may stand in the rows. */
  readonly look: () => Promise<void>;
  readonly signal: AbortSignal;
  readonly patienceMs: number;
};

/** Ten times a second looks smooth, and costs nothing that shows. */
const tickMs = 100;
const lookMs = 1_000;

export class Waiting {
  #wake = new AbortController();

  /** Something may be over: look at once. */
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
          // What cannot be read now can be at the next look, and patience bounds it all.
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
