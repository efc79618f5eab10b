/** When retention looks for what is over. */
import { expect, it } from 'vitest';
import { Housekeeping } from '../../../src/runtime/ownership/housekeeping.ts';
import type { Asked } from '../../../src/store/port.ts';
import { ManualClock } from '../../support/manual-clock.ts';

async function asked(retainMs: number | null, full: number, forMs: number) {
  const clock = new ManualClock();
  const rounds: (Asked<'prune'> & { readonly atMs: number })[] = [];
  const housekeeping = new Housekeeping({
    clock,
    retainMs,
    log: { info: () => undefined, warn: () => undefined },
    store: {
      prune: async (query) => {
        rounds.push({ ...query, atMs: clock.nowMs() });
        return { runs: 0, isMore: rounds.length <= full };
      },
    },
  });
  const beganMs = clock.nowMs();
  housekeeping.start();
  await clock.advance(forMs);
  housekeeping.close();
  return rounds.map(({ atMs, olderThanMs }) => [(atMs - beganMs) / 1_000, olderThanMs]);
}

it('rows of a day go where runs are kept for ever too: once a minute, and each second while a round is full', async () => {
  expect(await asked(null, 2, 130_000)).toEqual([
    [60, null],
    [61, null],
    [62, null],
    [122, null],
  ]);
  expect(await asked(5_000, 0, 70_000)).toEqual([
    [5, 5_000],
    [65, 5_000],
  ]);
});
