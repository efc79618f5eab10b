/**
 * Calls that wait without their input. Those that may go soon keep theirs (`near-calls.ts`); the others,
 * and all that wait for a budget, let go of it, and their runs of their snapshots.
 *
 * Owns when a call lets go, and when it is read again: with the batch that gives it a slot.
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
  /** The call of this run keeps nothing more than its place: nor need its run keep its snapshot. */
  readonly rests: (call: RunCall) => void;
};

export class RestingCalls {
  readonly #options: RestingOptions;
  readonly #near: NearCalls;

  constructor(pool: Pool<RunCall>, options: RestingOptions) {
    this.#options = options;
    this.#near = new NearCalls(pool, options.keptPerSlot);
  }

  /** It may wait from here on. */
  rest(call: RunCall): void {
    const { state, input } = call;
    if (input === null || !isWaiting(state) || !state.durable) return;
    if (state.kind === 'queued' && this.#near.admit(call)) return;
    this.#options.inputs.forget(call);
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
