/**
 * Runs whose provider calls are in a phase. Only the owners of runs know phases, so the runs that call a provider are
 * read page by page, and their owners are asked.
 *
 * 1. `looksMax` pages are looked through at most: so a page may be short, or empty, and not be the last.
 * 2. A run whose owner does not tell is in no phase.
 */
import type { Phase } from '../../domain/calls/phase.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { RunLine } from '../../store/ports/listing-port.ts';
import { cursorOf, type RunList, type RunListQuery } from '../listing/run-list.ts';
import { phasesMax } from '../relay/owners.ts';
import { callsNow, callingStatuses } from './call-now.ts';

const looksMax = 5;

type Asked = RunListQuery & { readonly phase: Phase; readonly limit: number };
type Calls = Awaited<ReturnType<typeof callsNow>>;

export async function runsInPhase(
  host: { readonly runtime: Runtime },
  list: (query: RunListQuery) => Promise<RunList>,
  { phase, limit, ...query }: Asked,
): Promise<RunList & { readonly calls: Calls }> {
  const found: RunLine[] = [];
  const calls = new Map<string, NonNullable<ReturnType<Calls['get']>>>();
  const statuses = (query.statuses ?? callingStatuses).filter((one) =>
    callingStatuses.includes(one),
  );
  // What has ended calls nobody.
  const isOver = query.endedFromMs !== undefined || query.endedBelowMs !== undefined;
  if (isOver || statuses.length === 0) return { runs: found, next: null, calls };
  let at = query.cursor === undefined ? {} : { cursor: query.cursor };
  for (let look = 0; look < looksMax; look++) {
    const { runs, next } = await list({ ...query, ...at, statuses, limit: phasesMax });
    const now = await callsNow(host, runs);
    for (const run of runs) {
      const call = now.get(run.runId);
      if (call?.phase !== phase) continue;
      found.push(run);
      calls.set(run.runId, call);
      if (found.length < limit) continue;
      const isLast = next === null && run === runs.at(-1);
      return { runs: found, next: isLast ? null : cursorOf({ ...run, endedUs: null }), calls };
    }
    if (next === null) return { runs: found, next, calls };
    at = { cursor: next };
  }
  return { runs: found, next: at.cursor ?? null, calls };
}
