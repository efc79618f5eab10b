/**
 * Takes over shards: what their runs hold open is found in the rows and goes on here. The cost depends
 * on the number of runs that were working, and not on the length of their histories.
 */
import { thrownText } from '../../domain/thrown.ts';
import type { OpenRun, Store } from '../../store/port.ts';
import type { Ids } from '../ports.ts';
import type { RunStatus } from '../../../machines/run.ts';
import type { AfterCommit } from '../batch/outcome/after-commit.ts';
import type { WaitStatus } from '../batch/outcome/wait-status.ts';
import { loadRun } from '../turn/turn-loader.ts';
import { inLineReasons } from '../turn/lifecycle.ts';
import type { RoomsBelow } from '../batch/rooms-below.ts';

/**
 * Statuses of runs for which their owner must do something; runs of all other statuses are woken by a
 * row.
 */
const attended: readonly RunStatus[] = [
  'admitted',
  'calling-provider',
  'running-task',
  'backoff',
  'stalled',
];

/**
 * The most runs of one page. Each may be megabytes; of runs that only wait far back in a line nothing
 * but their places is kept.
 */
const pageRuns = 200;

export type RecoveryOptions = Pick<
  RoomsBelow,
  'agents' | 'calls' | 'kernel' | 'log' | 'runQueue' | 'scan' | 'shards'
> & {
  readonly store: Pick<Store, 'open' | 'providers' | 'slots'>;
  readonly ids: Pick<Ids, 'random'>;
  readonly afterCommit: AfterCommit;
  readonly waitStatus: WaitStatus;
};

export async function recover(
  options: RecoveryOptions,
  gained: readonly number[],
): Promise<{ readonly runs: number }> {
  const { calls, log, runQueue, scan, shards, store } = options;
  calls.recallGates(await store.providers());
  for (const slot of await store.slots(gained)) calls.recallMade(slot);
  let runs = 0;
  let afterRunId: OpenRun['runId'] | null = null;
  for (;;) {
    const rows: readonly OpenRun[] = await store.open({
      shards: gained,
      statuses: attended,
      afterRunId,
      limit: pageRuns,
    });
    for (const row of rows) {
      if (shards.epoch(row.shard) === undefined) continue;
      try {
        takeUp(options, row);
        runs += 1;
      } catch (error) {
        // The run's turn meets the same error and deals with it.
        log.warn('a run does not restore', {
          runId: row.runId,
          error: thrownText(error),
        });
        runQueue.wake(row);
      }
    }
    afterRunId = rows.at(-1)?.runId ?? null;
    if (rows.length < pageRuns || afterRunId === null) break;
  }
  calls.recalled();
  shards.arrived(gained);
  scan.forgetTimersSeen();
  scan.now();
  return { runs };
}

/**
 * True when tasks of the run may have been under way when its last owner was lost: then a turn counts
 * the loss before any of them begins again. A run whose row says that all its tasks stand in line had
 * begun none.
 */
function noteLoss({ runQueue, ids, shards }: RecoveryOptions, row: OpenRun): boolean {
  if (row.status !== 'running-task' || row.reason === inLineReasons.all) return false;
  const epoch = shards.epoch(row.shard);
  if (epoch === undefined || !shards.isOrphaned(row.shard)) return false;
  runQueue.deliver(row, { kind: 'lost', epoch, spread: ids.random() });
  return true;
}

function takeUp(options: RecoveryOptions, row: OpenRun): void {
  const { afterCommit, agents, kernel, runQueue, waitStatus } = options;
  if (noteLoss(options, row)) return;
  // An inbox row may be the result of the very call that the run has open. So the run's turn comes
  // first, and what is still open then goes on with that turn's commit.
  if (row.hasInbox) return runQueue.wake(row);
  const loaded = loadRun(kernel, agents, row);
  // The run's turn finds that no chart fits it, and says so in the row.
  if (loaded.kind === 'no-chart' && !(row.status === 'stalled' && row.reason === loaded.reason)) {
    runQueue.wake(row);
  }
  if (loaded.kind !== 'hot') return;
  runQueue.adopt(loaded.hot);
  afterCommit.adopt(loaded.hot);
  waitStatus.check(row.runId);
  if (!afterCommit.isOfUse(loaded.hot)) runQueue.cool(row.runId);
}
