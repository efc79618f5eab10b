/**
 * Runs that have inbox rows and cannot take them now: stalled until a chart fits them, or paused. Every
 * look at the rows finds them again, and each try loads such a run for nothing.
 *
 * Owns which of these looks wakes the run: the first one, then those after pauses that double up to
 * `pauseMs.max`. Commands, hints and what this replica does for a run do not come through here.
 *
 * 1. A run that a whole look did not find is forgotten: its rows are taken. So this holds only runs with
 *    rows that no turn takes, and `runsMax` at most; other runs are woken by each look.
 */
import type { RunId } from '../../domain/ids.ts';
import type { PendingRun } from '../../store/port.ts';
import type { Clock } from '../ports.ts';

const pauseMs = { first: 2_000, max: 60_000 } as const;
const runsMax = 100_000;

type Rest = { untilMs: number; pauseMs: number; look: number };

export class RestingRuns {
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #rests = new Map<RunId, Rest>();
  #look = 0;

  constructor(clock: Pick<Clock, 'nowMs'>) {
    this.#clock = clock;
  }

  begin(): void {
    this.#look += 1;
  }

  /** False while the run rests. */
  mayWake({ runId, status, hasCommand }: PendingRun): boolean {
    if (hasCommand || (status !== 'stalled' && status !== 'paused')) return true;
    const nowMs = this.#clock.nowMs();
    const rest = this.#rests.get(runId);
    if (rest === undefined) {
      if (this.#rests.size >= runsMax) return true;
      const { first } = pauseMs;
      this.#rests.set(runId, { untilMs: nowMs + first, pauseMs: first, look: this.#look });
      return true;
    }
    rest.look = this.#look;
    if (nowMs < rest.untilMs) return false;
    rest.pauseMs = Math.min(rest.pauseMs * 2, pauseMs.max);
    rest.untilMs = nowMs + rest.pauseMs;
    return true;
  }

  /** The look has seen all rows: runs that it did not find are forgotten. */
  end(): void {
    for (const [runId, { look }] of this.#rests) {
      if (look !== this.#look) this.#rests.delete(runId);
    }
  }
}
