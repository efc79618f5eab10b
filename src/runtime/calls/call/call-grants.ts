/**
 * Slots for calls, as far as permits are free: a call in a slot has a permit, and no other has one.
 *
 * Owns whether calls wait for a permit. Leaves to the pool which call goes next, and to the permits how
 * many may.
 */
import type { Grant, Pool, Released } from '../../../providers/capacity/pool.ts';
import type { RunCall } from './run-call.ts';
import type { Permits } from './permits.ts';

export class CallGrants {
  readonly #pool: Pool<RunCall>;
  readonly #permits: Permits;
  /** Calls had a slot and no permit when they were last looked at. */
  #isShort = false;

  constructor(pool: Pool<RunCall>, permits: Permits) {
    this.#pool = pool;
    this.#permits = permits;
    permits.serve(pool);
  }

  /** Calls waited for a permit, and find one. */
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

  release(...of: Parameters<Pool<RunCall>['release']>): Released<RunCall> {
    const released = this.#pool.release(...of);
    this.#permits.freed();
    return released;
  }

  /** When time alone lets calls go. What waits for a permit goes on when one is free. */
  get dueMs(): number | null {
    return this.#isShort ? null : this.#pool.nextDueMs();
  }
}
