/**
 * Brings the past into the picture: rows of runs that have ended, what each row was in, the tracks. Phases stand in no
 * journal: a run that called a provider is drawn as one that waits for a slot.
 */
import type { WeaveRun } from '../../../../client/index.ts';
import { codeOfRun, type Code } from '../../../look/states.ts';
import type { History, Piece } from '../history.ts';
import type { Pipelines } from '../pipelines.ts';
import type { Rows } from '../rows.ts';
import type { Series } from '../series.ts';
import { endOf, endsOf, tracksOf } from './past-tracks.ts';
import type { Past } from './past.ts';
import type { Unwatched } from './unwatched.ts';

/** What the past fills of a picture. */
type Filled = {
  readonly history: History;
  readonly rows: Rows;
  readonly pipelines: Pipelines;
  readonly unwatched: Unwatched;
  readonly counts: Float32Array;
  readonly every: number;
  readonly states: Series;
  readonly line: Series;
  readonly ended: Series;
  readonly latency: Series;
  readonly laneOf: (gate: string) => Series;
};

export function fillPast(picture: Filled, past: Past, nowMs: number): void {
  const { weave } = past;
  const { history, unwatched } = picture;
  history.reachBack(weave.fromMs);
  const pieces: Piece[] = [];
  const before = picture.counts.slice();
  for (const run of weave.runs) {
    const row = rowOf(picture, run);
    if (row === null) continue;
    for (const span of unwatched.ofRow(row)) pieces.push(...piecesOf(run, row, span, nowMs));
    unwatched.watchedFrom(row, 0);
  }
  history.fill(pieces);
  fillTracks(picture, past);
  endedBefore(picture, before);
  const openedMs = history.headMs;
  const ends = endsOf(weave).ends.filter(({ atMs }) => atMs > openedMs - 60_000);
  if (!unwatched.isFirst) return;
  picture.pipelines.before(ends);
  const latency = picture.pipelines.latencyMs(nowMs);
  if (latency === null || unwatched.watchedMs === null) return;
  picture.latency.correct(unwatched.watchedMs, (values) => {
    if (values[1] === 0) values.set([latency.p50, latency.p95]);
  });
}

/** What has been drawn since the stream told, and before the past was there, did not know of these ends. */
function endedBefore({ counts, states, unwatched }: Filled, before: Float32Array): void {
  if (unwatched.watchedMs === null) return;
  states.correct(unwatched.watchedMs, (values) => {
    for (let code = 0; code < values.length; code++)
      values[code] = (values[code] as number) + (counts[code] as number) - (before[code] as number);
  });
}

/** Its row, made for one that has ended. Open runs have theirs from the stream, which alone knows of them now. */
function rowOf(picture: Filled, run: WeaveRun): number | null {
  const { rows, history, pipelines, unwatched } = picture;
  const endedMs = endOf(run);
  const known = rows.rowOf(run.runId);
  if (endedMs === null) return known ?? null;
  const code = codeOfRun(run.steps.at(-1)?.status ?? '', null);
  if (known === undefined) {
    const row = rows.takeFree(run);
    if (row === null) return null;
    unwatched.watchedFrom(row, Number.POSITIVE_INFINITY);
    pipelines.began(run);
    endedIn(picture, { row, code, endedMs });
    return row;
  }
  // It ended while nobody told of it.
  if (history.get(known) === 0) endedIn(picture, { row: known, code, endedMs });
  return known;
}

function endedIn(
  { rows, history, counts, every }: Filled,
  { row, code, endedMs }: { row: number; code: Code; endedMs: number },
): void {
  history.set(row, code);
  rows.ended(row, endedMs);
  counts[code] = (counts[code] ?? 0) + every;
}

type Span = { readonly fromMs: number; readonly toMs: number };

function piecesOf({ steps }: WeaveRun, row: number, span: Span, nowMs: number): readonly Piece[] {
  return steps.flatMap(({ atMs, status }, i) => {
    const fromMs = Math.max(atMs, span.fromMs);
    const toMs = Math.min(steps[i + 1]?.atMs ?? nowMs, span.toMs);
    return fromMs < toMs ? [{ row, fromMs, toMs, code: codeOfRun(status, null) }] : [];
  });
}

function fillTracks(picture: Filled, past: Past): void {
  const tracks = tracksOf(past);
  for (const span of picture.unwatched.ofTracks) {
    const known = { fromMs: Math.max(span.fromMs, past.weave.fromMs), toMs: span.toMs };
    if (known.fromMs >= known.toMs) continue;
    const { states, line, ended, latency } = picture;
    states.fill(known, tracks.states);
    ended.fill(known, (ms) => [tracks.ended(ms)]);
    fillOne(line, known, tracks.line);
    latency.fill(known, (ms) => {
      const of = tracks.latency(ms);
      return of === null ? null : [of.p50, of.p95];
    });
    for (const [gate, valuesAt] of tracks.lanes) picture.laneOf(gate).fill(known, valuesAt);
  }
}

function fillOne(series: Series, span: Span, valueAt: (ms: number) => number | null): void {
  series.fill(span, (ms) => {
    const value = valueAt(ms);
    return value === null ? null : [value];
  });
}
