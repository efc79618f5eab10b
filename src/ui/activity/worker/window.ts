/**
 * Which time and which rows are shown. While it is live its right edge is now, and moves by whole device px, so that
 * canvases can be shifted.
 */
import type { View } from './paint/weave-raster.ts';

const wholeSpanMs = 60_000;
const shortestMs = 4_000;
const fewestRows = 4;

export class Window {
  /** How long a time is shown. */
  #spanMs = wholeSpanMs;
  /** Null: live. */
  #toMs: number | null = null;
  #fromRow = 0;
  /** Null: all rows. */
  #rows: number | null = null;

  get isLive(): boolean {
    return this.#toMs === null;
  }

  get showsAll(): boolean {
    return this.#toMs === null && this.#rows === null && this.#spanMs === wholeSpanMs;
  }

  view({ nowMs, width, rows }: { nowMs: number; width: number; rows: number }): View {
    const pxMs = this.#spanMs / width;
    const toMs = this.#toMs ?? Math.floor(nowMs / pxMs) * pxMs;
    const shown = Math.min(this.#rows ?? rows, rows);
    const fromRow = Math.max(0, Math.min(this.#fromRow, rows - shown));
    return { fromMs: toMs - this.#spanMs, toMs, fromRow, toRow: fromRow + Math.max(1, shown) };
  }

  zoom(
    view: View,
    { x, y, by, axes }: { x: number; y: number; by: number; axes: 'both' | 'rows' },
    bounds: { nowMs: number; rows: number; longestMs: number },
  ): void {
    const rows = view.toRow - view.fromRow;
    const wanted = Math.min(Math.max(rows * by, fewestRows), Math.max(bounds.rows, fewestRows));
    this.#fromRow = view.fromRow + y * (rows - wanted);
    this.#rows = wanted >= bounds.rows ? null : wanted;
    if (axes === 'rows') return;
    const spanMs = Math.min(Math.max(this.#spanMs * by, shortestMs), bounds.longestMs);
    // At the right edge it stays live.
    if (this.#toMs !== null || x < 0.98) {
      const at = view.fromMs + x * (view.toMs - view.fromMs);
      const toMs = at + (1 - x) * spanMs;
      this.#toMs = toMs >= bounds.nowMs ? null : toMs;
    }
    this.#spanMs = spanMs;
  }

  /** By parts of what is shown. */
  pan(
    view: View,
    { x, y }: { x: number; y: number },
    bounds: { nowMs: number; rows: number },
  ): void {
    const toMs = view.toMs - x * (view.toMs - view.fromMs);
    this.#toMs = toMs >= bounds.nowMs ? null : toMs;
    const rows = view.toRow - view.fromRow;
    this.#fromRow = Math.max(0, Math.min(view.fromRow - y * rows, bounds.rows - rows));
  }

  /** Of `toMs` null the right edge is now. */
  show(spanMs: number, toMs: number | null, longestMs: number): void {
    this.#spanMs = Math.min(Math.max(spanMs, shortestMs), longestMs);
    this.#toMs = toMs;
  }

  all(): void {
    this.#toMs = null;
    this.#rows = null;
    this.#fromRow = 0;
    this.#spanMs = wholeSpanMs;
  }
}
