/**
 * Calls that wait without their input. Calls that may get a slot soon keep it (`near-calls.ts`). The other
 * calls, and all that wait for a budget, drop it, and their runs drop their snapshots.
 *
 * Owns when a call drops its input, and when the input is read again: with the batch that gives the slot.
 */
import type { Grant, Pool } from '../../providers/capacity/pool.ts';
import type { CallInputs } from './call-inputs.ts';
import { isWaiting } from './call/call-state.ts';
import type { RunCall } from './call/run-call.ts';
import { NearCalls } from './near-calls.ts';

export type RestingOptions = {
  readonly inputs: CallInputs;
  /** Waiting calls that keep their input, for each place of a gate. */
  readonly keptPerSlot: number;
  /** The call keeps only its place in line, so its run need not keep its snapshot. */
  readonly rests: (call: RunCall) => void;
};

export class RestingCalls {
  readonly #options: RestingOptions;
  readonly #near: NearCalls;

  constructor(pool: Pool<RunCall>, options: RestingOptions) {
    this.#options = options;
    this.#near = new NearCalls(pool, options.keptPerSlot);
  }

  /** The call may wait from here on, so it drops its input unless it may get a slot soon. */
  rest(call: RunCall): void {
    const { state, input } = call;
    if (input === null || !isWaiting(state) || !state.durable) return;
    if (state.kind === 'queued' && this.#near.admit(call)) return;
    this.#options.inputs.forget(call);
    this.#near.leave(call);
    this.#options.rests(call);
  }

  /** The inputs are read beside the commit, so that no slot idles meanwhile. */
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
