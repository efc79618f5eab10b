/**
 * The activity as the worker holds it: the rows, their history, the series of the tracks. Pure of the browser but for
 * numbers; Painter draws it.
 *
 * 1. A run's state never gives way to an older one: turns only grow.
 * 2. What a reset does not name has ended, or is not among the rows that are sent any more.
 */
import { codeOf, codeOfRun, isEnded, looks, type Code, type Look } from '../../look/states.ts';
import type { Gate, UserShare } from '../words.ts';
import { bands, laneFields } from './paint/tracks.ts';
import { codeCount, slotCode } from './paint/colours.ts';
import type { Frame, RowFrame } from './feed.ts';
import { History } from './history.ts';
import { Rows, type RowRun } from './rows.ts';
import { Series } from './series.ts';

/** 15 minutes of steps. */
const columns = 4_500;
const latencySamples = 400;
const minuteMs = 60_000;

const statusCodes: ReadonlyMap<string, Code> = new Map(looks.map((look, code) => [look, code]));
const hasEnded = (code: Code): boolean => code > 0 && isEnded(looks[code] as Look);

export class Picture {
  readonly history: History;
  readonly rows: Rows;
  readonly states = new Series({ columns, fields: codeCount });
  readonly line = new Series({ columns, fields: 1 });
  readonly ended = new Series({ columns, fields: 1 });
  readonly latency = new Series({ columns, fields: 2 });
  readonly lanes = new Map<string, Series>();
  gates: readonly Gate[] = [];
  total = 0;
  every = 1;
  isWhole = true;
  /** The counts by code, as the server counts: of all runs that are open, and of what ended while this was watched. */
  readonly counts = new Float32Array(codeCount);
  readonly #turns: number[] = [];
  readonly #providers: (string | null)[] = [];
  readonly #latencies: { readonly atMs: number; readonly ms: number }[] = [];
  readonly #endedAt: { readonly atMs: number; readonly runs: number }[] = [];
  readonly #pipelines = new Map<string, { open: number; startedMs: number }>();

  constructor(nowMs: number) {
    this.history = new History({ columns, rows: 1_024, nowMs });
    this.rows = new Rows((row) => this.history.wipe(row));
  }

  reset(frame: Frame, nowMs: number): void {
    const seen = new Set<string>();
    for (const row of frame.rows ?? []) {
      seen.add(row.runId);
      this.#take(row, nowMs);
    }
    for (const row of this.rows.sorted) {
      const run = this.rows.runAt(row);
      const code = this.history.get(row);
      if (run !== null && !seen.has(run.runId) && code !== 0 && !hasEnded(code)) {
        // It ended while nobody told of it. How it ended is not known here, so nothing is drawn of it from now on.
        this.history.set(row, 0);
        this.#pipelines.delete(run.pipeline);
        this.rows.ended(row);
      }
    }
    this.total = frame.total ?? this.total;
    this.every = frame.every ?? 1;
    this.isWhole = frame.isWhole ?? true;
    this.#counted(frame, nowMs);
  }

  frame(frame: Frame, nowMs: number): void {
    for (const row of frame.changes ?? []) this.#take(row, nowMs);
    this.#counted(frame, nowMs);
  }

  /** Once a step, also when nothing is told. */
  tick(nowMs: number): void {
    this.history.advance(nowMs);
    this.states.put(nowMs, this.counts);
    this.line.put(nowMs, [this.counts[codeOf('calling-provider')] ?? 0]);
    this.ended.put(nowMs, [0]);
    const latency = this.latencyMs(nowMs);
    this.latency.put(nowMs, latency === null ? [0, 0] : [latency.p50, latency.p95]);
    const inUse = this.#inUse();
    for (const gate of this.gates) {
      const values = new Float32Array(laneFields.fields);
      values[laneFields.inUse] = inUse?.get(gate.gate) ?? gate.inUse;
      values[laneFields.limit] = gate.limit;
      values[laneFields.ceiling] = gate.ceiling ?? 0;
      values[laneFields.band] = bandOf(gate);
      const series =
        this.lanes.get(gate.gate) ?? new Series({ columns, fields: laneFields.fields });
      this.lanes.set(gate.gate, series);
      series.put(nowMs, values);
    }
  }

  get open(): number {
    let open = 0;
    for (let code = 1; code < codeCount; code++)
      if (!hasEnded(code)) open += this.counts[code] ?? 0;
    return open;
  }

  endedPerSecond(nowMs: number): number {
    while ((this.#endedAt[0]?.atMs ?? nowMs) < nowMs - 5_000) this.#endedAt.shift();
    return this.#endedAt.reduce((sum, { runs }) => sum + runs, 0) / 5;
  }

  /** From a pipeline's first start to its last end, of those that ended within the last minute. */
  latencyMs(nowMs: number): { readonly p50: number; readonly p95: number } | null {
    while ((this.#latencies[0]?.atMs ?? nowMs) < nowMs - minuteMs) this.#latencies.shift();
    const sorted = this.#latencies.map(({ ms }) => ms).toSorted((a, b) => a - b);
    if (sorted.length === 0) return null;
    const at = (part: number): number =>
      sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0;
    return { p50: at(0.5), p95: at(0.95) };
  }

  users(max: number): readonly UserShare[] {
    const byUser = new Map<string, number[]>();
    for (const row of this.rows.sorted) {
      const run = this.rows.runAt(row);
      if (run === null) continue;
      const counts = byUser.get(run.user) ?? Array.from({ length: codeCount }, () => 0);
      byUser.set(run.user, counts);
      const code = this.history.get(row);
      counts[code] = (counts[code] ?? 0) + 1;
    }
    return [...byUser].slice(0, max).map(([user, counts]) => ({ user, counts }));
  }

  #take(frame: RowFrame, nowMs: number): void {
    const known = this.rows.rowOf(frame.runId);
    const row = known ?? this.#begun(frame, nowMs);
    if (row === null || frame.turn < (this.#turns[row] ?? 0)) return;
    this.#turns[row] = frame.turn;
    this.#providers[row] = frame.phase === 'in-slot' ? frame.provider : null;
    const code = codeOfRun(frame.status, frame.phase);
    const before = this.history.get(row);
    this.history.set(row, code);
    if (hasEnded(code) && !hasEnded(before)) this.#hasEnded(row, nowMs);
  }

  #begun({ runId, agent, user, pipeline, createdAtMs }: RowFrame, nowMs: number): number | null {
    if (agent === undefined || user === undefined || pipeline === undefined) return null;
    const run: RowRun = { runId, agent, user, pipeline, createdAtMs: createdAtMs ?? nowMs };
    const row = this.rows.take(run);
    if (row === null) return null;
    this.#turns[row] = 0;
    const of = this.#pipelines.get(pipeline);
    if (of === undefined) this.#pipelines.set(pipeline, { open: 1, startedMs: run.createdAtMs });
    else of.open += 1;
    return row;
  }

  #hasEnded(row: number, nowMs: number): void {
    this.rows.ended(row);
    const run = this.rows.runAt(row);
    if (run === null) return;
    const of = this.#pipelines.get(run.pipeline);
    if (of === undefined || --of.open > 0) return;
    this.#pipelines.delete(run.pipeline);
    this.#latencies.push({ atMs: nowMs, ms: nowMs - of.startedMs });
    if (this.#latencies.length > latencySamples) this.#latencies.shift();
  }

  #counted(frame: Frame, nowMs: number): void {
    const { counts, phases, ended, gates } = frame;
    for (let code = 0; code < codeCount; code++) {
      if (!hasEnded(code)) this.counts[code] = 0;
    }
    for (const [status, count] of Object.entries(counts)) {
      const code = statusCodes.get(status) ?? codeOf('admitted');
      this.counts[code] = (this.counts[code] ?? 0) + count;
    }
    const calling = codeOf('calling-provider');
    const moved = (to: Code, count: number): void => {
      const taken = Math.min(count, this.counts[calling] ?? 0);
      this.counts[calling] = (this.counts[calling] ?? 0) - taken;
      this.counts[to] = (this.counts[to] ?? 0) + taken;
    };
    moved(slotCode, phases['in-slot'] ?? 0);
    moved(codeOf('admitted'), phases['answered'] ?? 0);
    if (ended !== undefined) {
      const runs = ended.completed + ended.failed + ended.cancelled;
      for (const how of ['completed', 'failed', 'cancelled'] as const) {
        const code = codeOf(how);
        this.counts[code] = (this.counts[code] ?? 0) + ended[how];
      }
      if (runs > 0) {
        this.ended.add(nowMs, 0, runs);
        this.#endedAt.push({ atMs: nowMs, runs });
      }
    }
    if (gates !== undefined) {
      this.gates = gates.map(({ gate, status, limit, ceiling, inUse, line, coolForMs }) => {
        return {
          gate,
          status,
          limit,
          ceiling,
          inUse,
          queued: line.length,
          isCooling: coolForMs > 0,
        };
      });
    }
  }

  /** Counted from the rows where each run has one, because gates are read once a second only. */
  #inUse(): ReadonlyMap<string, number> | null {
    if (this.every !== 1) return null;
    const inUse = new Map<string, number>();
    for (const row of this.rows.sorted) {
      const provider = this.#providers[row];
      if (provider === null || provider === undefined) continue;
      if (this.history.get(row) === slotCode) inUse.set(provider, (inUse.get(provider) ?? 0) + 1);
    }
    return inUse.size === 0 ? null : inUse;
  }
}

function bandOf({ status, isCooling }: Gate): number {
  if (status === 'probing') return bands.probing;
  if (status === 'stalled' || status === 'parked') return bands.stalled;
  return isCooling || status === 'cooling' ? bands.cooling : bands.none;
}
