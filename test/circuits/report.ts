/** A report as design §8 prints it, for whoever needs one with certain figures. */
import type { ScaleReport } from '../../src/circuits/report.ts';

export function reportOf(parts: Partial<ScaleReport>): ScaleReport {
  return {
    scale: 1,
    mode: 'statechart',
    completed: 1,
    failed: 0,
    wall_ms: 4,
    circuits_per_s: 250,
    latency_ms: { p50: 1, p95: 2, p99: 3, max: 4 },
    peak_open_runs: 3,
    entities: {
      runs: 3,
      channels: 2,
      messages: 2,
      subscriptions: 2,
      memory_entries: 2,
      memory_versions: 3,
      evaluations: 1,
    },
    audit: {
      lost_messages: 0,
      doubled_messages: 0,
      lost_memory_versions: 0,
      doubled_evaluations: 0,
      orphaned_subscriptions: 0,
      stuck_runs: 0,
      slots_in_use: 0,
    },
    providers: [
      {
        name: 'a',
        ceiling: 120,
        calls: 3,
        peak_in_flight: 1,
        rate_limited: 0,
        duplicate_calls: 0,
      },
    ],
    capacity_efficiency: 0.75,
    slot_use_under_demand: 1,
    postgres: { transactions: 9, wal_bytes: 50_000 },
    rss_mb: 100,
    ...parts,
  };
}

/** The names of all fields, nested ones behind a point, in the order in which they are printed. */
export function fieldsOf(value: object, before = ''): string[] {
  return Object.entries(value).flatMap(([name, inner]: [string, unknown]) => {
    const path = `${before}${name}`;
    if (Array.isArray(inner)) return fieldsOf(inner[0] as object, `${path}[].`);
    return typeof inner === 'object' && inner !== null ? fieldsOf(inner, `${path}.`) : [path];
  });
}
