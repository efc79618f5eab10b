/**
 * The waits of a test for a run's end from outside, as by `run.output()`.
 *
 * In production such a wait reads the run's row again after a while, because a notice of the end
 * may be lost. In virtual time this while may never pass. So here the wait also looks when
 * everything has settled, and while the test does nothing but wait. It owns these waits, and
 * reports a wait that cannot end.
 *
 * 1. A wait is no work: it does not count as activity, and does not keep a test from settling.
 * 2. A wait cannot end when nothing has happened for `patienceMs` of real time: no timer was set,
 *    the test asked for nothing, and no task is under way. While anything happens, it goes on.
 */
import type { Clock } from '../runtime/ports.ts';
import { afterMs } from './time/real-time.ts';
import type { VirtualClock } from './time/virtual-clock.ts';

/** In real time. */
const patienceMs = 2_000;
const watchMs = 50;

/** The state of the test's world that decides about the waits. */
type Around = {
  readonly trouble: () => Error | null;
  /** Grows with every request of the test. */
  readonly asked: () => number;
  readonly isBusy: () => boolean;
};

export class HostWaits {
  /** The clock for code that waits; its timers do not count as activity. */
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

  /** Makes every wait look. */
  look(): void {
    // A wait that looks begins anew, so the set changes during the loop.
    const waiting = Array.from(this.#waiting);
    for (const look of waiting) look();
  }

  /** `told` rejects when the test waits for an end that cannot come. */
  inVain(tell: () => Promise<Error>): { readonly told: Promise<never>; readonly stop: () => void } {
    let cancel = (): void => undefined;
    const told = new Promise<never>((_, reject) => {
      let before = -1;
      let stillMs = 0;
      const watch = (): void => {
        const trouble = this.#world.trouble();
        if (trouble !== null) return reject(trouble);
        // An overdue timer rings without virtual time passing.
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
