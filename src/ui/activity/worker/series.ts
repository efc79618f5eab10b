/** Numbers over time: for each step of the history one number of each field, in a ring. */
import { stepMs } from './history.ts';

export class Series {
  readonly #columns: number;
  readonly #values: Float32Array;
  readonly #fields: number;
  #head: number | null = null;
  #first = 0;

  constructor({ columns, fields }: { columns: number; fields: number }) {
    this.#columns = columns;
    this.#fields = fields;
    this.#values = new Float32Array(columns * fields);
  }

  /** Steps between the last one and this have the numbers of the last one. */
  put(ms: number, values: ArrayLike<number>): void {
    const step = Math.floor(ms / stepMs);
    const head = this.#head;
    if (head === null) this.#first = step;
    else if (step < head) return;
    else {
      const before = this.#slice(head).slice();
      for (let at = Math.max(head + 1, step - this.#columns + 1); at < step; at++)
        this.#slice(at).set(before);
    }
    this.#slice(step).set(values);
    this.#head = step;
  }

  /** Adds to the numbers of the newest step. */
  add(ms: number, field: number, more: number): void {
    const step = Math.floor(ms / stepMs);
    if (this.#head === null || step > this.#head) this.put(ms, new Float32Array(this.#fields));
    const slice = this.#slice(this.#head ?? step);
    slice[field] = (slice[field] ?? 0) + more;
  }

  at(ms: number): Float32Array | null {
    const step = Math.floor(ms / stepMs);
    if (this.#head === null || step > this.#head || step < this.#first) return null;
    if (step <= this.#head - this.#columns) return null;
    return this.#slice(step);
  }

  #slice(step: number): Float32Array {
    const from = (step % this.#columns) * this.#fields;
    return this.#values.subarray(from, from + this.#fields);
  }
}
