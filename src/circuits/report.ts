/** The report of one scale: one object per line with `--json`. */
import type { Audit, Entities } from './audit.ts';
import type { CircuitMode } from './settings.ts';
import type { Latency } from './latency.ts';

export type ProviderReport = {
  readonly name: string;
  readonly ceiling: number;
  /** Calls that arrived at the provider in this time, with those that it refused. */
  readonly calls: number;
  readonly peak_in_flight: number;
  readonly rate_limited: number;
  /** Calls that were made again because a replica died during the first one, as counted by the store. */
  readonly duplicate_calls: number;
};

export type ScaleReport = {
  readonly scale: number;
  readonly mode: CircuitMode;
  readonly completed: number;
  readonly failed: number;
  readonly wall_ms: number;
  readonly circuits_per_s: number;
  readonly latency_ms: Latency;
  readonly peak_open_runs: number;
  readonly entities: Entities;
  readonly audit: Audit;
  readonly providers: readonly ProviderReport[];
  /** This and what follows is null, and there are no providers, when the circuits ran on a heddle behind HTTP. */
  readonly capacity_efficiency: number | null;
  readonly slot_use_under_demand: number | null;
  readonly postgres: { readonly transactions: number; readonly wal_bytes: number } | null;
  readonly rss_mb: number | null;
};

/** The decimal places that carry meaning; more of them would be noise in a comparison. */
const digits = { ms: 1, perS: 1, share: 4, mb: 1 } as const;

export function rounded(report: ScaleReport): ScaleReport {
  const { p50, p95, p99, max } = report.latency_ms;
  const ms = (value: number): number => round(value, digits.ms);
  return {
    ...report,
    wall_ms: ms(report.wall_ms),
    circuits_per_s: round(report.circuits_per_s, digits.perS),
    latency_ms: { p50: ms(p50), p95: ms(p95), p99: ms(p99), max: ms(max) },
    capacity_efficiency: known(report.capacity_efficiency, digits.share),
    slot_use_under_demand: known(report.slot_use_under_demand, digits.share),
    rss_mb: known(report.rss_mb, digits.mb),
  };
}

function known(value: number | null, digitsBehind: number): number | null {
  return value === null ? null : round(value, digitsBehind);
}

function round(value: number, digitsBehind: number): number {
  return Number(value.toFixed(digitsBehind));
}
