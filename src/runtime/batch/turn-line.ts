/** What carries turns from the run queue to their commits and on, put together: see each part. */
import type { CapacitySettings } from '../../domain/capacity-settings.ts';
import { Committer } from './committer.ts';
import { FailedBatches } from './failed-batches.ts';
import { FreshStarts } from './fresh-starts.ts';
import { Isolation } from '../wake/isolation.ts';
import type { WorkScan } from '../wake/work-scan.ts';
import type { Parts } from '../parts.ts';
import { ResultKeeper } from './result-keeper.ts';
import type { RuntimeSettings } from '../settings.ts';
import { AfterCommit } from './outcome/after-commit.ts';
import { WaitStatus } from './outcome/wait-status.ts';
import { TurnBatches } from './turn-batch.ts';

export type TurnLine = {
  readonly waitStatus: WaitStatus;
  readonly afterCommit: AfterCommit;
  readonly isolation: Isolation;
  readonly batches: TurnBatches;
  readonly committer: Committer;
  readonly keeper: ResultKeeper;
};

export function makeTurnLine(options: {
  readonly parts: Parts;
  readonly scan: WorkScan;
  readonly settings: RuntimeSettings;
  readonly capacity: CapacitySettings;
  readonly onFenced: () => void;
}): TurnLine {
  const { parts, scan, settings, capacity, onFenced } = options;
  const { clock, ids } = parts;
  const { turnsMax, batchesMax } = settings;
  const fresh = new FreshStarts(parts);
  const waitStatus = new WaitStatus(parts);
  const isolation = new Isolation({ clock, ids, onDue: () => committer.request() });
  const afterCommit = new AfterCommit({ parts, fresh, waitStatus, scan, isolation, onFenced });
  const failed = new FailedBatches({ parts, fresh, afterCommit, isolation });
  const isHeld = (): boolean => keeper.holdsTurns;
  const of = { parts, afterCommit, failed, sizes: capacity.batches };
  const batches = new TurnBatches({ ...of, fresh, waitStatus, isolation, turnsMax, isHeld });
  const committer = new Committer({ clock, source: batches, batchesMax });
  const keeper = new ResultKeeper({ ...of, settings: capacity.keeping, batches, committer });
  return { waitStatus, afterCommit, isolation, batches, committer, keeper };
}
