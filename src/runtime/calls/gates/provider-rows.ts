/** Gates and slots as the store keeps them. Rows hold times of the store's clock; we send durations from now. */
import type { ReplicaId } from '../../../domain/ids.ts';
import type { KnownGate } from '../../../providers/capacity/gate.ts';
import type { Pool, PoolCall, PoolSlotChange } from '../../../providers/capacity/pool.ts';
import type { ProviderWrite, SlotWrite } from '../../../store/batch.ts';
import type { ProviderRow, SlotCall } from '../../../store/provider-rows.ts';
import type { RunCall } from '../call/run-call.ts';

export function gateWrites<Call extends PoolCall>(
  pool: Pool<Call>,
  nowMs: number,
): ProviderWrite[] {
  return pool.news.takeGates(nowMs).map((change) => {
    const { gate, status, ceiling, coolUntilMs, probeAtMs, failedProbes, limit, lastFault } =
      change;
    const provider = pool.gates.providerOf(gate);
    return {
      gate,
      status,
      coolForMs: Math.max(0, coolUntilMs - nowMs),
      probeInMs: Math.max(0, probeAtMs - nowMs),
      failedProbes,
      limit,
      ceiling,
      lastFault: lastFault && { text: lastFault.text, agoMs: Math.max(0, nowMs - lastFault.atMs) },
      sharesCeilingWith: pool.gates.correlated.find((group) => group.includes(provider)) ?? [],
    };
  });
}

export function gatesOf(
  rows: readonly ProviderRow[],
  nowMs: number,
): ReadonlyMap<string, KnownGate> {
  return new Map(
    rows.map(({ gate, status, coolForMs, probeInMs, failedProbes, limit, ceiling, lastFault }) => [
      gate,
      {
        status,
        coolUntilMs: coolForMs > 0 ? nowMs + coolForMs : 0,
        probeAtMs: nowMs + probeInMs,
        failedProbes,
        lastFault: lastFault && { text: lastFault.text, atMs: nowMs - lastFault.agoMs },
        // A limit at its ceiling was not learned: ceilings differ between replicas and after a restart.
        limit: limit < ceiling ? limit : Infinity,
      },
    ]),
  );
}

/**
 * A change of a slot as the store takes it. `repeated`: keys of calls that an earlier owner may have made;
 * a call with such a key is counted as a duplicate.
 */
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
