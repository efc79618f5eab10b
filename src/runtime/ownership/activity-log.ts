/**
 * Has what is going on counted every 5 s and kept for a week: by the replica that holds shard 0, and by no other.
 *
 * It owns when that is asked. It leaves the count to the store, which also sees that the asker holds the shard.
 *
 * 1. A replica that does not hold shard 0 asks nothing.
 * 2. The count costs as much as there are open runs, so after one that took long the next comes later: it takes 2 % of
 *    the time at most. Steps without a count have no row.
 */
import { thrownText } from '../../domain/thrown.ts';
import { activityBounds, type StatusCounts } from '../../store/ports/operations-port.ts';
import type { Store } from '../../store/port.ts';
import type { ReplicaId } from '../../domain/ids.ts';
import type { Clock, Log } from '../ports.ts';
import type { OwnedShards } from '../shards.ts';
import { Rhythm } from '../wake/rhythm.ts';

const [{ stepMs }] = activityBounds.kept;
/** A pause is so many times as long as the count before it took. */
const restFactor = 50;

type ActivityLogOptions = {
  readonly store: Pick<Store, 'noteActivity'>;
  readonly shards: Pick<OwnedShards, 'epoch'>;
  readonly replicaId: ReplicaId;
  readonly clock: Clock;
  readonly log: Log;
  /** A replica that looks at rows more seldom than every step does so here too. */
  readonly pollMs: number;
};

export class ActivityLog {
  readonly #options: ActivityLogOptions;
  readonly #rhythm: Rhythm;
  #pauseMs: number;
  #counted: StatusCounts | null = null;

  constructor(options: ActivityLogOptions) {
    this.#options = options;
    this.#pauseMs = Math.max(stepMs, options.pollMs);
    this.#rhythm = new Rhythm({
      clock: options.clock,
      round: () => this.#note(),
      pauseMs: () => this.#pauseMs,
      failed: (error) => {
        this.#pauseMs = Math.max(stepMs, options.pollMs);
        this.#counted = null;
        options.log.warn('activity was not counted', { error: thrownText(error) });
      },
    });
  }

  /** Open runs of all replicas by status, as counted last; null where another replica counts, or none can. */
  get counted(): StatusCounts | null {
    return this.#counted;
  }

  start(): void {
    this.#rhythm.start();
  }

  close(): void {
    void this.#rhythm.close();
  }

  async #note(): Promise<void> {
    const { clock, pollMs, replicaId, shards, store } = this.#options;
    const epoch = shards.epoch(0);
    const seldom = pollMs > stepMs ? pollMs : 0;
    this.#pauseMs = Math.max(stepMs, pollMs);
    if (epoch === undefined) {
      this.#counted = null;
      return;
    }
    const sinceMs = clock.nowMs();
    const { counted, nextInMs } = await store.noteActivity({ replicaId, epoch });
    // Nothing was counted now: the holder before has counted this step.
    this.#counted = counted ?? this.#counted;
    const tookMs = clock.nowMs() - sinceMs;
    this.#pauseMs = Math.max(nextInMs, restFactor * tookMs, seldom);
  }
}
