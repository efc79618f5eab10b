/** Where the provider calls of a run stand, as the API answers it. */

/** Where a provider call stands; `unknown` where the replica that owns the run does not tell. */
export type CallPhase = 'waits-for-slot' | 'in-slot' | 'answered' | 'unknown';

/** A place in a line. The line moves, so it is of the time `asOf`. */
export type Place = {
  /** The gates that its calls may go through, or `begin` for runs that have not begun. */
  readonly line: string;
  /** How many wait in it at the replica that owns the run. */
  readonly length: number;
  /** How many of the same user go before it. */
  readonly aheadOfSameUser: number;
  /** About when it is its turn, in ms: an estimate. Null where nobody can know. */
  readonly estimateMs: number | null;
  /** When this was counted, in ms since 1970. */
  readonly asOf: number;
};

/** Where the provider calls of a run in a list stand: its place is told of one run alone. */
export type ListedCall = Omit<CallNow, 'place'>;

/** Where the provider calls of a run stand. */
export type CallNow = {
  /** Where the most advanced of them stands; null without an open call. */
  readonly phase: CallPhase | null;
  /** The gate in whose slot it is; null while it waits. */
  readonly provider: string | null;
  /** Its place in its line; null when it is in none, or the place is not known. */
  readonly place: Place | null;
  /** Why the phase is unknown; null when it is not. */
  readonly why: string | null;
};
