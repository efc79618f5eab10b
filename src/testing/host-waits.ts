/**
 * Waits for a run's end from outside of it, as by `run.output()`.
 *
 * In production such a wait looks at the run's row again after a while, for what it was told may be lost.
 * In virtual time that while may never pass. So here it also looks when all has settled, and while the
 * test does nothing but wait. It owns these waits, and says when one of them is in vain.
 *
 * 1. A wait is no work: it is no sign that anything goes on, and keeps nothing from settling.
 * 2. It is in vain when nothing has happened for `patienceMs` of real time: no timer was set, nothing was
 *    asked for, no task is under way. As long as anything goes on, it waits.
 */
import type { Clock } from '../runtime/ports.ts';
import { afterMs } from './time/real-time.ts';
import type { VirtualClock } from './time/virtual-clock.ts';

/** Of real time. */
const patienceMs = 2_000;
const watchMs = 50;

/** What the waits need to know of the world around them. */
type Around = {
  readonly trouble: () => Error | null;
  /** Grows with everything that the test asks for. */
  readonly asked: () => number;
  readonly isBusy: () => boolean;
};

export class HostWaits {
  /** The clock of those who wait. */
  readonly clock: Clock;
  readonly #time: VirtualClock;
  readonly #world: Around;
  readonly #waiting = new Set<() => void>();

  constructor(time: VirtualClock, world: Around) {
    this.#time = time;
    this.#world = world;
    this.clock = {
      nowMs: () => time.nowMs(),
      soon: (run) => time.soon(run),
      setTimer: (delayMs, ring) => this.#wait(delayMs, ring),
    };
  }

  /** All of them look. */
  look(): void {
    // They begin to wait anew while they look.
    const waiting = Array.from(this.#waiting);
    for (const look of waiting) look();
  }

  /** `told` rejects when a test waits in vain. */
  inVain(tell: () => Promise<Error>): { readonly told: Promise<never>; readonly stop: () => void } {
    let cancel = (): void => undefined;
    const told = new Promise<never>((_, reject) => {
      let before = -1;
      let stillMs = 0;
      const watch = (): void => {
        const trouble = this.#world.trouble();
        if (trouble !== null) return reject(trouble);
        // What is overdue needs no time to pass.
        this.#time.ringNext(this.#time.nowMs());
        const now = this.#world.asked() + this.#time.moves;
        const isStill = now === before && !this.#world.isBusy();
        stillMs = isStill ? stillMs + watchMs : 0;
        before = now;
        if (!isStill) this.look();
        if (stillMs < patienceMs) cancel = afterMs(watchMs, watch);
        else void tell().then(reject, reject);
      };
      cancel = afterMs(watchMs, watch);
    });
    return { told, stop: () => cancel() };
  }

  #wait(delayMs: number, ring: () => void): () => void {
    const once = (): void => {
      cancel();
      ring();
    };
    const cancelTimer = this.#time.setWatch(delayMs, once);
    const cancel = (): void => {
      cancelTimer();
      this.#waiting.delete(once);
    };
    this.#waiting.add(once);
    return cancel;
  }
}
