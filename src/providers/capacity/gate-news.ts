/**
 * What the database has to be told of gates: enough that a restart does not hammer a provider that
 * was cooling, and that other replicas learn of it.
 *
 * It owns what was told last. It leaves the row and the database's clock to the runtime and the store.
 *
 * 1. Nothing is told before `begin`: what is there must be read first, not written over.
 * 2. A gate is told of at most once in `gateGapMs`, and only when its status, its limit (by one of `limitParts`)
 *    or the end of its cooling has changed: a 429 in every second is no write in every second.
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

  /** What has changed since the last time; it counts as told. */
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

  /** What was taken of this gate was not written: it is told again. */
  giveBack(gate: string): void {
    this.#told.delete(gate);
  }

  #worthTelling(known: KnownGate, nowMs: number): KnownGate {
    const leftMs = known.coolUntilMs - nowMs;
    const isShort = known.status === 'cooling' && leftMs < this.#settings.coolingMsMin;
    return isShort ? { ...known, status: 'open' } : known;
  }

  #isNews(told: Told, known: KnownGate, nowMs: number): boolean {
    const { gateGapMs, coolingMsMin, limitParts } = this.#settings;
    if (nowMs - told.atMs < gateGapMs) return false;
    if (told.status !== known.status) return true;
    if (Math.abs(known.limit - told.limit) >= Math.max(1, told.limit / limitParts)) return true;
    if (known.failedProbes !== told.failedProbes) return true;
    return known.status === 'cooling' && known.coolUntilMs >= told.coolUntilMs + coolingMsMin;
  }
}
