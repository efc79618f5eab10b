/**
 * What each run was seen in over time: one byte for each row and step of 200 ms, step by step in a ring.
 *
 * It owns the ring and the newest byte of each row. It leaves to Rows which run a row belongs to.
 *
 * 1. Its memory is bounded: `columns` steps of `rowsMax` rows.
 * 2. A step that nobody has told of has the bytes of the step before.
 */
import type { Code } from '../../look/states.ts';

export const stepMs = 200;

export class History {
  readonly columns: number;
  #stride: number;
  #ring: Uint8Array;
  #now: Uint8Array;
  /** The newest step that is written; steps are counted from 1970. */
  #head: number;
  #first: number;

  constructor({ columns, rows, nowMs }: { columns: number; rows: number; nowMs: number }) {
    this.columns = columns;
    this.#stride = rows;
    this.#ring = new Uint8Array(columns * rows);
    this.#now = new Uint8Array(rows);
    this.#head = Math.floor(nowMs / stepMs);
    this.#first = this.#head;
  }

  get headMs(): number {
    return (this.#head + 1) * stepMs;
  }

  /** Where what is known begins. */
  get firstMs(): number {
    return Math.max(this.#first, this.#head - this.columns + 1) * stepMs;
  }

  set(row: number, code: Code): void {
    if (row >= this.#stride) this.#grow(row + 1);
    this.#now[row] = code;
  }

  get(row: number): Code {
    return this.#now[row] ?? 0;
  }

  /** Writes the newest bytes into each step up to this instant. */
  advance(nowMs: number): void {
    const step = Math.floor(nowMs / stepMs);
    const from = Math.max(this.#head + 1, step - this.columns + 1);
    for (let at = from; at <= step; at++) this.#ring.set(this.#now, this.#offset(at));
    if (step > this.#head) this.#head = step;
    else this.#ring.set(this.#now, this.#offset(this.#head));
  }

  /** The bytes of the step that an instant lies in; null where nothing is known. */
  at(ms: number): Uint8Array | null {
    const step = Math.floor(ms / stepMs);
    if (step > this.#head || step < this.#first || step <= this.#head - this.columns) return null;
    const offset = this.#offset(step);
    return this.#ring.subarray(offset, offset + this.#stride);
  }

  /** Takes what is known of the time before: `codes` by row at each step from `fromMs` on. */
  seed(fromMs: number, steps: number, codeAt: (step: number, into: Uint8Array) => void): void {
    const first = Math.floor(fromMs / stepMs);
    for (let i = 0; i < steps; i++) {
      const step = first + i;
      if (step >= this.#head || step <= this.#head - this.columns) continue;
      const offset = this.#offset(step);
      codeAt(i, this.#ring.subarray(offset, offset + this.#stride));
    }
    this.#first = Math.min(this.#first, Math.max(first, this.#head - this.columns + 1));
  }

  /** The row is to be another run's: nothing of it is left. */
  wipe(row: number): void {
    for (let at = row; at < this.#ring.length; at += this.#stride) this.#ring[at] = 0;
    this.#now[row] = 0;
  }

  #offset(step: number): number {
    return (step % this.columns) * this.#stride;
  }

  #grow(rows: number): void {
    const stride = Math.max(rows, this.#stride * 2);
    const ring = new Uint8Array(this.columns * stride);
    for (let column = 0; column < this.columns; column++) {
      const from = column * this.#stride;
      ring.set(this.#ring.subarray(from, from + this.#stride), column * stride);
    }
    const now = new Uint8Array(stride);
    now.set(this.#now);
    this.#ring = ring;
    this.#now = now;
    this.#stride = stride;
  }
}
