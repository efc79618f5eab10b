/**
 * Brings the past into the picture: rows of runs that have ended, what each row was in, the tracks. A run that called
 * a provider without a phase is drawn as one that waits for a slot.
 */
import type { WeaveRun } from '../../../../client/index.ts';
import { codeOfRun, type Code } from '../../../look/states.ts';
import type { History, Piece } from '../history.ts';
import type { Pipelines } from '../pipelines.ts';
import type { Rows } from '../rows.ts';
import type { Series } from '../series.ts';
import { endOf, endsOf, tracksOf, type PastTracks } from './past-tracks.ts';
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

/** So many runs, and so long a time of the tracks, are filled at once. */
const pieceRuns = 400;
const pieceMs = 60_000;

/** In pieces, between which others may work: the picture is whole after each. */
export function* fillPast(picture: Filled, past: Past): Generator<void, void> {
  const { weave } = past;
  const { history, unwatched, counts, states } = picture;
  history.reachBack(weave.fromMs);
  // What ended is counted at the end, at once: what is drawn meanwhile does not know of it.
  const ended = new Float32Array(counts.length);
  try {
    for (let at = 0; at < weave.runs.length; at += pieceRuns) {
      fillRuns(picture, weave.runs.slice(at, at + pieceRuns), ended);
      yield;
    }
    yield* fillTracks(picture, past);
  } finally {
    for (const [code, count] of ended.entries()) counts[code] = (counts[code] ?? 0) + count;
    if (unwatched.watchedMs !== null)
      states.correct(unwatched.watchedMs, (values) => {
        for (const [code, count] of ended.entries()) values[code] = (values[code] ?? 0) + count;
      });
  }
  const openedMs = history.headMs;
  const ends = endsOf(weave).ends.filter(({ atMs }) => atMs > openedMs - 60_000);
  if (!unwatched.isFirst) return;
  picture.pipelines.before(ends);
  const latency = picture.pipelines.latencyMs(openedMs);
  if (latency === null || unwatched.watchedMs === null) return;
  picture.latency.correct(unwatched.watchedMs, (values) => {
    if (values[1] === 0) values.set([latency.p50, latency.p95]);
  });
}

function fillRuns(picture: Filled, runs: readonly WeaveRun[], ended: Float32Array): void {
  const { history, unwatched } = picture;
  const pieces: Piece[] = [];
  for (const run of runs) {
    const row = rowOf(picture, run, ended);
    if (row === null) continue;
    for (const span of unwatched.ofRow(row))
      for (const piece of piecesOf(run, row, span, history.headMs)) pieces.push(piece);
    unwatched.watchedFrom(row, 0);
  }
  history.fill(pieces);
}

/** Its row, made for one that has ended. Open runs have theirs from the stream, which alone knows of them now. */
function rowOf(picture: Filled, run: WeaveRun, ended: Float32Array): number | null {
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
    endedIn(picture, { row, code, endedMs }, ended);
    return row;
  }
  // It ended while nobody told of it.
  if (history.get(known) === 0) endedIn(picture, { row: known, code, endedMs }, ended);
  return known;
}

function endedIn(
  { rows, history, every }: Filled,
  { row, code, endedMs }: { row: number; code: Code; endedMs: number },
  ended: Float32Array,
): void {
  history.set(row, code);
  rows.ended(row, endedMs);
  ended[code] = (ended[code] ?? 0) + every;
}

type Span = { readonly fromMs: number; readonly toMs: number };

function piecesOf({ steps }: WeaveRun, row: number, span: Span, nowMs: number): readonly Piece[] {
  return steps.flatMap(({ atMs, status, phase }, i) => {
    const fromMs = Math.max(atMs, span.fromMs);
    const toMs = Math.min(steps[i + 1]?.atMs ?? nowMs, span.toMs);
    return fromMs < toMs ? [{ row, fromMs, toMs, code: codeOfRun(status, phase) }] : [];
  });
}

/** From the newest on back, so that what is known has no hole between two pieces. */
function* fillTracks(picture: Filled, past: Past): Generator<void, void> {
  const tracks = tracksOf(past);
  yield;
  for (const span of picture.unwatched.ofTracks) {
    const fromMs = Math.max(span.fromMs, past.weave.fromMs);
    // Gates are told a moment after the runs: until then the last count stands.
    for (const [gate, valuesAt] of tracks.lanes) {
      const lane = picture.laneOf(gate);
      const toMs = Math.max(span.toMs, lane.firstMs ?? span.toMs);
      if (fromMs < toMs) lane.fill({ fromMs, toMs }, valuesAt);
    }
    yield;
    for (let toMs = span.toMs; toMs > fromMs; toMs -= pieceMs) {
      fillPiece(picture, tracks, { fromMs: Math.max(fromMs, toMs - pieceMs), toMs });
      yield;
    }
  }
}

function fillPiece(picture: Filled, tracks: PastTracks, span: Span): void {
  const { states, line, ended, latency } = picture;
  states.fill(span, tracks.states);
  ended.fill(span, (ms) => [tracks.ended(ms)]);
  fillOne(line, span, tracks.line);
  latency.fill(span, (ms) => {
    const of = tracks.latency(ms);
    return of === null ? null : [of.p50, of.p95];
  });
}

function fillOne(series: Series, span: Span, valueAt: (ms: number) => number | null): void {
  series.fill(span, (ms) => {
    const value = valueAt(ms);
    return value === null ? null : [value];
  });
}
