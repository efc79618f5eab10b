/**
 * The permit of one task attempt, from its beginning to its end, but for the time that it is lent.
 *
 * A task that waits for a run (`run.output()`) lends its permit meanwhile: the run that it waits for may
 * need it, and with few permits nobody would ever give it one (promise 7). Which attempt a wait belongs
 * to is known by the asynchronous context that the attempt's code runs in.
 *
 * 1. A permit is lent as long as its task waits for at least one run: of several at once any may need it.
 * 2. A wait is over when the permit is back, so that what the task does next is counted again.
 * 3. An attempt that is over neither holds nor wants a permit, whatever its code still does.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Permits } from '../calls/call/permits.ts';

type Kept =
  | { readonly kind: 'held' }
  | { readonly kind: 'lent' }
  /** `cancel` ends the wait for it, `done` the wait of the task. */
  | { readonly kind: 'returning'; readonly cancel: () => void; readonly done: () => void }
  | { readonly kind: 'over' };

const attempts = new AsyncLocalStorage<TaskPermit>();

/**
 * Runs `wait`, which calls `lend` when it begins to wait for a run: if a task asks, it is without its
 * permit from then on until it has what it waits for.
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
  /** Runs that its task waits for. */
  #waits = 0;

  /** It was taken already. */
  constructor(permits: Permits) {
    this.#permits = permits;
  }

  /** Begins the attempt's own code: what that waits for is known to be waited for by it. */
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
