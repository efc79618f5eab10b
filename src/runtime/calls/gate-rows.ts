/** Gates of providers as the store keeps them: its clock says when, ours how long that is from now. */
import type { Pool, PoolCall } from '../../providers/capacity/pool.ts';
import type { KnownGate } from '../../providers/capacity/gate.ts';
import type { ProviderWrite } from '../../store/batch.ts';
import type { ProviderRow } from '../../store/rows.ts';

export function gateWrites<Call extends PoolCall>(
  pool: Pool<Call>,
  nowMs: number,
): ProviderWrite[] {
  return pool.takeGateChanges(nowMs).map((change) => {
    const { gate, status, ceiling, coolUntilMs, probeAtMs, failedProbes, limit } = change;
    const provider = pool.gates.providerOf(gate);
    return {
      gate,
      status,
      coolForMs: Math.max(0, coolUntilMs - nowMs),
      probeInMs: Math.max(0, probeAtMs - nowMs),
      failedProbes,
      limit,
      ceiling,
      sharesCeilingWith: pool.gates.correlated.find((group) => group.includes(provider)) ?? [],
    };
  });
}

export function gatesOf(
  rows: readonly ProviderRow[],
  nowMs: number,
): ReadonlyMap<string, KnownGate> {
  return new Map(
    rows.map(({ gate, status, coolForMs, probeInMs, failedProbes, limit, ceiling }) => [
      gate,
      {
        status,
        coolUntilMs: coolForMs > 0 ? nowMs + coolForMs : 0,
        probeAtMs: nowMs + probeInMs,
        failedProbes,
        // At its ceiling it is no finding: ceilings differ, between replicas and after a restart.
        limit: limit < ceiling ? limit : Infinity,
      },
    ]),
  );
}
