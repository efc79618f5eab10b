/** For which runs a batch has brought a person's word, or a parent's: their turns go first. */
import { commandKinds, type InboxInsert } from '../../../store/rows.ts';
import type { MadeBatch } from '../made-batch.ts';

export function commandedRuns({ batch, turns }: MadeBatch): ReadonlySet<string> {
  const commanded = new Set<string>();
  const note = (rows: readonly InboxInsert[]): void => {
    for (const { kind, runId } of rows) if (commandKinds.includes(kind)) commanded.add(runId);
  };
  note(batch.arrivals.inbox);
  for (const { commit } of turns) note(commit.inbox);
  return commanded;
}
