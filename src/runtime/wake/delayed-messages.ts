/**
 * Moves delayed messages that are due into their channels, the longest overdue first. A message that
 * cannot enter its channel, for an error that is about it alone, holds up no other message: after a
 * failure fewer and fewer messages are moved at once, and a message that fails alone is stepped over.
 *
 * Owns which messages are stepped over and when they are tried again. Leaves to `work-scan.ts` when to
 * look.
 *
 * 1. The messages that were stepped over are the oldest that are due, so their number says which they
 *    are, as long as the shards are the same.
 * 2. They are tried again with pauses that double up to `pauseMs.max`, for ever. A look makes at most
 *    `failuresMax` tries that fail, so an error that meets all messages costs a few statements.
 */
import type { Store } from '../../store/port.ts';
import type { Clock, Log } from '../ports.ts';
import type { OwnedShards } from '../shards.ts';
import type { RunAddress } from '../../store/rows.ts';
import { faultOf, placeOf } from '../fault.ts';

const pauseMs = { first: 1_000, max: 60_000 } as const;
const failuresMax = 10;
/** After a failure the number of messages that are moved at once is divided by this. */
const shrink = 4;

type DelayedMessagesOptions = {
  readonly store: Pick<Store, 'releaseDelayed'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly shards: OwnedShards;
  readonly pageMessages: number;
};

export class DelayedMessages {
  readonly #options: DelayedMessagesOptions;
  readonly #pageMessages: number;
  #shards = '';
  #over = 0;
  #limit: number;
  /** Rounds in a row in which some message failed. */
  #faults = 0;
  #againAtMs = Number.POSITIVE_INFINITY;

  constructor(options: DelayedMessagesOptions) {
    this.#options = options;
    this.#pageMessages = options.pageMessages;
    this.#limit = options.pageMessages;
  }

  /**
   * Moves the messages that are due. Gives in how many milliseconds to look again; null when the next
   * poll is soon enough.
   */
  async release(wake: (run: RunAddress) => void): Promise<number | null> {
    const { clock, shards, store } = this.#options;
    const owned = shards.list();
    if (owned.length === 0) return null;
    if (this.#shards !== owned.join()) {
      this.#shards = owned.join();
      this.#faults = 0;
      this.#begin();
    } else if (clock.nowMs() >= this.#againAtMs) this.#begin();
    for (let failures = 0; ;) {
      try {
        const query = { shards: owned, limit: this.#limit, skip: this.#over };
        const { wakes, nextDueInMs } = await store.releaseDelayed(query);
        for (const run of wakes) wake(run);
        const isMoreDue = nextDueInMs !== null && nextDueInMs <= 0;
        this.#limit = isMoreDue
          ? Math.min(this.#limit * 2, this.#pageMessages)
          : this.#pageMessages;
        if (!isMoreDue && this.#over === 0) this.#faults = 0;
        return nextDueInMs;
      } catch (error) {
        failures += 1;
        const fault = faultOf(error);
        if (fault.code === 'store-unavailable' || fault.code === 'closed') throw error;
        if (this.#limit > 1) this.#limit = Math.ceil(this.#limit / shrink);
        else this.#stepOver(fault);
        if (failures >= failuresMax) return null;
      }
    }
  }

  #begin(): void {
    this.#over = 0;
    this.#limit = this.#pageMessages;
    this.#againAtMs = Number.POSITIVE_INFINITY;
  }

  #stepOver(fault: ReturnType<typeof faultOf>): void {
    const { clock, log } = this.#options;
    this.#over += 1;
    if (this.#againAtMs !== Number.POSITIVE_INFINITY) return;
    const pause = Math.min(pauseMs.first * 2 ** Math.min(this.#faults, 20), pauseMs.max);
    this.#againAtMs = clock.nowMs() + pause;
    this.#faults += 1;
    if (this.#faults > 1) return;
    const facts = { reason: fault.message, ...placeOf(fault) };
    log.warn('a delayed message cannot enter its channel, and is tried again', facts);
  }
}
