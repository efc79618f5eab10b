/**
 * The slots of a provider and the queue for them. It owns the held slots, the waiting calls, and
 * the time for which slots were held: only the provider knows that time, and
 * `slot_use_under_demand` is computed from it.
 *
 * 1. No call gets a slot while as many as the ceiling are held.
 * 2. Waiting calls get slots in the order of their arrival, and never more than `queueMax` wait.
 * 3. A slot that is given back goes to the first waiting call before any new one.
 */
export type SlotStats = {
  readonly inFlight: number;
  readonly peakInFlight: number;
  readonly waiting: number;
  /**
   * The time for which slots were held, summed over the slots; no more than the ceiling counts at
   * once.
   */
  readonly busySlotMs: number;
  /** The time for which slots existed: the ceiling, integrated over time. */
  readonly offeredSlotMs: number;
};

type SlotOptions = {
  readonly nowMs: () => number;
  /** Called just before each slot is taken (1) and given back (-1). */
  readonly onChange: (by: 1 | -1) => void;
};

export class Slots {
  readonly #options: SlotOptions;
  /** A set keeps its order, and a call that gives up waiting is removed in one step. */
  readonly #waiting = new Set<() => void>();
  #ceiling: number;
  #queueMax: number;
  #inFlight = 0;
  #handingOn = false;
  #peak = 0;
  #busySlotMs = 0;
  #offeredSlotMs = 0;
  #countedAtMs: number;

  constructor(
    limits: { readonly ceiling: number; readonly queueMax: number },
    options: SlotOptions,
  ) {
    this.#ceiling = limits.ceiling;
    this.#queueMax = limits.queueMax;
    this.#options = options;
    this.#countedAtMs = options.nowMs();
  }

  /** Calls `start` at once, or when a slot is free. When it returns `full`, it never calls it. */
  take(start: () => void): 'started' | 'waiting' | 'full' {
    if (this.#inFlight < this.#ceiling) {
      this.#change(1);
      start();
      return 'started';
    }
    if (this.#waiting.size >= this.#queueMax) return 'full';
    this.#waiting.add(start);
    return 'waiting';
  }

  /** Takes the `start` that was given to `take` out of the queue. */
  giveUpWaiting(start: () => void): void {
    this.#waiting.delete(start);
  }

  release(): void {
    this.#change(-1);
    this.#startWaiting();
  }

  /**
   * A lower ceiling takes no slot away from a call that holds one; a shorter queue sends no waiting
   * call away.
   */
  limit(limits: { readonly ceiling: number; readonly queueMax: number }): void {
    this.#count();
    this.#ceiling = limits.ceiling;
    this.#queueMax = limits.queueMax;
    this.#startWaiting();
  }

  get isFull(): boolean {
    return this.#inFlight >= this.#ceiling && this.#waiting.size >= this.#queueMax;
  }

  get free(): number {
    return Math.max(0, this.#ceiling - this.#inFlight);
  }

  stats(): SlotStats {
    this.#count();
    return {
      inFlight: this.#inFlight,
      peakInFlight: this.#peak,
      waiting: this.#waiting.size,
      busySlotMs: this.#busySlotMs,
      offeredSlotMs: this.#offeredSlotMs,
    };
  }

  #startWaiting(): void {
    // A call that ends during its start releases its slot in here; the running loop then passes the
    // slot on.
    if (this.#handingOn) return;
    this.#handingOn = true;
    for (const start of this.#waiting) {
      if (this.#inFlight >= this.#ceiling) break;
      this.#waiting.delete(start);
      this.#change(1);
      start();
    }
    this.#handingOn = false;
  }

  #change(by: 1 | -1): void {
    this.#options.onChange(by);
    this.#count();
    this.#inFlight += by;
    if (this.#inFlight > this.#peak) this.#peak = this.#inFlight;
  }

  #count(): void {
    const nowMs = this.#options.nowMs();
    const passedMs = nowMs - this.#countedAtMs;
    this.#countedAtMs = nowMs;
    this.#busySlotMs += passedMs * Math.min(this.#inFlight, this.#ceiling);
    this.#offeredSlotMs += passedMs * this.#ceiling;
  }
}
