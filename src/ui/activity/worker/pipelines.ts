/**
 * How long pipelines take, from the first start of their runs to the last end. It owns which pipelines have open runs
 * among the rows, and the newest ends. A run without a pipeline is one of its own.
 */
import type { RowRun } from './rows.ts';

const samplesMax = 400;
const minuteMs = 60_000;

export type Latency = { readonly p50: number; readonly p95: number };
type End = { readonly atMs: number; readonly ms: number; readonly user: string };

/** The user whose pipelines took longest: half of them no longer than `ms`, half of all users' no longer than `ofAllMs`. */
export type Slowest = {
  readonly user: string;
  readonly ms: number;
  readonly ofAllMs: number;
};

export class Pipelines {
  readonly #open = new Map<string, { runs: number; startedMs: number }>();
  #ends: End[] = [];

  /** How many have open runs. */
  get size(): number {
    return this.#open.size;
  }

  begun(run: RowRun): void {
    const of = this.#open.get(pipelineOf(run));
    if (of === undefined) {
      this.#open.set(pipelineOf(run), { runs: 1, startedMs: run.createdAtMs });
      return;
    }
    of.runs += 1;
    of.startedMs = Math.min(of.startedMs, run.createdAtMs);
  }

  ended(run: RowRun, atMs: number): void {
    const startedMs = this.#open.get(pipelineOf(run))?.startedMs;
    if (startedMs === undefined || !this.gone(run)) return;
    this.#ends.push({ atMs, ms: atMs - startedMs, user: run.user });
    if (this.#ends.length > samplesMax) this.#ends.shift();
  }

  /** The run is not among the rows any more, or nobody knows when it ended. True: it was the last one. */
  gone(run: RowRun): boolean {
    const of = this.#open.get(pipelineOf(run));
    if (of === undefined || --of.runs > 0) return false;
    return this.#open.delete(pipelineOf(run));
  }

  /** Ended runs of the past: a pipeline that is open began with the first of them. */
  began(run: RowRun): void {
    const of = this.#open.get(pipelineOf(run));
    if (of !== undefined) of.startedMs = Math.min(of.startedMs, run.createdAtMs);
  }

  isOpen(run: RowRun): boolean {
    return this.#open.has(pipelineOf(run));
  }

  /** Ends from before this was watched. */
  before(ends: readonly End[]): void {
    this.#ends = [...ends, ...this.#ends].slice(-samplesMax);
  }

  /** Of those that ended within the last minute. */
  latencyMs(nowMs: number): Latency | null {
    this.#forget(nowMs);
    return latencyOf(this.#ends);
  }

  /** Of those that ended within the last minute; null where they are of fewer than two users. */
  slowest(nowMs: number): Slowest | null {
    this.#forget(nowMs);
    const byUser = new Map<string, End[]>();
    for (const end of this.#ends) {
      const ends = byUser.get(end.user);
      if (ends === undefined) byUser.set(end.user, [end]);
      else ends.push(end);
    }
    const ofAllMs = latencyOf(this.#ends)?.p50;
    if (byUser.size < 2 || ofAllMs === undefined) return null;
    const users = [...byUser].map(([user, ends]) => ({ user, ms: latencyOf(ends)?.p50 ?? 0 }));
    const slowest = users.reduce((a, b) => (b.ms > a.ms ? b : a));
    return { ...slowest, ofAllMs };
  }

  #forget(nowMs: number): void {
    while ((this.#ends[0]?.atMs ?? nowMs) < nowMs - minuteMs) this.#ends.shift();
  }
}

export const pipelineOf = ({ pipeline, runId }: RowRun): string => pipeline || runId;

function latencyOf(ends: readonly Pick<End, 'ms'>[]): Latency | null {
  if (ends.length === 0) return null;
  const sorted = Float64Array.from(ends, ({ ms }) => ms).sort();
  const at = (part: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0;
  return { p50: at(0.5), p95: at(0.95) };
}

/** The latency at an instant, from ends in their order. */
export function latencyUpTo(ends: readonly Omit<End, 'user'>[], ms: number): Latency | null {
  const to = countUpTo(ends, ms);
  const from = countUpTo(ends, ms - minuteMs - 1);
  return latencyOf(ends.slice(Math.max(from, to - samplesMax), to));
}

/** How many have ended at this instant or before. */
function countUpTo(ends: readonly Omit<End, 'user'>[], ms: number): number {
  let [low, high] = [0, ends.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ends[middle]?.atMs ?? 0) <= ms) low = middle + 1;
    else high = middle;
  }
  return low;
}
