/** What is kept of a gate at each step, as numbers. */
export const laneFields = {
  inUse: 0,
  limit: 1,
  ceiling: 2,
  band: 3,
  refused: 4,
  fields: 5,
} as const;

/** Nothing, cooling, stalled, a probe is out. */
export const bands = { none: 0, cooling: 1, stalled: 2, probing: 3 } as const;

export type LaneGate = {
  readonly status: string;
  readonly limit: number;
  readonly ceiling: number | null;
  readonly inUse: number;
  readonly isCooling: boolean;
};

/** `refused`: 429s since the step before. */
export function laneValues(
  gate: LaneGate,
  { inUse = gate.inUse, refused = 0 }: { readonly inUse?: number; readonly refused?: number } = {},
): Float32Array {
  const values = new Float32Array(laneFields.fields);
  values[laneFields.inUse] = inUse;
  values[laneFields.limit] = gate.limit;
  values[laneFields.ceiling] = gate.ceiling ?? 0;
  values[laneFields.band] = bandOf(gate);
  values[laneFields.refused] = refused;
  return values;
}

function bandOf({ status, isCooling }: LaneGate): number {
  if (status === 'probing') return bands.probing;
  if (status === 'stalled' || status === 'parked') return bands.stalled;
  return isCooling || status === 'cooling' ? bands.cooling : bands.none;
}
