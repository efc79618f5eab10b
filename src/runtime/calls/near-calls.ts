/**
 * Which waiting calls keep their input, and their run its snapshot: as many as may follow soon.
 *
 * Owns the count of those at each gate. Leaves to the calls what becomes of the others: they are read
 * again when their turn comes (`call-inputs.ts`).
 *
 * 1. At most `keptPerSlot` times the ceiling of a gate keep theirs, however many wait for it. Which
 *    ones is of no weight: those that came while there was room.
 */
import type { Pool } from '../../providers/capacity/pool.ts';
import type { RunCall } from './call/run-call.ts';

type Queue = Pick<Pool<RunCall>, 'gatesOf'>;
type Gate = ReturnType<Queue['gatesOf']>[number];

export class NearCalls {
  readonly #pool: Queue;
  readonly #keptPerSlot: number;
  readonly #counts = new Map<Gate, number>();
  readonly #at = new Map<RunCall, Gate>();

  constructor(pool: Queue, keptPerSlot: number) {
    this.#pool = pool;
    this.#keptPerSlot = keptPerSlot;
  }

  /** True when this call, which is queued, is one of them, from here on until it leaves. */
  admit(call: RunCall): boolean {
    if (this.#at.has(call)) return true;
    const gate = this.#pool.gatesOf(call).find((one) => {
      return this.#count(one) < this.#keptPerSlot * one.ceiling;
    });
    if (gate === undefined) return false;
    this.#counts.set(gate, this.#count(gate) + 1);
    this.#at.set(call, gate);
    return true;
  }

  /** It has its slot, or waits no more. */
  leave(call: RunCall): void {
    const gate = this.#at.get(call);
    if (gate === undefined) return;
    this.#at.delete(call);
    this.#counts.set(gate, this.#count(gate) - 1);
  }

  #count(gate: Gate): number {
    return this.#counts.get(gate) ?? 0;
  }
}
