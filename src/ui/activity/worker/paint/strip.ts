/**
 * A track's canvas. It paints what has become new at its right edge and shifts the rest; all of it only when the
 * view, the size or the colours have changed.
 */
import type { Size } from '../../words.ts';

export type Paint = (
  surface: OffscreenCanvasRenderingContext2D,
  area: {
    readonly width: number;
    readonly height: number;
    readonly x0: number;
    readonly x1: number;
  },
) => void;

export class Strip {
  readonly #canvas: OffscreenCanvas;
  readonly #surface: OffscreenCanvasRenderingContext2D;
  readonly #paint: Paint;
  #span: { readonly fromMs: number; readonly toMs: number } | null = null;

  constructor(canvas: OffscreenCanvas, size: Size, paint: Paint) {
    this.#canvas = canvas;
    const surface = canvas.getContext('2d', { alpha: false });
    if (surface === null) throw new TypeError('this browser has no 2d canvas in workers');
    this.#surface = surface;
    this.#paint = paint;
    this.resize(size);
  }

  get width(): number {
    return this.#canvas.width;
  }

  resize({ width, height, ratio }: Size): void {
    this.#canvas.width = Math.max(1, Math.round(width * ratio));
    this.#canvas.height = Math.max(1, Math.round(height * ratio));
    this.#span = null;
  }

  /** Everything has to be painted anew. */
  stale(): void {
    this.#span = null;
  }

  /** `toMs - fromMs` is the same as before, and the shift a whole number of px: then the strip alone is painted. */
  draw(fromMs: number, toMs: number): void {
    const { width, height } = this.#canvas;
    const before = this.#span;
    const shift = before === null ? 0 : ((toMs - before.toMs) / (toMs - fromMs)) * width;
    const px = Math.round(shift);
    const isShift =
      before !== null &&
      Math.abs(toMs - fromMs - (before.toMs - before.fromMs)) < 1e-6 * (toMs - fromMs) &&
      px >= 0 &&
      px < width;
    this.#span = { fromMs, toMs };
    if (!isShift) return this.#paint(this.#surface, { width, height, x0: 0, x1: width });
    if (px === 0) return;
    this.#surface.globalCompositeOperation = 'copy';
    this.#surface.drawImage(this.#canvas, -px, 0);
    this.#surface.globalCompositeOperation = 'source-over';
    this.#paint(this.#surface, { width, height, x0: width - px, x1: width });
  }
}
