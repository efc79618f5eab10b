/**
 * How much of the slots' time was in use while at least one call waited (design §8,
 * `slot_use_under_demand`): below 1, a slot has idled beside a queue.
 */
export class DemandMeter {
  #atMs: number | null = null;
  #usedMs = 0;
  #offeredMs = 0;

  /** True when no time has passed, so that `advance` would do nothing. */
  isAt(nowMs: number): boolean {
    return nowMs === this.#atMs;
  }

  /** Call it before each change, with what was true since the last call. */
  advance(nowMs: number, since: { waiting: number; inUse: number; slots: number }): void {
    const elapsedMs = nowMs - (this.#atMs ?? nowMs);
    this.#atMs = nowMs;
    if (elapsedMs <= 0 || since.waiting === 0) return;
    this.#usedMs += elapsedMs * since.inUse;
    this.#offeredMs += elapsedMs * since.slots;
  }

  /** Slot-milliseconds in use and on offer, both only while a call waited. */
  get slotMs(): { readonly used: number; readonly offered: number } {
    return { used: this.#usedMs, offered: this.#offeredMs };
  }
}
