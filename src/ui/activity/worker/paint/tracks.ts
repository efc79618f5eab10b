/** The tracks under the weave: areas, lines and bars of a series of numbers. */
import { codeCount, codeOf, palette } from '../../../look/states.ts';
import { surfaces, type Colours } from './colours.ts';
import { stepMs } from '../history.ts';
import { bands, laneFields } from '../lanes.ts';
import type { Series } from '../series.ts';
import type { Paint } from './strip.ts';

export type Scale = { readonly fromMs: number; readonly toMs: number };

type Area = Parameters<Paint>[1];
type Surface = Parameters<Paint>[0];

function cleared(surface: Surface, { height, x0, x1 }: Area, { theme }: Colours): void {
  surface.fillStyle = surfaces[theme].bg;
  surface.fillRect(x0, 0, x1 - x0, height);
}

const timeOf = ({ fromMs, toMs }: Scale, { width }: Pick<Area, 'width'>, x: number): number =>
  fromMs + ((x + 0.5) / width) * (toMs - fromMs);

/** Each px column with the numbers of its time. */
function eachColumn(
  { width, x0, x1 }: Area,
  { fromMs, toMs }: Scale,
  series: Series,
  paint: (x: number, values: Float32Array) => void,
): void {
  for (let x = x0; x < x1; x++) {
    const values = series.at(timeOf({ fromMs, toMs }, { width }, x));
    if (values !== null) paint(x, values);
  }
}

/** All runs that have a row, stacked by state. */
export function paintStates(
  surface: Surface,
  area: Area,
  scale: Scale,
  series: Series,
  colours: Colours,
): void {
  cleared(surface, area, colours);
  eachColumn(area, scale, series, (x, values) => {
    let total = 0;
    for (let code = 1; code < codeCount; code++) total += values[code] as number;
    if (total === 0) return;
    let sum = 0;
    let bottom = area.height;
    for (let code = 1; code < codeCount; code++) {
      const count = values[code] as number;
      if (count === 0) continue;
      sum += count;
      const top = Math.round(area.height * (1 - sum / total));
      surface.fillStyle = colours.fills[code] ?? '';
      surface.fillRect(x, top, 1, bottom - top);
      bottom = top;
    }
  });
}

/** One number as an area, up to `most`. */
export function paintArea(
  surface: Surface,
  area: Area,
  scale: Scale,
  {
    series,
    field,
    most,
    colours,
  }: { series: Series; field: number; most: number; colours: Colours },
): void {
  cleared(surface, area, colours);
  surface.fillStyle = colours.fills[codeOf('calling-provider')] ?? '';
  const ink = palette[colours.theme]['calling-provider'].ink;
  eachColumn(area, scale, series, (x, values) => {
    const value = values[field] ?? 0;
    if (value === 0) return;
    const top = Math.round(area.height * (1 - value / Math.max(1, most)));
    surface.fillStyle = colours.fills[codeOf('calling-provider')] ?? '';
    surface.fillRect(x, top, 1, area.height - top);
    surface.fillStyle = ink;
    surface.fillRect(x, top, 1, 1);
  });
}

/** Area: slots in use. Line: limit. Dashes: ceiling. Band: cooling or stalled. Ticks below: 429. */
export function paintLane(
  surface: Surface,
  area: Area,
  scale: Scale,
  { series, most, colours }: { series: Series; most: number; colours: Colours },
): void {
  cleared(surface, area, colours);
  const { theme } = colours;
  const floor = Math.round(area.height * 0.86);
  const top = Math.round(area.height * 0.06);
  const yOf = (value: number): number =>
    Math.round(floor - (value / Math.max(1, most)) * (floor - top));
  let before: number | null = null;
  eachColumn(area, scale, series, (x, values) => {
    // A gate takes one call at least: nothing is known of it here.
    if ((values[laneFields.limit] ?? 0) === 0) return void (before = null);
    const band = values[laneFields.band] ?? 0;
    if (band !== bands.none) {
      surface.globalAlpha = 0.25;
      surface.fillStyle = palette[theme][band === bands.cooling ? 'backoff' : 'stalled'].fill;
      surface.fillRect(x, top, 1, floor - top);
      surface.globalAlpha = 1;
      if (band === bands.probing) surface.fillRect(x, top, 1, 3);
    }
    const used = yOf(values[laneFields.inUse] ?? 0);
    surface.fillStyle = colours.fills[codeOf('slot')] ?? '';
    surface.fillRect(x, used, 1, floor - used);
    surface.fillStyle = surfaces[theme].ink;
    const limit = yOf(values[laneFields.limit] ?? 0);
    const from = before === null ? limit : Math.min(limit, before);
    surface.fillRect(x, from, 1, Math.max(2, Math.abs(limit - (before ?? limit))));
    before = limit;
    const ceiling = values[laneFields.ceiling] ?? 0;
    if (ceiling > 0 && dashAt(scale, area, x)) surface.fillRect(x, yOf(ceiling), 1, 1);
    const refused = refusedAt(x, { series, scale, area });
    if (refused > 0) {
      const room = area.height - floor - 3;
      const tall = Math.max(3, Math.round(room * Math.min(1, (1 + Math.log2(refused)) / 4)));
      surface.fillStyle = palette[theme].backoff.ink;
      surface.fillRect(x, floor + 2, 2, tall);
    }
  });
}

/** 429s of the steps that begin within a column: a column may hold several steps, and a step several columns. */
function refusedAt(
  x: number,
  { series, scale, area }: { series: Series; scale: Scale; area: Area },
): number {
  const toMs = timeOf(scale, area, x + 0.5);
  let refused = 0;
  let ms = Math.ceil(timeOf(scale, area, x - 0.5) / stepMs) * stepMs;
  for (; ms < toMs; ms += stepMs) refused += series.at(ms)?.[laneFields.refused] ?? 0;
  return refused;
}

/** Dashes stand at their time, so that they move with what is shifted. */
function dashAt({ fromMs, toMs }: Scale, { width }: Area, x: number): boolean {
  const pxMs = (toMs - fromMs) / width;
  return Math.floor((fromMs / pxMs + x) / 3) % 2 === 0;
}

/** Runs that ended, a bar for each second. */
export function paintBars(
  surface: Surface,
  area: Area,
  scale: Scale,
  { series, most, colours }: { series: Series; most: number; colours: Colours },
): void {
  cleared(surface, area, colours);
  surface.fillStyle = surfaces[colours.theme].bar;
  const pxMs = (scale.toMs - scale.fromMs) / area.width;
  const barMs = Math.max(1_000, Math.ceil((3 * pxMs) / 1_000) * 1_000);
  const first = Math.floor((scale.fromMs + area.x0 * pxMs) / barMs) * barMs;
  for (let ms = first; ms < scale.fromMs + area.x1 * pxMs; ms += barMs) {
    let ended = 0;
    for (let at = ms; at < ms + barMs; at += stepMs) ended += series.at(at)?.[0] ?? 0;
    const tall = Math.round((area.height * ended) / Math.max(1, (most * barMs) / 1_000));
    const x = Math.round((ms - scale.fromMs) / pxMs);
    const wide = Math.max(1, Math.round(barMs / pxMs) - 1);
    surface.fillRect(x, area.height - tall, wide, tall);
  }
}

/** Two lines: half of the pipelines took no longer than the first, 95 of 100 no longer than the second. */
export function paintLatency(
  surface: Surface,
  area: Area,
  scale: Scale,
  { series, most, colours }: { series: Series; most: number; colours: Colours },
): void {
  cleared(surface, area, colours);
  for (const [field, style] of [
    [0, surfaces[colours.theme].ink3],
    [1, surfaces[colours.theme].ink],
  ] as const) {
    let before: number | null = null;
    surface.fillStyle = style;
    eachColumn(area, scale, series, (x, values) => {
      const value = values[field] ?? 0;
      if (value === 0) return;
      const y = Math.min(
        area.height - 2,
        Math.round(area.height * (1 - value / Math.max(1, most))),
      );
      const from = before === null ? y : Math.min(y, before);
      surface.fillRect(x, from, 1, Math.max(2, Math.abs(y - (before ?? y))));
      before = y;
    });
  }
}
