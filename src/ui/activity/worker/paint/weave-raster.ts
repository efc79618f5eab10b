/** The weave where a run has less than 2.5 px: pixels from the bytes of the history. Colours are never blended. */
import { codeOf, type Code } from '../../../look/states.ts';
import type { History } from '../history.ts';
import type { Band } from '../rows.ts';

export type View = {
  readonly fromMs: number;
  readonly toMs: number;
  /** Places in the order of rows; fractions while somebody zooms. */
  readonly fromRow: number;
  readonly toRow: number;
};

export type Raster = {
  readonly history: History;
  readonly sorted: Int32Array;
  readonly bands: readonly Band[];
  readonly view: View;
  /** By code, as the bytes of an image: 0xAABBGGRR. */
  readonly colours: Uint32Array;
  /** Rows of a band stand for the quantiles of its runs; else each is one run of several. */
  readonly quantiles: boolean;
};

/** These win their pixel row, because nobody may overlook them. */
const winners = new Set<Code>([codeOf('stalled'), codeOf('failed'), codeOf('waiting-on-person')]);
const winning = Uint8Array.from({ length: 16 }, (_, code) => (winners.has(code) ? 1 : 0));

/** Paints the columns from `x0` up to `x1` of an image that is `width` px wide in whole. */
export function paintRaster(
  pixels: Uint32Array,
  { width, height, x0, x1 }: { width: number; height: number; x0: number; x1: number },
  raster: Raster,
): void {
  const { history, view, colours } = raster;
  const strip = x1 - x0;
  const spans = raster.quantiles ? bandSpans(raster, height) : rowSpans(raster, height);
  const codes = new Uint8Array(height);
  let before: Uint8Array | null | undefined;
  for (let x = 0; x < strip; x++) {
    const ms = view.fromMs + ((x0 + x + 0.5) / width) * (view.toMs - view.fromMs);
    const column = history.at(ms);
    if (column !== before || column === null) {
      if (column === null) codes.fill(0);
      else if (raster.quantiles) quantileCodes(codes, column, raster.sorted, spans);
      else rowCodes(codes, column, raster.sorted, spans);
    }
    before = column;
    for (let y = 0, at = x; y < height; y++, at += strip) {
      pixels[at] = colours[codes[y] as number] as number;
    }
  }
}

/** For each pixel row, from which place of the order up to which: two numbers each. */
function rowSpans({ view, sorted }: Raster, height: number): Int32Array {
  const spans = new Int32Array(height * 2);
  const perPx = (view.toRow - view.fromRow) / height;
  for (let y = 0; y < height; y++) {
    const from = Math.floor(view.fromRow + y * perPx);
    const to = Math.max(from + 1, Math.floor(view.fromRow + (y + 1) * perPx));
    spans[2 * y] = Math.max(0, from);
    spans[2 * y + 1] = Math.min(sorted.length, to);
  }
  return spans;
}

function rowCodes(
  codes: Uint8Array,
  column: Uint8Array,
  sorted: Int32Array,
  spans: Int32Array,
): void {
  for (let y = 0; y < codes.length; y++) {
    const from = spans[2 * y] as number;
    const to = spans[2 * y + 1] as number;
    let code = from < to ? (column[sorted[from] as number] as number) : 0;
    for (let at = from + 1; at < to; at++) {
      const one = column[sorted[at] as number] as number;
      if (winning[one] === 1) code = one;
    }
    codes[y] = code;
  }
}

/** For each pixel row its band: from, to, the row's place in the band and the band's height; four numbers each. */
function bandSpans({ bands, view }: Raster, height: number): Int32Array {
  const spans = new Int32Array(height * 4);
  const pxPerRow = height / (view.toRow - view.fromRow);
  let index = 0;
  for (let y = 0; y < height; y++) {
    const place = view.fromRow + (y + 0.5) / pxPerRow;
    while (index < bands.length - 1 && (bands[index] as Band).to <= place) index++;
    const band = bands[index];
    if (band === undefined || place >= band.to) continue;
    // Bands thinner than a pixel share one.
    const top = Math.round((band.from - view.fromRow) * pxPerRow);
    const bottom = Math.max(top + 1, Math.round((band.to - view.fromRow) * pxPerRow));
    spans.set([band.from, band.to, Math.max(0, y - top), bottom - top], 4 * y);
  }
  return spans;
}

const counts = new Int32Array(16);

function quantileCodes(
  codes: Uint8Array,
  column: Uint8Array,
  sorted: Int32Array,
  spans: Int32Array,
): void {
  let counted = -1;
  let total = 0;
  for (let y = 0; y < codes.length; y++) {
    const from = spans[4 * y] as number;
    const to = spans[4 * y + 1] as number;
    if (to <= from) {
      codes[y] = 0;
      continue;
    }
    if (from !== counted) {
      counts.fill(0);
      for (let at = from; at < to; at++) {
        const code = column[sorted[at] as number] as number;
        counts[code] = (counts[code] as number) + 1;
      }
      counted = from;
      total = to - from;
    }
    codes[y] = quantile(spans[4 * y + 2] as number, spans[4 * y + 3] as number, total);
  }
}

/** Stacks grow from the bottom: the lowest pixel row has the first codes. */
function quantile(nth: number, rows: number, total: number): Code {
  const wanted = ((rows - nth - 0.5) / rows) * total;
  // What has not begun lies on top.
  let sum = 0;
  for (let code = 1; code < 16; code++) {
    sum += counts[code] as number;
    if (wanted < sum) return code;
  }
  return 0;
}
