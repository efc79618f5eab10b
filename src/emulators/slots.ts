/**
 * The places of a provider. It owns who holds one and who waits, and the time that places were held:
 * only the provider knows that, and `slot_use_under_demand` is made of it.
 *
 * 1. No call gets a slot while as many as the ceiling are held.
 * 2. Who waits goes in order of arrival; never do more than `queueMax` wait.
 * 3. A slot that is given back goes to the next in line before anybody new.
 */
export type SlotStats = {
  readonly inFlight: number;
  readonly peakInFlight: number;
  readonly waiting: number;
  /** Slots that were held, integrated over time; never more than the ceiling at once. */
  readonly busySlotMs: number;
  /** The ceiling, integrated over time. */
  readonly offeredSlotMs: number;
};

type SlotOptions = {
  readonly nowMs: () => number;
  /** Called just before each slot is taken (1) and given back (-1). */
  readonly onChange: (by: 1 | -1) => void;
};

export class Slots {
  readonly #options: SlotOptions;
  /** A set keeps its order, and whoever gives up waiting is taken out of it in one step. */
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

  /** Calls `start` at once, or when a slot is free; `full`: never. */
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

  /** Give the same `start` that was to be called. */
  giveUpWaiting(start: () => void): void {
    this.#waiting.delete(start);
  }

  release(): void {
    this.#change(-1);
    this.#startWaiting();
  }

  /** A lower ceiling takes no slot away from who holds one; a shorter queue turns nobody out. */
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
    // A call that ends within its start gives its slot back in here: the loop outside hands it on.
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
