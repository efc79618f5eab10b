/** The lanes of the gates, fed by what the page hears and by the counts of the activity history. */
import { useEffect, useMemo } from 'preact/hooks';
import type { ActivityCount, Provider } from '../../../client/index.ts';
import { nowMs } from '../../look/time.ts';
import { client } from '../../shell/access.ts';
import { isCut, refusal } from '../../shell/live.ts';
import { away } from '../../shell/trouble/pulse.ts';
import { GateLanes } from './gate-lanes.ts';

/** Fed by each answer, and by the clock while nothing changes. */
export function useLanes(
  gates: readonly Provider[],
  counts: readonly ActivityCount[] | null,
): GateLanes {
  const of = client.value;
  const lanes = useMemo(() => new GateLanes(), [of]);
  useEffect(() => {
    // While heddle is away or the stream is cut nothing is heard: the lane shows a pause and not the last word.
    const isHearing = away.peek() === null && !isCut.peek() && refusal.peek() === null;
    if (isHearing) lanes.heard(gates, Date.now());
  }, [lanes, gates, nowMs.value]);
  useEffect(() => {
    if (counts !== null) lanes.counted(counts, Date.now());
  }, [lanes, counts]);
  return lanes;
}
