/**
 * Sends hints to other replicas. It gathers them for `gatherMs` and sends them outside of commits,
 * because a transaction that notifies takes a lock of the whole server. A hint may be lost: its receiver
 * also looks at the rows.
 */
import type { RunId } from '../../domain/ids.ts';
import type { SentHint, Store } from '../../store/port.ts';
import type { Clock } from '../ports.ts';

export class Hints {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #gatherMs: number;
  readonly #shards = new Set<number>();
  readonly #wanted = new Set<RunId>();
  readonly #ended = new Set<RunId>();
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
    this.#sendSoon();
  }

  wants(runId: RunId): void {
    this.#wanted.add(runId);
    this.#sendSoon();
  }

  ended(runId: RunId): void {
    this.#ended.add(runId);
    this.#sendSoon();
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  #sendSoon(): void {
    this.#cancel ??= this.#clock.setTimer(this.#gatherMs, () => this.#send());
  }

  #send(): void {
    this.#cancel = null;
    const hints: SentHint[] = [];
    if (this.#shards.size > 0) hints.push({ kind: 'work', shards: [...this.#shards] });
    if (this.#wanted.size > 0) hints.push({ kind: 'wanted', runIds: [...this.#wanted] });
    if (this.#ended.size > 0) hints.push({ kind: 'ended', runIds: [...this.#ended] });
    this.#shards.clear();
    this.#wanted.clear();
    this.#ended.clear();
    // Not awaited and not repeated: a receiver that misses a hint finds the same in the rows.
    this.#store.notify(hints).catch(() => undefined);
  }
}
