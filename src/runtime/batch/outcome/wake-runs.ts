/**
 * Wakes runs that have a new inbox row from a commit: runs of this replica are queued, and the owners of
 * other runs are hinted at them.
 */
import {
  commandKinds,
  type InboxInsert,
  type NewRun,
  type RunAddress,
} from '../../../store/rows.ts';
import type { MadeBatch } from '../made-batch.ts';
import type { RoomsBelow } from '../rooms-below.ts';

type Waking = Pick<RoomsBelow, 'isolation' | 'runQueue' | 'scan'>;

export function wakeRuns(
  made: MadeBatch,
  wakes: readonly RunAddress[],
  { scan, isolation, runQueue }: Waking,
): void {
  if (wakes.length === 0) return;
  const fresh = new Map<string, NewRun>();
  for (const run of made.batch.arrivals.starts) fresh.set(run.runId, run);
  for (const { commit } of made.turns) for (const run of commit.children) fresh.set(run.runId, run);
  const commanded = commandedRuns(made);
  for (const address of wakes) {
    const { runId } = address;
    const command = commanded.has(runId);
    scan.wake(address, { fresh: fresh.get(runId), command });
    const entry = command ? runQueue.entry(runId) : undefined;
    if (entry !== undefined) isolation.hurry(entry);
  }
}

/**
 * Runs for which the batch has brought a command from a person or from a parent: their turns go first.
 */
function commandedRuns({ batch, turns }: MadeBatch): ReadonlySet<string> {
  const commanded = new Set<string>();
  const note = (rows: readonly InboxInsert[]): void => {
    for (const { kind, runId } of rows) if (commandKinds.includes(kind)) commanded.add(runId);
  };
  note(batch.arrivals.inbox);
  for (const { commit } of turns) note(commit.inbox);
  return commanded;
}
