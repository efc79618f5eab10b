/**
 * What the database has to be told of gates: enough that a restart does not hammer a provider that
 * was cooling, and that other replicas learn of it.
 *
 * It owns what was told last. It leaves the row and the database's clock to the runtime and the store.
 *
 * 1. Nothing is told before `begin`: what is there must be read first, not written over.
 * 2. A gate is told of at most once in `tellMsMin`, and only when its status, its limit (by a tenth)
 *    or the end of its cooling has changed: a 429 in every second is no write in every second.
 */
import type { Gate, KnownGate, Sent } from './gate.ts';

const tellMsMin = 500;
/** A cooling that is over before a restart could come back is not worth a row. */
const coolingMsMin = 1_000;

export type GateChange = { readonly gate: string; readonly ceiling: number } & KnownGate;

type Told = KnownGate & { readonly atMs: number };

export class GateNews<Call extends Sent> {
  readonly #gates: readonly Gate<Call>[];
  readonly #told = new Map<string, Told>();
  #begun = false;

  constructor(gates: readonly Gate<Call>[]) {
    this.#gates = gates;
  }

  begin(): void {
    this.#begun = true;
  }

  /** What has changed since the last time; it counts as told. */
  take(nowMs: number): GateChange[] {
    if (!this.#begun) return [];
    return this.#gates.flatMap((state) => {
      const known = worthTelling(state.known, nowMs);
      const told = this.#told.get(state.name);
      if (told !== undefined && !isNews(told, known, nowMs)) return [];
      this.#told.set(state.name, { ...known, atMs: nowMs });
      return [{ gate: state.name, ceiling: state.ceiling, ...known }];
    });
  }

  /** What was taken of this gate was not written: it is told again. */
  giveBack(gate: string): void {
    this.#told.delete(gate);
  }
}

function worthTelling(known: KnownGate, nowMs: number): KnownGate {
  const isShort = known.status === 'cooling' && known.coolUntilMs - nowMs < coolingMsMin;
  return isShort ? { ...known, status: 'open' } : known;
}

function isNews(told: Told, known: KnownGate, nowMs: number): boolean {
  if (nowMs - told.atMs < tellMsMin) return false;
  if (told.status !== known.status) return true;
  if (Math.abs(known.limit - told.limit) >= Math.max(1, told.limit / 10)) return true;
  if (known.failedProbes !== told.failedProbes) return true;
  return known.status === 'cooling' && known.coolUntilMs >= told.coolUntilMs + coolingMsMin;
}
