/**
 * Decides which waiting calls keep their input, and whose runs keep their snapshot: as many as may get a
 * slot soon.
 *
 * Owns the count of those at each gate. The inputs of the other calls are read again when their turn comes
 * (`call-inputs.ts`).
 *
 * 1. At most `keptPerSlot` times the ceiling of a gate keep theirs, however many wait for it. These are the
 *    calls that came while there was room; their place in line does not matter.
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

  /** True when this queued call keeps its input from here on, until `leave`. */
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

  /** The call has its slot, or does not wait any more. */
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
