/** Numbers over time: for each step of the history one number of each field, in a ring. */
import { stepMs, stepOf } from './history.ts';

export class Series {
  readonly #columns: number;
  readonly #values: Float32Array;
  readonly #fields: number;
  #head: number | null = null;
  #first = 0;

  /** Fields of what happened in a step: where nothing was told they are 0, and not as before. */
  readonly #moments: readonly number[];

  constructor({
    columns,
    fields,
    moments = [],
  }: {
    readonly columns: number;
    readonly fields: number;
    readonly moments?: readonly number[];
  }) {
    this.#moments = moments;
    this.#columns = columns;
    this.#fields = fields;
    this.#values = new Float32Array(columns * fields);
  }

  /** Steps between the last one and this have the numbers of the last one. */
  put(ms: number, values: ArrayLike<number>): void {
    const step = stepOf(ms);
    const head = this.#head;
    if (head === null) this.#first = step;
    else if (step < head) return;
    else {
      const before = this.#slice(head).slice();
      for (const field of this.#moments) before[field] = 0;
      for (let at = Math.max(head + 1, step - this.#columns + 1); at < step; at++)
        this.#slice(at).set(before);
    }
    this.#slice(step).set(values);
    this.#head = step;
  }

  /** From when on it was told; null: not yet. */
  get firstMs(): number | null {
    return this.#head === null ? null : this.#first * stepMs;
  }

  /** Adds to the numbers of the newest step. */
  add(ms: number, field: number, more: number): void {
    const step = stepOf(ms);
    if (this.#head === null || step > this.#head) this.put(ms, new Float32Array(this.#fields));
    const slice = this.#slice(this.#head ?? step);
    slice[field] = (slice[field] ?? 0) + more;
  }

  /** The most that a field ever was, of what is kept. */
  most(field: number): number {
    let most = 0;
    for (let at = field; at < this.#values.length; at += this.#fields)
      most = Math.max(most, this.#values[at] as number);
    return most;
  }

  at(ms: number): Float32Array | null {
    const step = stepOf(ms);
    if (this.#head === null || step > this.#head || step < this.#first) return null;
    if (step <= this.#head - this.#columns) return null;
    return this.#slice(step);
  }

  /**
   * Takes the numbers of a time before the newest step. `valuesAt`: null where nothing is known. Where nothing was told
   * yet, the last of them stand until something is.
   */
  fill(
    { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
    valuesAt: (ms: number) => ArrayLike<number> | null,
  ): void {
    const isFirst = this.#head === null;
    const head = (this.#head ??= this.#first = stepOf(toMs));
    if (isFirst) this.#slice(head).set(valuesAt(head * stepMs) ?? new Float32Array(this.#fields));
    const from = Math.max(stepOf(fromMs), head - this.#columns + 1);
    const to = Math.min(stepOf(toMs), head);
    // What lies between the two and was never told is empty.
    for (let at = to; at < this.#first; at++) this.#slice(at).fill(0);
    for (let at = from; at < to; at++) {
      const values = valuesAt(at * stepMs);
      if (values === null) this.#slice(at).fill(0);
      else this.#slice(at).set(values);
    }
    if (from < to) this.#first = Math.min(this.#first, from);
  }

  /** Corrects the numbers of each step from an instant up to the newest. */
  correct(fromMs: number, by: (values: Float32Array) => void): void {
    const head = this.#head;
    if (head === null) return;
    const from = Math.max(stepOf(fromMs), this.#first, head - this.#columns + 1);
    for (let at = from; at <= head; at++) by(this.#slice(at));
  }

  #slice(step: number): Float32Array {
    const from = (step % this.#columns) * this.#fields;
    return this.#values.subarray(from, from + this.#fields);
  }
}
