/**
 * The phases of runs for a picture of many runs. They come by word alone and stand in no row, so of a run whose owner
 * does not tell, the phase is `unknown`.
 *
 * It owns the phases that were told, also of runs that nobody has read yet, while the picture is watched.
 */
import { shardCount } from '../../../domain/ids.ts';
import { noPhase, type Phase, type RunPhase } from '../../../domain/calls/phase.ts';
import type { RunBrief } from '../../../store/watch-port.ts';
import type { Reach } from '../reach.ts';

/** A run with the phase of its calls: null without one, `unknown` where its owner does not tell. */
export type RunState = RunBrief & {
  readonly phase: Phase | 'unknown' | null;
  readonly provider: string | null;
};

/** Statuses in which a run may have provider calls that it waits for. */
const calling: ReadonlySet<string> = new Set(['calling-provider', 'backoff', 'stalled']);

export class RunPhases {
  readonly #reach: Reach;
  readonly #told = new Map<string, RunPhase>();
  readonly #counts = new Map<string, Readonly<Record<string, number>>>();
  #reached: readonly boolean[] = [];

  constructor(reach: Reach) {
    this.#reach = reach;
  }

  tell(key: string, { phase, provider }: RunPhase): void {
    if (phase === null) this.#told.delete(key);
    else this.#told.set(key, { phase, provider });
  }

  clear(): void {
    this.#told.clear();
    this.#counts.clear();
    this.#reached = [];
  }

  of(key: string, run: RunBrief): RunState {
    if (!calling.has(run.status)) return { ...run, ...noPhase };
    if (!this.#reach.reaches(run.shard)) return { ...run, phase: 'unknown', provider: null };
    return { ...run, ...(this.#told.get(key) ?? noPhase) };
  }

  /** States or phases may be others than those that were counted. */
  changed(): void {
    this.#counts.clear();
  }

  /** How many of the tenant's open runs are in each phase. They are counted again only after a change. */
  counts(
    tenant: string,
    open: Iterable<readonly [string, RunBrief]>,
  ): Readonly<Record<string, number>> {
    const known = this.#counts.get(tenant);
    if (known !== undefined) return known;
    const counts: Record<string, number> = {};
    this.#counts.set(tenant, counts);
    for (const [key, run] of open) {
      if (run.tenant !== tenant || !calling.has(run.status)) continue;
      const isTold = this.#reach.reaches(run.shard);
      const phase = isTold ? this.#told.get(key)?.phase : 'unknown';
      if (phase !== undefined && phase !== null) counts[phase] = (counts[phase] ?? 0) + 1;
    }
    return counts;
  }

  /** Whose owners tell and did not before, or the other way round. */
  changedBy(open: Iterable<readonly [string, RunBrief]>): (readonly [string, RunBrief])[] {
    const before = this.#reached;
    const now = Array.from({ length: shardCount }, (_, shard) => this.#reach.reaches(shard));
    this.#reached = now;
    if (now.every((is, shard) => is === before[shard])) return [];
    return [...open].filter(
      ([, { shard, status }]) => before[shard] !== now[shard] && calling.has(status),
    );
  }
}
