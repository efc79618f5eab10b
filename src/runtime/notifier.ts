/**
 * Hints to other replicas, gathered for a moment and sent off the path of commits: a notifying
 * transaction takes a lock of the whole server. A hint may be lost; owners look for themselves.
 */
import type { Store } from '../store/port.ts';
import type { Clock } from './ports.ts';

export class Notifier {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #gatherMs: number;
  readonly #shards = new Set<number>();
  #cancel: (() => void) | null = null;

  constructor(options: {
    readonly store: Store;
    readonly clock: Clock;
    readonly gatherMs: number;
  }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#gatherMs = options.gatherMs;
  }

  hint(shard: number): void {
    this.#shards.add(shard);
    this.#cancel ??= this.#clock.setTimer(this.#gatherMs, () => this.#send());
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  #send(): void {
    this.#cancel = null;
    const shards = [...this.#shards];
    this.#shards.clear();
    // Not awaited and not repeated: the owner's own look at its rows makes a lost hint good.
    this.#store.notify(shards).catch(() => undefined);
  }
}
