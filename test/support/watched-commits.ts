/** What a replica commits, in order; some commits can be held back, or met as a test says. */
import type { Batch } from '../../src/store/batch.ts';
import type { BatchOutcome } from '../../src/store/fates.ts';
import type { Store } from '../../src/store/port.ts';

type Commit = (batch: Batch) => Promise<BatchOutcome>;
type Which = (batch: Batch) => boolean;

/** It carries results and no turns: a commit of the keeper's own. */
export const isKeeping: Which = ({ results }) => results.length > 0;
export const hasTurns: Which = ({ turns }) => turns.length > 0;

export type WatchedCommits = {
  readonly between: (store: Store) => Store;
  /** Every batch that was sent, in order, held back or not. */
  readonly seen: Batch[];
  /** By commit that kept results: the runs whose results they are. */
  readonly kept: () => string[][];
  /** From now on these commits are met like this, until the next call of `meet` or `hold`. */
  readonly meet: (
    which: Which,
    how: (batch: Batch, commit: Commit) => Promise<BatchOutcome>,
  ) => void;
  /** From now on these commits, or their answers, wait; what is given back lets all of them go. */
  readonly hold: (which: Which, what?: 'commit' | 'answer') => () => void;
};

export function watchedCommits(): WatchedCommits {
  const seen: Batch[] = [];
  let rule: { readonly which: Which; readonly how: Parameters<WatchedCommits['meet']>[1] } | null =
    null;
  const meet: WatchedCommits['meet'] = (which, how) => {
    rule = { which, how };
  };
  return {
    seen,
    meet,
    between: (store) => ({
      ...store,
      commit: (batch) => {
        seen.push(batch);
        return rule?.which(batch) === true ? rule.how(batch, store.commit) : store.commit(batch);
      },
    }),
    kept: () => seen.filter(isKeeping).map(({ results }) => results.map(({ runId }) => runId)),
    hold: (which, what = 'commit') => {
      let letGo = (): void => undefined;
      const gone = new Promise<void>((resolve) => (letGo = resolve));
      meet(which, async (batch, commit) => {
        if (what === 'commit') await gone;
        const outcome = await commit(batch);
        if (what === 'answer') await gone;
        return outcome;
      });
      return letGo;
    },
  };
}
