/**
 * The activity as the worker holds it: the rows, their history, the series of the tracks. Pure of the browser but for
 * numbers; Painter draws it.
 *
 * 1. A run's state never gives way to an older one: turns only grow.
 * 2. What a reset does not name has ended, or is not among the rows that are sent any more.
 * 3. What was watched stays as it was watched; the past fills only what nobody has watched.
 */
import {
  codeCount,
  codeOf,
  codeOfRun,
  isEnded,
  looks,
  slotCode,
  type Code,
  type Look,
} from '../../look/states.ts';
import { Ends } from './rate/ends.ts';
import type { Frame, RowFrame } from './frames.ts';
import { History } from './history.ts';
import { laneFields, laneValues } from './lanes.ts';
import { fillPast } from './past/fill-past.ts';
import type { Past } from './past/past.ts';
import { Unwatched } from './past/unwatched.ts';
import { Pipelines, type Latency } from './pipelines.ts';
import { Rows, rowsMax, type RowRun } from './rows.ts';
import { Series } from './series.ts';
import type { Gate, UserShare } from './shown.ts';

/** 15 minutes of steps. */
const columns = 4_500;
const windowMs = 15 * 60_000;

const statusCodes: ReadonlyMap<string, Code> = new Map(looks.map((look, code) => [look, code]));
const hasEnded = (code: Code): boolean => code > 0 && isEnded(looks[code] as Look);

export class Picture {
  readonly history: History;
  readonly rows: Rows;
  readonly states = new Series({ columns, fields: codeCount });
  readonly line = new Series({ columns, fields: 1 });
  readonly ended = new Series({ columns, fields: 1, moments: [0] });
  readonly latency = new Series({ columns, fields: 2 });
  readonly lanes = new Map<string, Series>();
  readonly pipelines = new Pipelines();
  readonly unwatched = new Unwatched();
  gates: readonly Gate[] = [];
  total = 0;
  every = 1;
  isWhole = true;
  /** The counts by code, as the server counts: of all runs that are open, and of what ended in the time that is known. */
  readonly counts = new Float32Array(codeCount);
  readonly #turns: number[] = [];
  readonly #providers: (string | null)[] = [];
  /** By gate: its 429s in all, and those of them that are not drawn yet. */
  readonly #refused = new Map<string, { inAll: number; fresh: number }>();
  #heardMs: number | null = null;
  #resets = 0;
  readonly #ends = new Ends();

  constructor(nowMs: number) {
    this.history = new History({ columns, rows: rowsMax, nowMs });
    this.rows = new Rows((row) => this.#wiped(row));
  }

  reset(frame: Frame, nowMs: number): void {
    this.#resets += 1;
    this.history.advanceBefore(nowMs);
    const every = frame.every ?? 1;
    const isOther = every !== this.every;
    this.every = every;
    this.unwatched.heardAgain(nowMs, isOther);
    const seen = new Set<string>();
    for (const row of frame.rows ?? []) {
      seen.add(row.runId);
      this.#take(row, nowMs);
    }
    for (const row of Int32Array.from(this.rows.all())) {
      const run = this.rows.runAt(row);
      if (run === null || seen.has(run.runId)) continue;
      const code = this.history.get(row);
      if (code !== 0 && !hasEnded(code)) this.#gone(run, row, nowMs);
      // Other runs are drawn now. Those of them that have ended come with the past.
      if (isOther) this.rows.drop(row);
    }
    this.isWhole = frame.isWhole ?? true;
    this.#counted(frame, nowMs);
    this.tick(nowMs);
  }

  frame(frame: Frame, nowMs: number): void {
    this.history.advanceBefore(nowMs);
    for (const row of frame.changes ?? []) this.#take(row, nowMs);
    // What has changed meanwhile is not told.
    if (frame.resync === true) this.unwatched.lost(nowMs);
    this.#counted(frame, nowMs);
  }

  /** The stream began again: what it told last may be long ago. */
  begunAgain(): void {
    if (this.#heardMs !== null) this.unwatched.lost(this.#heardMs);
  }

  /** Takes what was before. False: it is of other runs than those that are drawn now. */
  past(past: Past, nowMs: number): boolean {
    const pieces = this.pastInPieces(past);
    let piece = pieces.next();
    while (piece.done !== true) piece = pieces.next();
    this.tick(nowMs);
    return piece.value;
  }

  /** As `past`, in pieces between which frames may come. False as well where the stream began anew meanwhile. */
  *pastInPieces(past: Past): Generator<void, boolean> {
    if (past.weave.every !== this.every) return false;
    const resets = this.#resets;
    for (const _ of fillPast(this, past)) {
      yield;
      if (this.#resets !== resets) return false;
    }
    this.unwatched.filled();
    return true;
  }

  /** Once a step, also when nothing is told. */
  tick(nowMs: number): void {
    this.rows.leave(nowMs - windowMs);
    this.history.advance(nowMs);
    if (this.#heardMs === null) return;
    this.states.put(nowMs, this.counts);
    this.line.put(nowMs, [this.counts[codeOf('calling-provider')] ?? 0]);
    this.ended.add(nowMs, 0, 0);
    const latency = this.latencyMs(nowMs);
    this.latency.put(nowMs, latency === null ? [0, 0] : [latency.p50, latency.p95]);
    const inUse = this.#inUse();
    for (const gate of this.gates) {
      const used = inUse?.get(gate.gate) ?? gate.inUse;
      const lane = this.laneOf(gate.gate);
      const refused = lane.at(nowMs)?.[laneFields.refused] ?? 0;
      const fresh = this.#refused.get(gate.gate)?.fresh ?? 0;
      lane.put(nowMs, laneValues(gate, { inUse: used, refused: refused + fresh }));
      if (fresh > 0) this.#refused.get(gate.gate)!.fresh = 0;
    }
  }

  laneOf(gate: string): Series {
    const { fields, refused } = laneFields;
    const series = this.lanes.get(gate) ?? new Series({ columns, fields, moments: [refused] });
    this.lanes.set(gate, series);
    return series;
  }

  turnOf(row: number): number {
    return this.#turns[row] ?? 0;
  }

  get open(): number {
    let open = 0;
    for (let code = 1; code < codeCount; code++)
      if (!hasEnded(code)) open += this.counts[code] ?? 0;
    return open;
  }

  endedPerSecond(nowMs: number): number {
    return this.#ends.perSecond(nowMs);
  }

  latencyMs(nowMs: number): Latency | null {
    return this.pipelines.latencyMs(nowMs);
  }

  users(max: number): readonly UserShare[] {
    const byUser = new Map<string, number[]>();
    for (const row of this.rows.sorted) {
      const run = this.rows.runAt(row);
      if (run === null) continue;
      const counts = byUser.get(run.user) ?? Array.from({ length: codeCount }, () => 0);
      byUser.set(run.user, counts);
      const code = this.history.get(row);
      counts[code] = (counts[code] ?? 0) + this.every;
    }
    return [...byUser].slice(0, max).map(([user, counts]) => ({ user, counts }));
  }

  #take(frame: RowFrame, nowMs: number): void {
    const known = this.rows.rowOf(frame.runId);
    const row = known ?? this.#begun(frame, nowMs);
    if (row === null || frame.turn < (this.#turns[row] ?? 0)) return;
    const code = codeOfRun(frame.status, frame.phase);
    const before = this.history.get(row);
    // An end stands, and the past may have told of it before.
    if (hasEnded(before) && !hasEnded(code)) return;
    this.#turns[row] = frame.turn;
    this.#providers[row] = frame.phase === 'in-slot' ? frame.provider : null;
    this.history.set(row, code);
    if (!hasEnded(code) || hasEnded(before)) return;
    this.rows.ended(row, nowMs);
    const run = this.rows.runAt(row);
    if (run !== null) this.pipelines.ended(run, nowMs);
  }

  #begun({ runId, agent, user, pipeline, createdAtMs }: RowFrame, nowMs: number): number | null {
    if (agent === undefined || user === undefined || pipeline === undefined) return null;
    const run: RowRun = { runId, agent, user, pipeline, createdAtMs: createdAtMs ?? nowMs };
    const row = this.rows.take(run);
    if (row === null) return null;
    this.#turns[row] = 0;
    this.unwatched.watchedFrom(row, nowMs);
    this.pipelines.begun(run);
    return row;
  }

  /** It ended while nobody told of it. Until the past tells how, nothing is drawn of it. */
  #gone(run: RowRun, row: number, nowMs: number): void {
    this.history.set(row, 0);
    this.pipelines.gone(run);
    this.rows.ended(row, nowMs);
  }

  #wiped(row: number): void {
    this.history.wipe(row);
    this.unwatched.wiped(row);
    this.#turns[row] = 0;
    this.#providers[row] = null;
  }

  #counted(frame: Frame, nowMs: number): void {
    this.#heardMs = nowMs;
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
    this.total = this.open;
    if (ended !== undefined) {
      const runs = ended.completed + ended.failed + ended.cancelled;
      for (const how of ['completed', 'failed', 'cancelled'] as const) {
        const code = codeOf(how);
        this.counts[code] = (this.counts[code] ?? 0) + ended[how];
      }
      if (runs > 0) {
        this.ended.add(nowMs, 0, runs);
        this.#ends.ended(runs, nowMs);
      }
    }
    if (gates !== undefined) {
      for (const { gate, rateLimited } of gates) {
        const before = this.#refused.get(gate);
        const fresh = Math.max(0, rateLimited - (before?.inAll ?? rateLimited));
        this.#refused.set(gate, { inAll: rateLimited, fresh: (before?.fresh ?? 0) + fresh });
      }
      this.gates = gates.map(({ gate, status, limit, ceiling, inUse, line, coolForMs }) => {
        const isCooling = coolForMs > 0;
        return { gate, status, limit, ceiling, inUse, queued: line.length, isCooling };
      });
    }
  }

  /** Counted from the rows where each run has one, because gates are read once a second only. */
  #inUse(): ReadonlyMap<string, number> | null {
    if (this.every !== 1) return null;
    const inUse = new Map<string, number>();
    for (const row of this.rows.all()) {
      const provider = this.#providers[row];
      if (provider === null || provider === undefined) continue;
      if (this.history.get(row) === slotCode) inUse.set(provider, (inUse.get(provider) ?? 0) + 1);
    }
    return inUse.size === 0 ? null : inUse;
  }
}
