/**
 * Where the provider calls of a run stand, as far as only the memory of the run's owner knows. None of it is stored:
 * a call passes through these in a second, and a row for each would cost more than the call's own turn.
 */
import type { RunId } from '../ids.ts';

/**
 * - waits-for-slot: it is in a line, or a budget or a pause of its provider holds it back.
 * - in-slot: it has a slot; its request is out, or about to go out.
 * - answered: it has its result, and the turn that takes it is due.
 */
export type Phase = 'waits-for-slot' | 'in-slot' | 'answered';

/** The most advanced of its calls gives the phase of a run. */
const phases: readonly Phase[] = ['in-slot', 'answered', 'waits-for-slot'];

/** A place in a line of calls. The line moves, so `estimateMs` is an estimate, of the time `asOf`. */
export type Place = {
  /** The line: the gates that its calls may go through, or `begin` for runs that have not begun. */
  readonly line: string;
  /** How many wait in it at the replica that owns the run, itself among them. */
  readonly length: number;
  /** How many of the same user go before it. */
  readonly aheadOfSameUser: number;
  /** About when it is its turn, in ms from `asOf`; null where nobody can know. */
  readonly estimateMs: number | null;
  /** When this was counted: ms since 1970, by the clock of the replica that owns the run. */
  readonly asOf: number;
};

/** An open provider call. */
export type CallNow = {
  /** The id of its invocation. */
  readonly invocationId: string;
  /** Where it stands. */
  readonly phase: Phase;
  /** The gate in whose slot it is or was; null while it waits. */
  readonly provider: string | null;
  /** The number of its attempt, from 1. */
  readonly attempt: number;
  /** Its place in its line; null when it is in none, or the place cannot be known. */
  readonly place: Place | null;
};

/** A run with a call in a gate's line. */
export type LineWait = {
  readonly tenant: string;
  readonly runId: RunId;
  readonly user: string;
  readonly pipeline: string;
  /** How long ago its call came to the replica that owns the run, its tries since then among it. */
  readonly waitedMs: number;
};

/** The runs that have stood longest in a gate's line, the longest first. */
export type GateWaits = { readonly gate: string; readonly waits: readonly LineWait[] };

/** As many are told of each gate. */
export const longestWaitsMax = 8;

/** What the owner of a run knows of it beside its rows. */
export type OwnerView = {
  /** Its open provider calls. */
  readonly calls: readonly CallNow[];
  /** Its place in the line of runs that wait to begin; null when it is not in it. */
  readonly begin: Place | null;
};

/** The phase of a run, and the gate where its most advanced call is. Null without an open call. */
export type RunPhase = {
  readonly phase: Phase | null;
  readonly provider: string | null;
};

export const noPhase: RunPhase = { phase: null, provider: null };

export function phaseOfAll(calls: readonly Pick<CallNow, 'phase' | 'provider'>[]): RunPhase {
  for (const phase of phases) {
    const found = calls.find((call) => call.phase === phase);
    if (found !== undefined) return { phase, provider: found.provider };
  }
  return noPhase;
}
