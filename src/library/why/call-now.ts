/** The provider calls of a run in one line, for lists and pages: the most advanced of them, and where it waits. */
import { phaseOfAll, type Phase, type Place } from '../../domain/calls/phase.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { RunLine } from '../../store/ports/listing-port.ts';
import type { RunRow } from '../../store/rows.ts';
import type { RunStatus } from '../../../machines/run.ts';
import { ownersOf } from '../relay/owners.ts';
import type { Beside } from './beside.ts';

/** Where the provider calls of a run stand. */
export type RunCallNow = {
  /** Where the most advanced call stands; `unknown` where the run's owner does not tell, null without an open call. */
  readonly phase: Phase | 'unknown' | null;
  /** The gate in whose slot it is; null while it waits. */
  readonly provider: string | null;
  /** Its place in its line; null when it is in none, or the place is not known. */
  readonly place: Place | null;
  /** Why the phase is unknown; null when it is not. */
  readonly why: string | null;
};

/** In these a run may have open calls. */
export const callingStatuses: readonly RunStatus[] = ['calling-provider', 'backoff', 'stalled'];

/** Undefined for a run that calls no provider. */
export function callNow({ status }: RunRow, { owner }: Beside): RunCallNow | undefined {
  if (!callingStatuses.includes(status) || owner === null) return undefined;
  if (owner.kind === 'unknown') {
    return { phase: 'unknown', provider: null, place: null, why: owner.why };
  }
  const { calls } = owner.view;
  const first = calls.find(({ place }) => place !== null);
  const { phase, provider } = phaseOfAll(calls);
  const place = phase === 'waits-for-slot' ? (first?.place ?? null) : null;
  return { phase, provider, place, why: null };
}

/** The same of the runs of a page, without places: each owner is asked once, and nobody for runs that call no provider. */
export async function callsNow(
  { runtime }: { readonly runtime: Runtime },
  lines: readonly RunLine[],
): Promise<ReadonlyMap<string, Omit<RunCallNow, 'place'>>> {
  const asked = lines.filter(({ status }) => callingStatuses.includes(status));
  const words = await ownersOf(runtime).phases(asked);
  const calls = new Map<string, Omit<RunCallNow, 'place'>>();
  for (const [at, word] of words.entries()) {
    const { runId = '' } = asked[at] ?? {};
    if (word.kind === 'known') calls.set(runId, { ...word.now, why: null });
    else calls.set(runId, { phase: 'unknown', provider: null, why: word.why });
  }
  return calls;
}
