/**
 * The past of runs that are drawn: those that are open, those that have ended within a time, which status each had
 * after its turns, and when the attempts of its provider calls were out. Where there are very many, one of `every` is
 * drawn: see src/domain/drawn.ts.
 */
import type { Attempt } from '../../domain/calls/attempt.ts';
import type { RunId } from '../../domain/ids.ts';
import type { OneTenant } from '../../domain/scope.ts';
import type { RunStatus } from '../../../machines/run.ts';
import type { RunBrief } from '../watch-port.ts';

/** An attempt whose result a turn took. */
export type TakenAttempt = Pick<Attempt, 'invocationId' | 'incarnation' | 'sentAtMs' | 'endedAtMs'>;

/** An attempt whose end stands in no journal. `turn`: see `Attempt`. */
export type OtherAttempt = TakenAttempt & Pick<Attempt, 'turn' | 'how'>;

/**
 * `status`: after the turn; null where it was not noted. `taken`: the attempts whose results it took, in order, the
 * first `takenOfTurnMax` of them; none where the turn's lines in the journal have more than `readLinesBytesMax` bytes.
 */
export type StatusTurn = {
  readonly turn: number;
  readonly atMs: number;
  readonly status: RunStatus | null;
  readonly taken: readonly TakenAttempt[];
};

/** Lines above it are not looked into: they hold large answers, and a read of many turns would take them apart all. */
export const readLinesBytesMax = 16_384;
export const takenOfTurnMax = 8;

export interface WeaveStore {
  /** Open runs that are drawn, in no promised order, and the time of the read by the store's clock. */
  weaveOpen(
    scope: OneTenant,
    query: { readonly every: number; readonly limit: number },
  ): Promise<{ readonly atMs: number; readonly runs: readonly RunBrief[] }>;
  /** Runs that are drawn and have ended from `fromMs` up to `toMs`, the last one first. */
  weaveEnded(
    scope: OneTenant,
    query: {
      readonly fromMs: number;
      readonly toMs: number;
      readonly every: number;
      readonly limit: number;
    },
  ): Promise<readonly RunBrief[]>;
  /** By index of the runs: the last turns before `beforeTurn`, the last one first, `limit` of each at most. */
  statusTurns(
    scope: OneTenant,
    query: {
      readonly runs: readonly { readonly runId: RunId; readonly beforeTurn: number }[];
      readonly limit: number;
    },
  ): Promise<readonly (readonly StatusTurn[])[]>;
  /** By index of the runs: the last attempts of turn `fromTurn` or later, the last one first, `limit` of each at most. */
  otherAttempts(
    scope: OneTenant,
    query: {
      readonly runs: readonly { readonly runId: RunId; readonly fromTurn: number }[];
      readonly limit: number;
    },
  ): Promise<readonly (readonly OtherAttempt[])[]>;
}
