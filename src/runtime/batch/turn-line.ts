/** What carries turns from the workbench to their commits and on, put together: see each part. */
import { Committer } from './committer.ts';
import { FailedBatches } from './failed-batches.ts';
import { FreshStarts } from './fresh-starts.ts';
import { Isolation } from '../wake/isolation.ts';
import type { Looking } from '../wake/work-scan.ts';
import type { Parts } from '../parts.ts';
import { ResultKeeper, type KeepingSettings } from './result-keeper.ts';
import type { RuntimeSettings } from '../settings.ts';
import { Settling } from './outcome/after-commit.ts';
import { StatusNews } from './outcome/wait-status.ts';
import { TurnBatches } from './turn-batch.ts';

export type TurnLine = {
  readonly news: StatusNews;
  readonly settling: Settling;
  readonly isolation: Isolation;
  readonly batches: TurnBatches;
  readonly committer: Committer;
  readonly keeper: ResultKeeper;
};

export function makeTurnLine(options: {
  readonly parts: Parts;
  readonly looking: Looking;
  readonly settings: RuntimeSettings;
  readonly keeping: KeepingSettings;
  readonly onFenced: () => void;
}): TurnLine {
  const { parts, looking, settings, keeping, onFenced } = options;
  const { clock, ids } = parts;
  const { turnsMax, batchesMax } = settings;
  const fresh = new FreshStarts(parts);
  const news = new StatusNews(parts);
  const isolation = new Isolation({ clock, ids, onDue: () => committer.request() });
  const settling = new Settling({ parts, fresh, news, looking, isolation, onFenced });
  const failed = new FailedBatches({ parts, fresh, settling, isolation });
  const isHeld = (): boolean => keeper.holdsTurns;
  const of = { parts, settling, failed };
  const batches = new TurnBatches({ ...of, fresh, news, isolation, turnsMax, isHeld });
  const committer = new Committer({ clock, source: batches, batchesMax });
  const keeper = new ResultKeeper({ ...of, settings: keeping, batches, committer });
  return { news, settling, isolation, batches, committer, keeper };
}
