/** The provider calls of a run in one line, for lists and pages: the most advanced of them, and where it waits. */
import { phaseOfAll, type Phase, type Place } from '../../domain/calls/phase.ts';
import type { RunRow } from '../../store/rows.ts';
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

const calling: ReadonlySet<string> = new Set(['calling-provider', 'backoff', 'stalled']);

/** Undefined for a run that calls no provider. */
export function callNow({ status }: RunRow, { owner }: Beside): RunCallNow | undefined {
  if (!calling.has(status) || owner === null) return undefined;
  if (owner.kind === 'unknown') {
    return { phase: 'unknown', provider: null, place: null, why: owner.why };
  }
  const { calls } = owner.view;
  const first = calls.find(({ place }) => place !== null);
  const { phase, provider } = phaseOfAll(calls);
  const place = phase === 'waits-for-slot' ? (first?.place ?? null) : null;
  return { phase, provider, place, why: null };
}
