/**
 * How much of the slots' time was in use while at least one call waited: the circuits' figure
 * `slot_use_under_demand`. Below 1, a slot was idle while calls were queued.
 */
export class DemandMeter {
  #atMs: number | null = null;
  #usedMs = 0;
  #offeredMs = 0;

  /** True if no time has passed since the last `advance`, so that another one would do nothing. */
  isAt(nowMs: number): boolean {
    return nowMs === this.#atMs;
  }

  /** Call it before each change, with the values that were true since the last call. */
  advance(nowMs: number, since: { waiting: number; inUse: number; slots: number }): void {
    const elapsedMs = nowMs - (this.#atMs ?? nowMs);
    this.#atMs = nowMs;
    if (elapsedMs <= 0 || since.waiting === 0) return;
    this.#usedMs += elapsedMs * since.inUse;
    this.#offeredMs += elapsedMs * since.slots;
  }

  /** Slot-milliseconds in use and on offer, both counted only while a call waited. */
  get slotMs(): { readonly used: number; readonly offered: number } {
    return { used: this.#usedMs, offered: this.#offeredMs };
  }
}
