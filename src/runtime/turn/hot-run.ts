/**
 * A run in memory, between two of its turns. It is never changed: a committed turn makes the next one.
 */
import type { Agent, ChartState } from '../../kernel/port.ts';
import type { RunStatus } from '../../../machines/run.ts';
import type { NewRun } from '../../store/rows.ts';
import type { Held } from './held.ts';

export type HotRun = {
  readonly run: NewRun;
  readonly agent: Agent;
  readonly status: RunStatus;
  /** The reason that the run's row has. */
  readonly reason: string | null;
  /** Turns committed. */
  readonly turn: number;
  /** The build of the last turn that moved the chart: see `RunRow`. */
  readonly build: string | null;
  /** Null before the first turn. */
  readonly state: ChartState | null;
  /** The state as the row has it: a turn that leaves the state as it is need not make this text anew. */
  readonly chartText: string | null;
  readonly held: Held;
  /** True when no row exists yet: the first commit creates it. */
  readonly fresh: boolean;
};
