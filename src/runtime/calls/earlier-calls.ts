/**
 * Calls that an earlier owner of a run may have made: its slots' rows say so (promise 3).
 *
 * Owns the memory of them, from the takeover until each is made again and counted, or no run waits
 * for it. The slot's row holds the count. `calls.ts` owns the calls.
 */
import type { ReplicaId } from '../../domain/ids.ts';
import { initialSlotStatus } from '../../providers/capacity/charts.ts';
import type { SlotWrite } from '../../store/batch.ts';
import type { SlotRow } from '../../store/provider-rows.ts';
import type { Pool } from '../../providers/capacity/pool.ts';
import type { CallsByRun } from './calls-by-run.ts';
import { callKey, type RunCall } from './call/run-call.ts';

type LeftSlot = Pick<SlotRow, 'provider' | 'replicaId' | 'slot'>;

export class EarlierCalls {
  readonly #replicaId: ReplicaId;
  readonly #pool: Pick<Pool<RunCall>, 'keyIn'>;
  /** By key: the slot's row that names the call, or null when that row is idle already. */
  readonly #rows = new Map<string, SlotRow | null>();
  readonly #left: LeftSlot[] = [];

  /** The pool says which call holds a slot of this replica. */
  constructor(replicaId: ReplicaId, pool: Pick<Pool<RunCall>, 'keyIn'>) {
    this.#replicaId = replicaId;
    this.#pool = pool;
  }

  add(slot: SlotRow): void {
    if (slot.call === null) return;
    const { runId, invocationId, incarnation } = slot.call;
    this.#rows.set(callKey(runId, invocationId, incarnation), slot);
  }

  /** Keys of rows whose call is none of these. */
  keysWithout(runs: CallsByRun): string[] {
    return [...this.#rows].flatMap(([key, row]) => {
      if (row === null || row.call === null) return [];
      const { runId, invocationId: id, incarnation } = row.call;
      return runs.get(runId, { id, incarnation }) === undefined ? key : [];
    });
  }

  /** True when this call is made again: it is counted as a duplicate, once. */
  repeat(key: string): boolean {
    if (!this.#rows.has(key)) return false;
    this.leaveSlot(key);
    return this.#rows.delete(key);
  }

  /**
   * The earlier owner's slot is free with the next batch; the call may still be made again. True
   * when there is a row to write.
   */
  leaveSlot(key: string): boolean {
    const row = this.#rows.get(key);
    if (row === undefined || row === null) return false;
    this.#rows.set(key, null);
    // A slot of this replica is freed when its request ends. But when the request ended while another
    // replica owned the shard, the row has kept the call's name.
    if (row.replicaId === this.#replicaId && this.#pool.keyIn(row.provider, row.slot) === key) {
      return false;
    }
    this.#left.push(row);
    return true;
  }

  /** The batch that wrote these was not committed: the next one writes these rows and counts these calls. */
  giveBack(writes: readonly SlotWrite[]): void {
    for (const { provider, replicaId, slot, call, duplicates } of writes) {
      if (call === null) this.#left.push({ provider, replicaId, slot });
      else if (duplicates > 0) {
        this.#rows.set(callKey(call.runId, call.invocationId, call.incarnation), null);
      }
    }
  }

  /** Rows of earlier owners that become idle with the batch that is being made. */
  takeLeft(sealed: number): SlotWrite[] {
    const left = this.#left.splice(0).filter(({ provider, replicaId, slot }) => {
      return replicaId !== this.#replicaId || this.#pool.keyIn(provider, slot) === null;
    });
    return left.map(({ provider, replicaId, slot }) => ({
      provider,
      replicaId,
      slot,
      sealed: replicaId === this.#replicaId ? sealed : -1,
      status: initialSlotStatus,
      call: null,
      calls: 0,
      duplicates: 0,
      rateLimited: 0,
    }));
  }
}
