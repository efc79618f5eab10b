/** Draws a picture into the canvases of the page. It owns the window that is shown, and what is drawn where. */
import { looks, type Look } from '../../look/states.ts';
import type { Theme } from '../../shell/theme.ts';
import type { Cursor, FromWorker, Pointed, ShownRow, Size, TrackName } from '../words.ts';
import { coloursOf, type Colours } from './paint/colours.ts';
import type { Picture } from './picture.ts';
import type { Order } from './rows.ts';
import { Series } from './series.ts';
import { stepMs } from './history.ts';
import { Strip, type Paint } from './paint/strip.ts';
import { paintArea, paintBars, paintLane, paintLatency, paintStates } from './paint/tracks.ts';
import { paintRaster, type View } from './paint/weave-raster.ts';
import { paintThreads } from './paint/weave-threads.ts';
import { instantOf } from './paint/under.ts';
import { Window } from './window.ts';

const threadPx = 2.5;
/** From so many px a row on, there is room for words and arrows. */
const wordsPx = 5;
const longestMs = 15 * 60_000;
const none = new Series({ columns: 1, fields: 1 });

export class Painter {
  readonly window = new Window();
  readonly #picture: Picture;
  readonly #strips = new Map<TrackName, Strip>();
  readonly #sizes = new Map<TrackName, Size>();
  #colours: Colours;
  #order: Order = 'agent';
  #isolated: Look | null = null;
  #view: View = { fromMs: 0, toMs: 1, fromRow: 0, toRow: 1 };
  #drawn = '';
  #most = { line: 1, ended: 1, latency: 1 };

  constructor(picture: Picture, theme: Theme) {
    this.#picture = picture;
    this.#colours = coloursOf(theme, null);
  }

  take(track: TrackName, canvas: OffscreenCanvas, size: Size): void {
    this.#sizes.set(track, size);
    this.#strips.set(track, new Strip(canvas, size, this.#paintOf(track)));
  }

  resize(track: TrackName, size: Size): void {
    this.#sizes.set(track, size);
    this.#strips.get(track)?.resize(size);
  }

  recolour(theme: Theme, isolated: Look | null = this.#isolated): void {
    this.#isolated = isolated;
    this.#colours = coloursOf(theme, isolated);
    this.#stale();
  }

  isolate(look: Look | null): void {
    this.recolour(this.#colours.theme, look);
  }

  orderBy(order: Order): void {
    this.#order = order;
    this.#picture.rows.orderBy(order);
    this.#strips.get('weave')?.stale();
  }

  zoom(by: { x: number; y: number; by: number; axes: 'both' | 'rows' }, nowMs: number): void {
    this.window.zoom(this.#view, by, { nowMs, rows: this.#picture.rows.size, longestMs });
    this.#stale();
  }

  pan(by: { x: number; y: number }, nowMs: number): void {
    this.window.pan(this.#view, by, { nowMs, rows: this.#picture.rows.size });
    this.#stale();
  }

  show(spanMs: number, toMs: number | null): void {
    this.window.show(spanMs, toMs, longestMs);
    this.#stale();
  }

  all(): void {
    this.window.all();
    this.#stale();
  }

  /** What is new, or everything where the view has changed. */
  draw(nowMs: number): void {
    const rows = this.#picture.rows.size;
    const width = this.#strips.get('weave')?.width ?? 1;
    this.#view = this.window.view({ nowMs, width, rows });
    const { fromMs, toMs, fromRow, toRow } = this.#view;
    this.#scale(nowMs);
    const drawn = `${fromRow} ${toRow} ${this.#picture.rows.version}`;
    if (drawn !== this.#drawn) this.#strips.get('weave')?.stale();
    this.#drawn = drawn;
    for (const strip of this.#strips.values()) strip.draw(fromMs, toMs);
  }

  view(): Extract<FromWorker, { kind: 'view' }> {
    const { fromMs, toMs, fromRow, toRow } = this.#view;
    const size = this.#sizes.get('weave');
    const rows = Math.max(1, toRow - fromRow);
    const bands = this.#picture.rows.bands
      .filter(({ from, to }) => to > fromRow && from < toRow)
      .map(({ name, from, to }) => ({
        name,
        top: (Math.max(from, fromRow) - fromRow) / rows,
        bottom: (Math.min(to, toRow) - fromRow) / rows,
      }));
    const rowsPerPx = rows / Math.max(1, size?.height ?? 1);
    const shown = bands.length <= 40 ? bands : [];
    const { isLive, showsAll } = this.window;
    const rowsShown = rowsPerPx <= 1 / wordsPx ? this.#shown() : [];
    return {
      kind: 'view',
      fromMs,
      toMs,
      bands: shown,
      rowsPerPx,
      isLive,
      showsAll,
      rows: rowsShown,
    };
  }

  #shown(): readonly ShownRow[] {
    const { fromRow, toRow } = this.#view;
    const { rows } = this.#picture;
    const places = rows.sorted.subarray(Math.floor(fromRow), Math.ceil(toRow));
    return [...places].flatMap((row, at) => {
      const run = rows.runAt(row);
      if (run === null) return [];
      const { runId, agent, pipeline } = run;
      const y = (Math.floor(fromRow) + at + 0.5 - fromRow) / Math.max(1, toRow - fromRow);
      return [{ runId, agent, pipeline, turn: this.#picture.turnOf(row), y }];
    });
  }

  /** The tracks at the hairline, and the run under the pointer. */
  under({ x, y }: Cursor): Extract<FromWorker, { kind: 'under' }> {
    const { fromMs, toMs } = this.#view;
    const instant = instantOf(this.#picture, fromMs + x * (toMs - fromMs));
    return { kind: 'under', instant, run: y === null ? null : this.pointed(x, y) };
  }

  pointed(x: number, y: number): Pointed | null {
    const { fromMs, toMs, fromRow, toRow } = this.#view;
    const { rows, history } = this.#picture;
    const row = rows.sorted[Math.floor(fromRow + y * (toRow - fromRow))];
    const run = row === undefined ? null : rows.runAt(row);
    if (row === undefined || run === null) return null;
    const atMs = fromMs + x * (toMs - fromMs);
    const code = history.at(atMs)?.[row] ?? 0;
    let sinceMs = atMs;
    while (sinceMs > history.firstMs && history.at(sinceMs - stepMs)?.[row] === code)
      sinceMs -= stepMs;
    const { runId, agent, user, pipeline } = run;
    const look = code === 0 ? null : (looks[code] as Look);
    return { runId, agent, user, pipeline, look, sinceMs: code === 0 ? null : sinceMs, atMs };
  }

  /** The past has come: everything is to be painted anew, on scales that show it. */
  pastCame(): void {
    const { line, latency, ended } = this.#picture;
    this.#most = {
      line: Math.max(this.#most.line, niceAbove(line.most(0))),
      // Runs end in bursts, and bars are of a second or more.
      ended: Math.max(this.#most.ended, niceAbove((ended.most(0) * 1_000) / stepMs / 2)),
      latency: Math.max(this.#most.latency, niceAbove(latency.most(1) * 1.1)),
    };
    this.#stale();
  }

  #stale(): void {
    for (const strip of this.#strips.values()) strip.stale();
  }

  /** Scales grow with what they show; then their track is painted anew. */
  #scale(nowMs: number): void {
    const { line, latency } = this.#picture;
    const most = {
      line: Math.max(this.#most.line, niceAbove(line.at(nowMs)?.[0] ?? 0)),
      ended: Math.max(this.#most.ended, niceAbove(this.#picture.endedPerSecond(nowMs) * 1.5)),
      latency: Math.max(this.#most.latency, niceAbove((latency.at(nowMs)?.[1] ?? 0) * 1.1)),
    };
    if (most.line !== this.#most.line) this.#strips.get('line')?.stale();
    if (most.ended !== this.#most.ended) this.#strips.get('throughput')?.stale();
    if (most.latency !== this.#most.latency) this.#strips.get('latency')?.stale();
    this.#most = most;
  }

  #paintOf(track: TrackName): Paint {
    const { states, line, ended, latency, lanes } = this.#picture;
    if (track === 'weave') return (surface, area) => this.#weave(surface, area);
    if (track === 'states')
      return (surface, area) => paintStates(surface, area, this.#view, states, this.#colours);
    return (surface, area) => {
      const colours = this.#colours;
      if (track === 'line') {
        const of = { series: line, field: 0, most: this.#most.line, colours };
        paintArea(surface, area, this.#view, of);
      } else if (track === 'throughput') {
        paintBars(surface, area, this.#view, { series: ended, most: this.#most.ended, colours });
      } else if (track === 'latency') {
        paintLatency(surface, area, this.#view, {
          series: latency,
          most: this.#most.latency,
          colours,
        });
      } else {
        const gate = track.slice('lane '.length);
        const { limit = 1, ceiling = null } =
          this.#picture.gates.find((one) => one.gate === gate) ?? {};
        const most = Math.max(limit, ceiling ?? 0);
        paintLane(surface, area, this.#view, { series: lanes.get(gate) ?? none, most, colours });
      }
    };
  }

  #weave(surface: Parameters<Paint>[0], area: Parameters<Paint>[1]): void {
    const { history, rows } = this.#picture;
    const { fills, pixels } = this.#colours;
    const quantiles = this.#order !== 'agent';
    const { sorted, bands } = rows;
    const of = { history, sorted, bands, view: this.#view, colours: pixels, quantiles };
    const { width, height, x0, x1 } = area;
    const rowPx = height / (this.#view.toRow - this.#view.fromRow);
    if (rowPx >= threadPx * (this.#sizes.get('weave')?.ratio ?? 1)) {
      surface.fillStyle = fills[0] ?? '';
      surface.fillRect(x0, 0, x1 - x0, height);
      return paintThreads(surface, { width, height, x0, x1 }, of, fills);
    }
    const image = surface.createImageData(x1 - x0, height);
    paintRaster(new Uint32Array(image.data.buffer), { width, height, x0, x1 }, of);
    surface.putImageData(image, x0, 0);
  }
}

/** The next of 1, 2, 5, 10, 20 … above. */
function niceAbove(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, value)));
  return [1, 2, 5, 10].map((by) => by * power).find((nice) => nice >= value) ?? 10 * power;
}
