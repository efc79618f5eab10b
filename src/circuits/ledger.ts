/**
 * The book of one scale's circuits: which are under way, and how long the others took.
 *
 * It owns the counts. They lie in flat arrays, because at a thousand circuits a second the ledger's
 * own cost would show in the measurement. Its callers learn of the ends of runs and report them.
 *
 * 1. A run's end counts once, however often and by whatever way it is reported.
 * 2. A circuit is over when all its runs are over, or when its start was refused. It is completed
 *    when all its runs completed.
 * 3. An end that is reported before the answer to its start is kept until that answer comes.
 */
import type { RunStatus } from '../index.ts';
import { leaves } from './circuit.ts';

type End = { readonly status: RunStatus; readonly atMs: number };

export class Ledger {
  readonly scale: number;
  completed = 0;
  failed = 0;
  /** Circuits whose start was accepted. */
  accepted = 0;
  #refused = 0;
  endedRuns = 0;
  peakOpenRuns = 0;
  firstStartMs = Number.POSITIVE_INFINITY;
  lastEndMs = Number.NEGATIVE_INFINITY;
  /** Called when the last circuit is over. */
  onOver: () => void = () => undefined;
  readonly #startedMs: Float64Array;
  readonly #latencyMs: Float64Array;
  readonly #runsLeft: Uint8Array;
  readonly #broken: Uint8Array;
  /** The open runs by id, each with the number of its circuit. */
  readonly #open = new Map<string, number>();
  readonly #early = new Map<string, End>();

  /** Circuits are numbered from 1. */
  constructor(scale: number) {
    this.scale = scale;
    this.#startedMs = new Float64Array(scale + 1);
    this.#latencyMs = new Float64Array(scale + 1);
    this.#runsLeft = new Uint8Array(scale + 1).fill(leaves.runs);
    this.#broken = new Uint8Array(scale + 1);
  }

  get isOver(): boolean {
    return this.completed + this.failed === this.scale;
  }

  get openRuns(): number {
    return this.accepted * leaves.runs - this.endedRuns;
  }

  /** The latencies of the completed circuits. */
  latenciesMs(): number[] {
    return [...this.#latencyMs].filter((ms) => ms > 0);
  }

  started(circuit: number, atMs: number): void {
    this.#startedMs[circuit] = atMs;
    if (atMs < this.firstStartMs) this.firstStartMs = atMs;
  }

  acceptedAs(circuit: number, runIds: readonly string[]): void {
    this.accepted += 1;
    for (const runId of runIds) this.#open.set(runId, circuit);
    if (this.openRuns > this.peakOpenRuns) this.peakOpenRuns = this.openRuns;
    for (const runId of runIds) {
      const end = this.#early.get(runId);
      if (end === undefined) continue;
      this.#early.delete(runId);
      this.ended(runId, end);
    }
  }

  refused(circuit: number, atMs: number): void {
    this.#refused += 1;
    this.#broken[circuit] = 1;
    this.#over(circuit, atMs);
  }

  ended(runId: string, end: End): void {
    const circuit = this.#open.get(runId);
    if (circuit === undefined) {
      // The end was counted already, or the answer to the run's start has not come yet.
      if (this.accepted + this.#refused < this.scale) this.#early.set(runId, end);
      return;
    }
    this.#open.delete(runId);
    this.endedRuns += 1;
    if (end.status !== 'completed') this.#broken[circuit] = 1;
    const left = (this.#runsLeft[circuit] ?? 0) - 1;
    this.#runsLeft[circuit] = left;
    if (left === 0) this.#over(circuit, end.atMs);
  }

  #over(circuit: number, atMs: number): void {
    if (atMs > this.lastEndMs) this.lastEndMs = atMs;
    if (this.#broken[circuit] === 1) this.failed += 1;
    else {
      this.completed += 1;
      this.#latencyMs[circuit] = atMs - (this.#startedMs[circuit] ?? atMs);
    }
    if (this.isOver) this.onOver();
  }
}
