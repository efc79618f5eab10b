/**
 * Which outage there is now: the one that was switched on, else the window that is open. It owns the one
 * timer that tells when this changes, because a closed door must open again without being asked.
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
    // Timers may ring a little early, and an edge must be behind when it is looked at.
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
