/**
 * Tells a process that waits for a run's end (`run.output()`) when another process has ended the run.
 *
 * Owns two sets, as far as word has come: the runs for which this process waits, and those for which
 * other processes wait. A wait for a run of another replica is said to all processes; the run's owner
 * says once that the run has ended. Such word is a hint and may be lost, so `library/run-end.ts` looks
 * at the row as well.
 *
 * 1. A run for which no process waits costs nothing at its end.
 * 2. Each set holds at most `runsMax` runs. A wait beyond that is not said, and only looks at the row.
 * 3. A wait is said again every `againMs`, because owners change. The owner forgets it after `knownMs`,
 *    because the process that waits may be gone.
 */
import type { RunId } from '../../domain/ids.ts';
import type { SentHint } from '../../store/port.ts';
import type { RunAddress } from '../../store/rows.ts';
import { Rhythm } from './rhythm.ts';
import type { Hints } from './hints.ts';
import type { Clock } from '../ports.ts';

const runsMax = 10_000;
const againMs = 15_000;
const knownMs = 60_000;

/** A run for which this process waits: its end calls `wakes`. */
type Wait = { readonly shard: number; readonly wakes: Set<() => void> };

type EndHint = Extract<SentHint, { kind: 'wanted' | 'ended' }>;

export class EndHints {
  readonly #clock: Clock;
  readonly #hints: Hints;
  readonly #owns: (shard: number) => boolean;
  readonly #waits = new Map<RunId, Wait>();
  /** The runs for which other processes wait, and when that was said last; the latest stands last. */
  readonly #wanted = new Map<RunId, number>();
  readonly #rhythm: Rhythm;

  constructor(options: {
    readonly clock: Clock;
    readonly hints: Hints;
    /** True for a shard of this replica: the end of its runs is known here without a hint. */
    readonly owns: (shard: number) => boolean;
  }) {
    this.#clock = options.clock;
    this.#hints = options.hints;
    this.#owns = options.owns;
    this.#rhythm = new Rhythm({
      clock: options.clock,
      round: () => this.#sayAll(),
      pauseMs: () => (this.#waits.size === 0 ? null : againMs),
      failed: () => undefined,
    });
  }

  /** `wake` is called when another replica says that it has ended the run. */
  wait({ runId, shard }: RunAddress, wake: () => void): () => void {
    const known = this.#waits.get(runId);
    if (known === undefined && this.#waits.size >= runsMax) return () => undefined;
    const wait = known ?? { shard, wakes: new Set() };
    this.#waits.set(runId, wait);
    wait.wakes.add(wake);
    if (known === undefined) this.#say(runId, wait);
    this.#rhythm.start();
    return () => {
      wait.wakes.delete(wake);
      if (wait.wakes.size > 0 || this.#waits.get(runId) !== wait) return;
      this.#waits.delete(runId);
      if (this.#waits.size === 0) this.#rhythm.rest();
    };
  }

  /** Says all waits again: owners may have changed, or a hint may have been lost. */
  sayAgain(): void {
    if (this.#waits.size > 0) this.#rhythm.now();
  }

  async #sayAll(): Promise<void> {
    for (const [runId, wait] of this.#waits) this.#say(runId, wait);
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
    void this.#rhythm.close();
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
