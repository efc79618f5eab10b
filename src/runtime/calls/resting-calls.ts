/**
 * Calls that wait without their input. Those that may go soon keep theirs (`near-calls.ts`); the others,
 * and all that wait for a budget, let go of it, and their runs of their snapshots.
 *
 * Owns when a call lets go, and when it is read again: with the batch that gives it a slot.
 */
import type { Grant, Pool } from '../../providers/capacity/pool.ts';
import type { Budgets } from './budgets/budgets.ts';
import type { CallInputs } from './call-inputs.ts';
import type { RunCall } from './call/run-call.ts';
import { NearCalls } from './near-calls.ts';

export type RestingOptions = {
  readonly budgets: Budgets;
  readonly inputs: CallInputs;
  /** Waiting calls that keep their input, for each place of a gate. */
  readonly keptPerSlot: number;
  /** The call of this run keeps nothing more than its place: nor need its run keep its snapshot. */
  readonly rests: (call: RunCall) => void;
};

export class RestingCalls {
  readonly #pool: Pool<RunCall>;
  readonly #options: RestingOptions;
  readonly #near: NearCalls;

  constructor(pool: Pool<RunCall>, options: RestingOptions) {
    this.#pool = pool;
    this.#options = options;
    this.#near = new NearCalls(pool.gates, options.keptPerSlot);
  }

  /** It may wait from here on. */
  rest(call: RunCall): void {
    if (call.input === null || !call.durable || call.outcome !== null) return;
    const isHeld = this.#options.budgets.isWaiting(call);
    if (!isHeld && (!this.#pool.isWaiting(call) || this.#near.admit(call))) return;
    call.input = null;
    this.#near.leave(call);
    this.#options.rests(call);
  }

  /** Read beside the commit, so that no slot idles for it. */
  granted(grants: readonly Grant<RunCall>[]): void {
    for (const { call } of grants) {
      this.#near.leave(call);
      if (call.input === null) void this.#options.inputs.fill(call);
    }
  }

  drop(call: RunCall): void {
    this.#near.leave(call);
  }
}
