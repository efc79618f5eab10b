/**
 * Which changes of gates are written to the database. They are enough that a restart does not flood a
 * provider that was cooling, and that other replicas learn of the gates' states.
 *
 * It owns what was written last. The runtime makes the row, and the store uses the database's clock.
 *
 * 1. Nothing is written before `begin`: the stored rows must be read first, not overwritten.
 * 2. A gate is written at most once in `gateGapMs`, and only if its status, its limit (by one of
 *    `limitParts`) or the end of its cooling has changed. So a 429 every second is not a write every
 *    second. A change that came too soon is told when it is due, though nothing else is written then.
 */
import type { CapacitySettings } from '../../domain/capacity-settings.ts';
import type { Gate, KnownGate, Sent } from './gate.ts';

export type GateChange = { readonly gate: string; readonly ceiling: number } & KnownGate;

type Told = KnownGate & { readonly atMs: number };

export class GateNews<Call extends Sent> {
  readonly #gates: readonly Gate<Call>[];
  readonly #settings: CapacitySettings['telling'];
  readonly #told = new Map<string, Told>();
  #begun = false;

  constructor(gates: readonly Gate<Call>[], settings: CapacitySettings['telling']) {
    this.#gates = gates;
    this.#settings = settings;
  }

  begin(): void {
    this.#begun = true;
  }

  /** Gates that have changed since the last time. They count as written. */
  take(nowMs: number): GateChange[] {
    if (!this.#begun) return [];
    return this.#gates.flatMap((state) => {
      const known = this.#worthTelling(state.known, nowMs);
      const told = this.#told.get(state.name);
      if (told !== undefined && !this.#isNews(told, known, nowMs)) return [];
      this.#told.set(state.name, { ...known, atMs: nowMs });
      return [{ gate: state.name, ceiling: state.ceiling, ...known }];
    });
  }

  /** When a change that came too soon after the last one is due to be told; null: there is none. */
  dueMs(nowMs: number): number | null {
    if (!this.#begun) return null;
    let dueMs: number | null = null;
    for (const { name, known } of this.#gates) {
      const told = this.#told.get(name);
      if (told === undefined || !this.#differs(told, this.#worthTelling(known, nowMs))) continue;
      dueMs = Math.min(dueMs ?? Infinity, told.atMs + this.#settings.gateGapMs);
    }
    return dueMs;
  }

  /** The change of this gate that was taken has not been written, so it is reported again. */
  giveBack(gate: string): void {
    this.#told.delete(gate);
  }

  #worthTelling(known: KnownGate, nowMs: number): KnownGate {
    const leftMs = known.coolUntilMs - nowMs;
    const isShort = known.status === 'cooling' && leftMs < this.#settings.coolingMsMin;
    return isShort ? { ...known, status: 'open' } : known;
  }

  #isNews(told: Told, known: KnownGate, nowMs: number): boolean {
    return nowMs - told.atMs >= this.#settings.gateGapMs && this.#differs(told, known);
  }

  #differs(told: Told, known: KnownGate): boolean {
    const { coolingMsMin, limitParts } = this.#settings;
    if (told.status !== known.status) return true;
    if (Math.abs(known.limit - told.limit) >= Math.max(1, told.limit / limitParts)) return true;
    if (known.failedProbes !== told.failedProbes) return true;
    return known.status === 'cooling' && known.coolUntilMs >= told.coolUntilMs + coolingMsMin;
  }
}
