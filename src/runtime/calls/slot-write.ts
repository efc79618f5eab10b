/** A slot's change as the store takes it. */
import type { ReplicaId } from '../../domain/ids.ts';
import type { PoolSlotChange } from '../../providers/capacity/pool.ts';
import type { SlotWrite } from '../../store/batch.ts';
import type { SlotCall } from '../../store/rows.ts';
import type { RunCall } from './call/run-call.ts';

/** `repeated`: keys of calls that an earlier owner may have made, so that this one is counted. */
export function slotWrite(
  replicaId: ReplicaId,
  change: PoolSlotChange<RunCall>,
  { repeated, sealed }: { readonly repeated: ReadonlySet<string>; readonly sealed: number },
): SlotWrite {
  const { provider, slot, status, call, attempt, calls, rateLimited } = change;
  return {
    provider,
    replicaId,
    slot,
    sealed,
    status,
    call: call === null ? null : slotCall(call, attempt),
    calls,
    duplicates: call !== null && repeated.has(call.key) ? 1 : 0,
    rateLimited,
  };
}

function slotCall(call: RunCall, attempt: number): SlotCall {
  const { tenant, runId, shard, invocationId, incarnation } = call;
  return { tenant, runId, shard, invocationId, incarnation, attempt };
}
