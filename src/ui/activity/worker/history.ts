/**
 * What each run was seen in over time: one byte for each row and step of 200 ms, step by step in a ring.
 *
 * It owns the ring and the newest byte of each row. It leaves to Rows which run a row belongs to.
 *
 * 1. Its memory is bounded: `columns` steps of `rows` rows. It is asked for at once, because a ring that grew would be
 *    copied, and that would be the longest task of the page. The system gives what is written, so `settle` writes to it
 *    piece by piece: a page that stays open has all its memory soon, and does not grow for a quarter of an hour.
 * 2. A step that nobody has told of has the bytes of the step before.
 * 3. Of a row that was wiped no byte is seen. Rows are wiped many at once, column by column: one by one, each byte
 *    would lie on a page of its own. No column is touched from before the row's first byte: where runs are short, that
 *    is a small part of the ring.
 */
import type { Code } from '../../look/states.ts';

export const stepMs = 200;
/** Systems give memory by pages of this size, or larger ones. */
const smallestPage = 4_096;

export const stepOf = (ms: number): number => Math.floor(ms / stepMs);

export class History {
  readonly columns: number;
  readonly #stride: number;
  readonly #ring: Uint8Array;
  readonly #now: Uint8Array;
  /** Rows from here on were never written. */
  #used = 0;
  /** The newest step that is written; steps are counted from 1970. */
  #head: number;
  #first: number;
  /** By row, the first step that it has a byte in since it was wiped. */
  readonly #begun: Float64Array;
  /** Wiped rows whose bytes still lie in the ring, from a step on. */
  #wiped: { readonly row: number; readonly from: number }[] = [];
  /** How much of the ring `settle` has written to. */
  #settled = 0;

  constructor({ columns, rows, nowMs }: { columns: number; rows: number; nowMs: number }) {
    this.columns = columns;
    this.#stride = rows;
    this.#ring = new Uint8Array(columns * rows);
    this.#now = new Uint8Array(rows);
    this.#begun = new Float64Array(rows).fill(Number.POSITIVE_INFINITY);
    this.#head = stepOf(nowMs);
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
    this.#use(row, this.#head);
    this.#now[row] = code;
  }

  get(row: number): Code {
    return this.#now[row] ?? 0;
  }

  /** Writes the newest bytes into each step up to this instant. */
  advance(nowMs: number): void {
    this.#clean();
    const step = stepOf(nowMs);
    const from = Math.max(this.#head + 1, step - this.columns + 1);
    const now = this.#now.subarray(0, this.#used);
    for (let at = from; at <= step; at++) this.#ring.set(now, this.#offset(at));
    if (step > this.#head) this.#head = step;
    else this.#ring.set(now, this.#offset(this.#head));
  }

  /** What is told at this instant is not of the steps before, even where these were not written in time. */
  advanceBefore(nowMs: number): void {
    if (stepOf(nowMs) - 1 > this.#head) this.advance(nowMs - stepMs);
  }

  /** The bytes of the step that an instant lies in; null where nothing is known. */
  at(ms: number): Uint8Array | null {
    if (this.#wiped.length > 0) this.#clean();
    const step = stepOf(ms);
    if (step > this.#head || step < this.#first || step <= this.#head - this.columns) return null;
    const offset = this.#offset(step);
    return this.#ring.subarray(offset, offset + this.#stride);
  }

  /** From this instant on something is known of what was before. What lies there is empty until it is filled. */
  reachBack(fromMs: number): void {
    this.#first = Math.min(this.#first, Math.max(stepOf(fromMs), this.#head - this.columns + 1));
  }

  /**
   * Takes what rows were in before; pieces of one row do not overlap. It goes step by
   * step and not row by row, because the bytes of a step lie together.
   */
  fill(pieces: readonly Piece[]): void {
    this.#clean();
    const oldest = Math.max(this.#first, this.#head - this.columns + 1);
    for (const { row, fromMs } of pieces) this.#use(row, Math.max(oldest, stepOf(fromMs)));
    const begins = Array.from({ length: Math.max(0, this.#head - oldest + 1) }, (): Piece[] => []);
    for (const piece of pieces) {
      const at = Math.max(0, stepOf(piece.fromMs) - oldest);
      if (stepOf(piece.toMs) > oldest + at) begins[at]?.push(piece);
    }
    const active: number[] = [];
    const isActive = new Uint8Array(this.#stride);
    const codes = new Uint8Array(this.#stride);
    const ends = new Int32Array(this.#stride);
    for (const [at, begun] of begins.entries()) {
      const offset = this.#offset(oldest + at);
      for (const { row, code, toMs } of begun) {
        codes[row] = code;
        ends[row] = stepOf(toMs) - oldest;
        if (isActive[row] === 0) active.push(row);
        isActive[row] = 1;
      }
      let kept = 0;
      for (const row of active) {
        if ((ends[row] as number) <= at) {
          isActive[row] = 0;
          continue;
        }
        this.#ring[offset + row] = codes[row] as number;
        active[kept++] = row;
      }
      active.length = kept;
    }
  }

  /** The row is to be another run's: nothing of it is left. */
  wipe(row: number): void {
    this.#now[row] = 0;
    this.#wiped.push({ row, from: this.#begun[row] ?? Number.POSITIVE_INFINITY });
    this.#begun[row] = Number.POSITIVE_INFINITY;
  }

  /** Writes to a further piece of the ring, whose bytes stay as they are. True: to the last one. */
  settle(bytes: number): boolean {
    const to = Math.min(this.#settled + bytes, this.#ring.length);
    for (let at = this.#settled; at < to; at += smallestPage) Atomics.or(this.#ring, at, 0);
    this.#settled = to;
    return to === this.#ring.length;
  }

  #clean(): void {
    if (this.#wiped.length === 0) return;
    const wiped = this.#wiped.toSorted((a, b) => a.from - b.from);
    this.#wiped = [];
    const rows = Int32Array.from(wiped, ({ row }) => row);
    const oldest = Math.max(0, this.#head - this.columns + 1);
    let count = 0;
    for (let step = Math.max(oldest, wiped[0]?.from ?? 0); step <= this.#head; step++) {
      while ((wiped[count]?.from ?? Number.POSITIVE_INFINITY) <= step) count += 1;
      const offset = this.#offset(step);
      for (let nth = 0; nth < count; nth++) this.#ring[offset + (rows[nth] as number)] = 0;
    }
  }

  #offset(step: number): number {
    return (step % this.columns) * this.#stride;
  }

  #use(row: number, step: number): void {
    if (row >= this.#stride) throw new RangeError(`row ${row} of ${this.#stride}`);
    if (row >= this.#used) this.#used = row + 1;
    if (step < (this.#begun[row] as number)) this.#begun[row] = step;
  }
}

/** The row was in this from one instant up to, and without, another. */
export type Piece = {
  readonly row: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly code: Code;
};
