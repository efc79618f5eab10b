/** Runs that have a new inbox row from a commit: here they queue, of others their owners are told. */
import type { NewRun, RunAddress } from '../../../store/rows.ts';
import { commandedRuns } from './commanded.ts';
import type { Isolation } from '../../wake/isolation.ts';
import type { Looking } from '../../wake/work-scan.ts';
import type { MadeBatch } from '../made-batch.ts';
import type { Workbench } from '../../wake/run-queue.ts';

export type Waking = {
  readonly looking: Looking;
  readonly isolation: Isolation;
  readonly bench: Workbench;
};

export function wakeRuns(
  made: MadeBatch,
  wakes: readonly RunAddress[],
  { looking, isolation, bench }: Waking,
): void {
  if (wakes.length === 0) return;
  const fresh = new Map<string, NewRun>();
  for (const run of made.batch.arrivals.starts) fresh.set(run.runId, run);
  for (const { commit } of made.turns) for (const run of commit.children) fresh.set(run.runId, run);
  const commanded = commandedRuns(made);
  for (const address of wakes) {
    const { runId } = address;
    const command = commanded.has(runId);
    looking.wake(address, { fresh: fresh.get(runId), command });
    const entry = command ? bench.entry(runId) : undefined;
    if (entry !== undefined) isolation.hurry(entry);
  }
}
