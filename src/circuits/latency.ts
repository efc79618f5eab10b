/** Percentiles by nearest rank, so that each is a latency that a circuit really had. */
export type Latency = {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
};

export function latencyOf(measuredMs: Iterable<number>): Latency {
  const sorted = Float64Array.from(measuredMs).sort();
  return {
    p50: nearestRank(sorted, 50),
    p95: nearestRank(sorted, 95),
    p99: nearestRank(sorted, 99),
    max: nearestRank(sorted, 100),
  };
}

/**
 * The smallest value that at least this percentage of the values do not exceed; 0 for no values.
 */
export function nearestRank(sorted: Float64Array, percent: number): number {
  // The multiplication comes first: 0.95 * 100 is a little more than 95, and would give a rank too
  // high by one.
  const rank = Math.ceil((percent * sorted.length) / 100);
  return sorted[Math.max(rank, 1) - 1] ?? 0;
}
