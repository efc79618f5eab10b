/** The bound on the bytes of an answer, and on those of one line of it. */
import { BrokenAnswer } from './faults/broken-answer.ts';

const newline = 0x0a;

/** Counts the bytes of an answer, so that no provider can fill this process's memory. */
export class BoundedBytes {
  readonly #bytesMax: number;
  readonly #lineBytesMax: number;
  #bytes = 0;
  #lineBytes = 0;

  constructor(limits: { readonly responseBytesMax: number; readonly lineBytesMax: number }) {
    this.#bytesMax = limits.responseBytesMax;
    this.#lineBytesMax = limits.lineBytesMax;
  }

  /** Throws a `BrokenAnswer` of kind `too-large`. */
  count(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    const lastLine = chunk.lastIndexOf(newline);
    this.#lineBytes = lastLine < 0 ? this.#lineBytes + chunk.length : chunk.length - lastLine - 1;
    if (this.#bytes > this.#bytesMax) {
      throw new BrokenAnswer('too-large', `the answer is larger than ${this.#bytesMax} bytes`);
    }
    if (this.#lineBytes > this.#lineBytesMax) {
      throw new BrokenAnswer(
        'too-large',
        `a line of the answer is longer than ${this.#lineBytesMax} bytes`,
      );
    }
  }
}
