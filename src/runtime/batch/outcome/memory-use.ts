/** Whether a run's memory is of use before its next turn: something of it is out, or is to be shown. */
import type { Calls } from '../../calls/calls.ts';
import type { RunTasks } from '../../tasks/run-tasks.ts';
import type { WaitStatus } from './wait-status.ts';
import type { HotRun } from '../../turn/hot-run.ts';

export function isMemoryOfUse(
  hot: HotRun,
  of: { readonly calls: Calls; readonly tasks: RunTasks; readonly waitStatus: WaitStatus },
): boolean {
  const { calls, tasks, waitStatus } = of;
  const { status, run } = hot;
  // Calls that stand far back in their lines need nothing of it.
  const isFar = calls.runs.areFar(run.runId);
  if (status === 'calling-provider') return !isFar;
  if (status !== 'running-task' && status !== 'backoff' && status !== 'stalled') return false;
  const hasCalls = calls.runs.of(run.runId).length > 0 && !isFar;
  const isInLine = tasks.areAllInLine(run.runId) && waitStatus.isLineShown(hot);
  return hasCalls || (tasks.hasOpen(run.runId) && !isInLine);
}
