/**
 * Pauses between the tries of something that fails. A close ends them: one that lasts a minute would keep the process
 * for so long, and whoever waits for it.
 */
import type { Clock } from '../ports.ts';

export class Pauses {
  readonly #clock: Pick<Clock, 'setTimer'>;
  readonly #underWay = new Set<() => void>();
  #isClosed = false;

  constructor(clock: Pick<Clock, 'setTimer'>) {
    this.#clock = clock;
  }

  /** Resolves after `waitMs`, and at once when it closes. */
  pause(waitMs: number): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        this.#underWay.delete(end);
        resolve();
      };
      const cancel = this.#clock.setTimer(waitMs, end);
      this.#underWay.add(end);
    });
  }

  close(): void {
    this.#isClosed = true;
    for (const end of this.#underWay) end();
  }
}
