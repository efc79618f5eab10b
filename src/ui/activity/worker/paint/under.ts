/** What lies under the hairline: all tracks at one instant. */
import { stepMs } from '../history.ts';
import { laneFields } from '../lanes.ts';
import type { Series } from '../series.ts';

/** The tracks at an instant; null where nobody has watched. */
export type Instant = {
  readonly atMs: number;
  /** By code. */
  readonly counts: readonly number[] | null;
  readonly gates: readonly {
    readonly gate: string;
    readonly inUse: number;
    readonly limit: number;
  }[];
  readonly endedPerSecond: number;
  readonly latencyMs: { readonly p50: number; readonly p95: number } | null;
};

/** Ends are counted over so long. */
const rateMs = 5_000;

type Tracks = Readonly<Record<'states' | 'ended' | 'latency', Series>> & {
  readonly lanes: ReadonlyMap<string, Series>;
};

export function instantOf({ states, ended, latency, lanes }: Tracks, atMs: number): Instant {
  const counts = states.at(atMs);
  const [p50 = 0, p95 = 0] = latency.at(atMs) ?? [];
  let runs = 0;
  for (let ms = atMs - rateMs + stepMs; ms <= atMs; ms += stepMs) runs += ended.at(ms)?.[0] ?? 0;
  return {
    atMs,
    counts: counts === null ? null : [...counts],
    gates: [...lanes].flatMap(([gate, series]) => {
      const values = series.at(atMs);
      if (values === null) return [];
      return [{ gate, inUse: values[laneFields.inUse] ?? 0, limit: values[laneFields.limit] ?? 0 }];
    }),
    endedPerSecond: (runs * 1_000) / rateMs,
    latencyMs: p50 === 0 ? null : { p50, p95 },
  };
}
