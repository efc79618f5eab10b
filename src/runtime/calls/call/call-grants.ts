/**
 * Gives slots to calls, as far as permits are free: a call in a slot has a permit, and no other call has one.
 *
 * Owns whether calls wait for a permit. The pool decides which call goes next; `permits.ts` says how many
 * calls may go.
 */
import type { CallOutcome } from '../../../providers/capacity/gate.ts';
import type { Grant, Pool } from '../../../providers/capacity/pool.ts';
import type { Clock } from '../../ports.ts';
import type { CallSlot } from './call-state.ts';
import type { RunCall } from './run-call.ts';
import type { Permits } from './permits.ts';

export class CallGrants {
  readonly #pool: Pool<RunCall>;
  readonly #permits: Permits;
  readonly #clock: Clock;
  readonly #onFree: () => void;
  /** At the last grant, slots were free for calls and permits were not. */
  #isShort = false;

  constructor(options: {
    readonly pool: Pool<RunCall>;
    readonly permits: Permits;
    readonly clock: Clock;
    /** A slot is free for the next call, and its row is to be written. */
    readonly onFree: () => void;
  }) {
    this.#pool = options.pool;
    this.#permits = options.permits;
    this.#clock = options.clock;
    this.#onFree = options.onFree;
    this.#permits.serve(this.#pool);
  }

  /** Calls waited for a permit, and one is free now. */
  get mayGo(): boolean {
    return this.#isShort && this.#permits.freeForCalls > 0;
  }

  grant(nowMs: number, max: number): Grant<RunCall>[] {
    const permits = this.#permits.freeForCalls;
    const grants = this.#pool.grant(nowMs, Math.min(max, permits));
    this.#isShort = grants.length === permits && this.#pool.couldGrant(nowMs);
    this.#permits.callsWent(grants.length, this.#isShort);
    return grants;
  }

  /** The call in this slot has ended; `tokens`: what it has used, where that is known. */
  free({ provider, slot }: CallSlot, outcome: CallOutcome, tokens?: number): void {
    this.#pool.release(provider, slot, outcome, this.#clock.nowMs(), tokens);
    this.#permits.freed();
    this.#onFree();
  }

  /** When time alone lets calls go. Null while calls wait for a permit: they go on when one is free. */
  get dueMs(): number | null {
    return this.#isShort ? null : this.#pool.nextDueMs();
  }
}
