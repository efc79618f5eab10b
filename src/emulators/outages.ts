/**
 * The outage that is in force now: the one that was switched on, else the one whose window is open.
 * It owns the timer for the next change, because a shut door must open again on time without a
 * request.
 */
import type { EmulatorScript, OutageKind } from './script.ts';

export class Outages {
  readonly #nowMs: () => number;
  readonly #onChange: () => void;
  #script: EmulatorScript;
  #timer: NodeJS.Timeout | null = null;

  /** `nowMs` counts from the emulator's start, as the windows do. */
  constructor(script: EmulatorScript, nowMs: () => number, onChange: () => void) {
    this.#script = script;
    this.#nowMs = nowMs;
    this.#onChange = onChange;
    this.#await();
  }

  get current(): OutageKind | null {
    const { outage, outages } = this.#script;
    if (outage !== null || outages.length === 0) return outage;
    const nowMs = this.#nowMs();
    return outages.find(({ fromMs, toMs }) => nowMs >= fromMs && nowMs < toMs)?.kind ?? null;
  }

  set(script: EmulatorScript): void {
    this.#script = script;
    this.close();
    this.#await();
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #await(): void {
    const nowMs = this.#nowMs();
    const edges = this.#script.outages.flatMap(({ fromMs, toMs }) => [fromMs, toMs]);
    const nextMs = Math.min(...edges.filter((edgeMs) => edgeMs > nowMs));
    if (nextMs === Infinity) return;
    // A timer may fire a little early, so it is set 1 ms late: the edge must be past when it is
    // checked.
    this.#timer = setTimeout(
      () => {
        this.#onChange();
        this.#await();
      },
      nextMs - nowMs + 1,
    );
    this.#timer.unref();
  }
}
