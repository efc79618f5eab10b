/** The counts of an emulator since it started. */
import type { SlotStats } from './slots.ts';

export type EmulatorStats = SlotStats & {
  /** Model calls that arrived, with those that were refused. */
  readonly calls: number;
  /** Calls that were answered in full. */
  readonly completed: number;
  /**
   * Calls that were told to wait: beyond the ceiling, beyond the tokens, or by a fault of that
   * kind.
   */
  readonly rateLimited: number;
  /** Calls that were spoilt by a fault of the script or by an outage. */
  readonly faults: number;
  /** Calls whose client left before the answer was whole. */
  readonly aborted: number;
  /** Calls with an `idempotency-key` whose answer had been given before. */
  readonly duplicateCalls: number;
  /** Calls by the status that was sent. A call that got no status is in no entry. */
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
