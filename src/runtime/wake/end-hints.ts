/**
 * Word of a run's end to whoever waits for it in another process (`run.output()`).
 *
 * Owns which runs are waited for here, and which elsewhere, as far as it was told. Waiting for a run of
 * another replica is said to all that listen; the owner says once that it has ended. Leaves looking at
 * the row to run-handle.ts: a hint may be lost, and then that finds out.
 *
 * 1. A run that nobody waits for costs nothing at its end.
 * 2. Of each kind at most `runsMax` are known. Who waits for more is not told, and looks.
 * 3. What is wanted is said again every `againMs`, for owners change, and is forgotten after `knownMs`,
 *    for who waits may be gone.
 */
import type { RunId } from '../../domain/ids.ts';
import type { SentHint } from '../../store/port.ts';
import type { RunAddress } from '../../store/rows.ts';
import type { Hints } from './hints.ts';
import type { Clock } from '../ports.ts';

const runsMax = 10_000;
const againMs = 15_000;
const knownMs = 60_000;

/** For a run that is waited for here: whom its end wakes. */
type Wait = { readonly shard: number; readonly wakes: Set<() => void> };

type EndHint = Extract<SentHint, { kind: 'wanted' | 'ended' }>;

export class EndHints {
  readonly #clock: Clock;
  readonly #hints: Hints;
  readonly #owns: (shard: number) => boolean;
  readonly #waits = new Map<RunId, Wait>();
  /** By run that is waited for elsewhere, the latest last: when that was said. */
  readonly #wanted = new Map<RunId, number>();
  #cancelAgain: (() => void) | null = null;

  constructor(options: {
    readonly clock: Clock;
    readonly hints: Hints;
    /** What ends here, is heard without a hint. */
    readonly owns: (shard: number) => boolean;
  }) {
    this.#clock = options.clock;
    this.#hints = options.hints;
    this.#owns = options.owns;
  }

  /** `wake` is called when another replica says that it has ended the run. */
  wait({ runId, shard }: RunAddress, wake: () => void): () => void {
    const known = this.#waits.get(runId);
    if (known === undefined && this.#waits.size >= runsMax) return () => undefined;
    const wait = known ?? { shard, wakes: new Set() };
    this.#waits.set(runId, wait);
    wait.wakes.add(wake);
    if (known === undefined) this.#say(runId, wait);
    this.#cancelAgain ??= this.#clock.setTimer(againMs, () => this.sayAgain());
    return () => {
      wait.wakes.delete(wake);
      if (wait.wakes.size > 0 || this.#waits.get(runId) !== wait) return;
      this.#waits.delete(runId);
      if (this.#waits.size === 0) this.close();
    };
  }

  /** Owners may have changed, or what was said may have been lost. */
  sayAgain(): void {
    this.close();
    if (this.#waits.size === 0) return;
    for (const [runId, wait] of this.#waits) this.#say(runId, wait);
    this.#cancelAgain = this.#clock.setTimer(againMs, () => this.sayAgain());
  }

  #say(runId: RunId, { shard }: Wait): void {
    if (!this.#owns(shard)) this.#hints.wants(runId);
  }

  heard({ kind, runIds }: EndHint): void {
    for (const runId of runIds) {
      if (kind === 'ended') for (const wake of this.#waits.get(runId)?.wakes ?? []) wake();
      else this.#want(runId);
    }
  }

  /** A turn of this replica has ended the run. */
  ended(runId: RunId): void {
    if (this.#wanted.delete(runId)) this.#hints.ended(runId);
  }

  close(): void {
    this.#cancelAgain?.();
    this.#cancelAgain = null;
  }

  #want(runId: RunId): void {
    const nowMs = this.#clock.nowMs();
    this.#wanted.delete(runId);
    this.#wanted.set(runId, nowMs);
    for (const [oldest, saidAtMs] of this.#wanted) {
      if (this.#wanted.size <= runsMax && nowMs - saidAtMs <= knownMs) return;
      this.#wanted.delete(oldest);
    }
  }
}
