/** The weave where a run has 2.5 px or more: one thread for each run, lifted while it holds a slot. */
import { codeOf, isEnded, looks, type Code } from '../../../look/states.ts';
import type { Raster } from './weave-raster.ts';
import { stepMs } from '../history.ts';

type Surface = Pick<OffscreenCanvasRenderingContext2D, 'fillStyle' | 'fillRect'>;

const slot = codeOf('slot');

/** How much of its row's height a thread takes. */
function heightOf(code: Code, rowPx: number): number {
  if (code === slot) return Math.max(2, rowPx - 1);
  const look = looks[code];
  if (look !== undefined && look !== 'none' && isEnded(look)) return 1;
  return Math.max(1, rowPx / 2);
}

export function paintThreads(
  surface: Surface,
  { width, height, x0, x1 }: { width: number; height: number; x0: number; x1: number },
  { history, sorted, view }: Raster,
  fills: readonly string[],
): void {
  const rowPx = height / (view.toRow - view.fromRow);
  const pxPerMs = width / (view.toMs - view.fromMs);
  const first = Math.max(0, Math.floor(view.fromRow));
  const last = Math.min(sorted.length, Math.ceil(view.toRow));
  const fromMs = view.fromMs + x0 / pxPerMs;
  const toMs = view.fromMs + x1 / pxPerMs;
  const start = Math.floor(fromMs / stepMs) * stepMs;
  const columns: (Uint8Array | null)[] = [];
  for (let ms = start; ms < toMs; ms += stepMs) columns.push(history.at(ms));
  for (let place = first; place < last; place++) {
    const row = sorted[place] as number;
    const y = (place - view.fromRow) * rowPx;
    let code = 0;
    let since = start;
    for (let at = 0; at <= columns.length; at++) {
      const now = columns[at]?.[row] ?? 0;
      if (now === code && at < columns.length) continue;
      const ms = start + at * stepMs;
      if (code !== 0) {
        const left = Math.max(x0, (since - view.fromMs) * pxPerMs);
        const right = Math.min(x1, (ms - view.fromMs) * pxPerMs);
        const tall = heightOf(code, rowPx);
        surface.fillStyle = fills[code] ?? '';
        surface.fillRect(left, y + (rowPx - tall) / 2, Math.max(0.5, right - left), tall);
      }
      code = now;
      since = ms;
    }
  }
}
