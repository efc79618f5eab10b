/** The two figures that show how well capacity was used. */
import type { SlotMs } from './slot-use.ts';

/**
 * The shortest possible wall time for so many calls, divided by the wall time. `inARow` calls of
 * one circuit wait for each other, so no run is shorter than these calls. The figure ignores that
 * calls cannot be split (3,000 calls at 240 slots count as 12.5 latencies here, but take 13), so it
 * is never too high.
 */
export function capacityEfficiency(of: {
  readonly calls: number;
  readonly inARow: number;
  readonly latencyMs: number;
  readonly ceiling: number;
  readonly wallMs: number;
}): number {
  if (of.calls === 0 || of.wallMs <= 0) return 0;
  const shortestMs = Math.max(of.calls / of.ceiling, of.inARow) * of.latencyMs;
  return shortestMs / of.wallMs;
}

/**
 * The share of slot-time in use while a call waited; 1 when no call ever waited, as no slot idled then.
 */
export function slotUseUnderDemand(before: SlotMs, after: SlotMs): number {
  const offered = after.offered - before.offered;
  return offered <= 0 ? 1 : (after.used - before.used) / offered;
}
