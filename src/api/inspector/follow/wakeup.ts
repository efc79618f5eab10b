/** A wait for something to do: word of it, or a time that has come. Word before the wait is not lost. */
import type { Clock } from '../../../library/live/live.ts';

export class Wakeup {
  readonly #clock: Pick<Clock, 'setTimer'>;
  #isReady = true;
  #wake: () => void = () => undefined;
  #cancel: () => void = () => undefined;

  constructor(clock: Pick<Clock, 'setTimer'>) {
    this.#clock = clock;
  }

  ready(): void {
    this.#isReady = true;
    this.#wake();
  }

  /** In place of an earlier time. */
  readyIn(waitMs: number): void {
    this.#cancel();
    this.#cancel = this.#clock.setTimer(Math.max(1, waitMs), () => this.ready());
  }

  /** What comes from now on ends the next wait. */
  looks(): void {
    this.#isReady = false;
  }

  async wait(): Promise<void> {
    if (this.#isReady) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  close(): void {
    this.#cancel();
  }
}
