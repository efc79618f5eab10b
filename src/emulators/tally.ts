/** What an emulator has counted since it started. */
import type { SlotStats } from './slots.ts';

export type EmulatorStats = SlotStats & {
  /** Model calls that arrived, refused ones too. */
  readonly calls: number;
  /** Answered in full. */
  readonly completed: number;
  /** Told to wait: over the ceiling, over the tokens, or by a fault of that kind. */
  readonly rateLimited: number;
  /** Spoilt by a fault of the script or by an outage. */
  readonly faults: number;
  /** Left by their clients before the answer was whole. */
  readonly aborted: number;
  /** Calls with an `idempotency-key` whose answer had been given before. */
  readonly duplicateCalls: number;
  /** By the status that was sent; a call that never got one is in none. */
  readonly byStatus: Readonly<Record<string, number>>;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly elapsedMs: number;
};

export class Tally {
  calls = 0;
  completed = 0;
  rateLimited = 0;
  faults = 0;
  aborted = 0;
  duplicateCalls = 0;
  inputTokens = 0;
  outputTokens = 0;
  readonly #byStatus = new Map<number, number>();

  status(status: number): void {
    this.#byStatus.set(status, (this.#byStatus.get(status) ?? 0) + 1);
  }

  stats(slots: SlotStats, elapsedMs: number): EmulatorStats {
    const { calls, completed, rateLimited, faults, aborted, duplicateCalls } = this;
    return {
      calls,
      completed,
      ...slots,
      rateLimited,
      faults,
      aborted,
      duplicateCalls,
      byStatus: Object.fromEntries(this.#byStatus),
      inputTokens: this.inputTokens,
      outputTokens: this.outputTokens,
      elapsedMs,
    };
  }
}
