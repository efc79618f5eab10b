/**
 * How long pipelines take, from the first start of their runs to the last end. It owns which pipelines have open runs
 * among the rows, and the newest ends. A run without a pipeline is one of its own.
 */
import type { RowRun } from './rows.ts';

const samplesMax = 400;
const minuteMs = 60_000;

export type Latency = { readonly p50: number; readonly p95: number };
type End = { readonly atMs: number; readonly ms: number };

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
    this.#ends.push({ atMs, ms: atMs - startedMs });
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
    while ((this.#ends[0]?.atMs ?? nowMs) < nowMs - minuteMs) this.#ends.shift();
    return latencyOf(this.#ends);
  }
}

export const pipelineOf = ({ pipeline, runId }: RowRun): string => pipeline || runId;

function latencyOf(ends: readonly End[]): Latency | null {
  if (ends.length === 0) return null;
  const sorted = Float64Array.from(ends, ({ ms }) => ms).sort();
  const at = (part: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0;
  return { p50: at(0.5), p95: at(0.95) };
}

/** The latency at each of these instants, from ends in their order. */
export function latenciesAt(
  ends: readonly End[],
  instants: readonly number[],
): readonly (Latency | null)[] {
  let from = 0;
  let to = 0;
  return instants.map((ms) => {
    while ((ends[to]?.atMs ?? Number.POSITIVE_INFINITY) <= ms) to += 1;
    while (from < to && (ends[from]?.atMs ?? ms) < ms - minuteMs) from += 1;
    return latencyOf(ends.slice(Math.max(from, to - samplesMax), to));
  });
}
