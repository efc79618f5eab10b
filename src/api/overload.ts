/**
 * Whether this replica still gets to its work: how late its timers ring, and how full its heap is.
 *
 * 1. It takes delays of `lateMs` that come one after the other for `forMs` to be overloaded: one long turn is none,
 *    however long it is, and neither is a machine that has slept.
 */
import { getHeapStatistics } from 'node:v8';

const sampleMs = 500;
const heapShareMax = 0.95;

export type OverloadBounds = { readonly lateMs: number; readonly forMs: number };
const overloadBounds: OverloadBounds = { lateMs: 2_000, forMs: 10_000 };

export class Overload {
  readonly #bounds: OverloadBounds;
  readonly #nowMs: () => number;
  readonly #heapShare: () => number;
  #sampledMs: number;
  #lateSinceMs: number | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(
    options: {
      readonly bounds?: OverloadBounds;
      readonly nowMs?: () => number;
      readonly heapShare?: () => number;
    } = {},
  ) {
    this.#bounds = options.bounds ?? overloadBounds;
    this.#nowMs = options.nowMs ?? (() => performance.now());
    this.#heapShare = options.heapShare ?? heapShare;
    this.#sampledMs = this.#nowMs();
  }

  start(): void {
    this.#timer = setInterval(() => this.sample(), sampleMs);
    this.#timer.unref();
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  sample(): void {
    const nowMs = this.#nowMs();
    const lateMs = nowMs - this.#sampledMs - sampleMs;
    this.#lateSinceMs = lateMs < this.#bounds.lateMs ? null : (this.#lateSinceMs ?? nowMs);
    this.#sampledMs = nowMs;
  }

  /** In words; null while all is well. */
  get trouble(): string | null {
    const since = this.#lateSinceMs;
    if (since !== null && this.#nowMs() - since >= this.#bounds.forMs) {
      return `its event loop has been ${this.#bounds.lateMs} ms late for ${this.#bounds.forMs} ms`;
    }
    return this.#heapShare() > heapShareMax ? 'its heap is full' : null;
  }
}

function heapShare(): number {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  return used / limit;
}
