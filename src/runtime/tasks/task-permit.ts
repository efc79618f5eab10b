/**
 * The permit of one task attempt. The attempt has it from its beginning to its end, except while it is
 * lent.
 *
 * A task that waits for a run (`run.output()`) lends its permit meanwhile. That run may need a permit
 * itself, and with few permits it might never get one otherwise (promise 7). The asynchronous context in
 * which an attempt's code runs says to which attempt a wait belongs.
 *
 * 1. A permit is lent as long as its task waits for at least one run: of several, any may need the
 *    permit.
 * 2. A wait is over when the permit is back, so that what the task does next is counted again.
 * 3. An attempt that is over neither has nor wants a permit, whatever its code still does.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Permits } from '../calls/call/permits.ts';

type Kept =
  | { readonly kind: 'held' }
  | { readonly kind: 'lent' }
  /** `cancel` ends the wait for the permit, `done` the wait of the task. */
  | { readonly kind: 'returning'; readonly cancel: () => void; readonly done: () => void }
  | { readonly kind: 'over' };

const attempts = new AsyncLocalStorage<TaskPermit>();

/**
 * Runs `wait`, which calls `lend` when it begins to wait for a run. If a task attempt has called this,
 * its permit is lent from then on, and the result comes when the permit is back.
 */
export async function lendingPermit<Result>(
  wait: (lend: () => void) => Promise<Result>,
): Promise<Result> {
  const permit = attempts.getStore();
  if (permit === undefined) return wait(() => undefined);
  let isLent = false;
  try {
    return await wait(() => {
      if (!isLent) permit.lend();
      isLent = true;
    });
  } finally {
    if (isLent) await permit.takeBack();
  }
}

export class TaskPermit {
  readonly #permits: Permits;
  #kept: Kept = { kind: 'held' };
  /** How many runs its task waits for. */
  #waits = 0;

  /** The permit was taken already. */
  constructor(permits: Permits) {
    this.#permits = permits;
  }

  /** Begins the attempt's code, so that this code's waits are known to be the attempt's. */
  run(begin: () => void): void {
    attempts.run(this, begin);
  }

  lend(): void {
    this.#waits += 1;
    const kept = this.#kept;
    if (kept.kind === 'held') {
      this.#kept = { kind: 'lent' };
      this.#permits.give();
    } else if (kept.kind === 'returning') {
      this.#kept = { kind: 'lent' };
      kept.cancel();
      kept.done();
    }
  }

  takeBack(): Promise<void> {
    this.#waits -= 1;
    if (this.#waits > 0 || this.#kept.kind !== 'lent') return Promise.resolve();
    return new Promise((done) => {
      let isBack = false;
      const cancel = this.#permits.takeBack(() => {
        isBack = true;
        this.#kept = { kind: 'held' };
        done();
      });
      if (!isBack) this.#kept = { kind: 'returning', cancel, done };
    });
  }

  /** The attempt is over. */
  end(): void {
    const kept = this.#kept;
    this.#kept = { kind: 'over' };
    if (kept.kind === 'held') this.#permits.give();
    if (kept.kind !== 'returning') return;
    kept.cancel();
    kept.done();
  }
}
