/**
 * Whether this replica may commit, and for how long a commit is tried again while the database does not
 * answer.
 *
 * Owns both decisions. Ownership says when the lease is in doubt; the close says when to give up.
 */
import type { Clock, Log } from '../ports.ts';
import { untilAnswered } from '../until-answered.ts';

export class CommitRight {
  readonly #clock: Clock;
  readonly #log: Log;
  /** Set while the lease is in doubt. */
  suspended = false;
  closed = false;
  /** From this instant on an unreachable store ends a batch, so that a close does not wait for ever. */
  giveUpAtMs = Number.POSITIVE_INFINITY;

  constructor({ clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#clock = clock;
    this.#log = log;
  }

  /** False while the lease is in doubt, and after the close has given up. */
  get mayCommit(): boolean {
    return !this.suspended && !this.closed;
  }

  /** Tries until the store answers or this replica may no longer commit. */
  answered<Result>(attempt: () => Promise<Result>): Promise<Result> {
    const mayGoOn = (): boolean => !this.closed && this.#clock.nowMs() < this.giveUpAtMs;
    return untilAnswered(attempt, { clock: this.#clock, log: this.#log, mayGoOn });
  }
}
