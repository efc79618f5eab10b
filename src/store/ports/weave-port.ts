/**
 * The past of runs that are drawn: those that are open, those that have ended within a time, and which status each had
 * after its turns. Where there are very many, one of `every` is drawn: see src/domain/drawn.ts.
 */
import type { RunId } from '../../domain/ids.ts';
import type { OneTenant } from '../../domain/scope.ts';
import type { RunStatus } from '../../../machines/run.ts';
import type { RunBrief } from '../watch-port.ts';

/** `status`: after the turn; null where it was not noted. */
export type StatusTurn = {
  readonly turn: number;
  readonly atMs: number;
  readonly status: RunStatus | null;
};

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
}
