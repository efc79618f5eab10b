/** Starts whose first turn is under way when their shard goes to another replica: each is answered. */
import { afterEach, expect, it } from 'vitest';
import { RunQueue } from '../../../src/runtime/wake/run-queue.ts';
import type { PartFate } from '../../../src/store/fates.ts';
import { memoryWorld } from '../../support/replica.ts';
import { replaced, replacedGetter } from '../../support/replaced.ts';
import { watchedCommits } from '../../support/watched-commits.ts';

/** No run takes a turn, until what is given back is called. */
function standStill(): () => void {
  const undone = [
    replaced(RunQueue.prototype, 'take', () => () => []),
    replacedGetter(RunQueue.prototype, 'hasWork', () => () => false),
  ];
  return () => undone.forEach((one) => one());
}

let undo = (): void => undefined;
afterEach(() => undo());

it('a start whose first turn waits to be tried again is answered when its shard is given away', async () => {
  const world = memoryWorld();
  const commits = watchedCommits();
  const settings = { leaseMs: 1_000 };
  const first = await world.replica({ between: commits.between, settings });
  commits.meet(
    ({ turns }) => turns.some(({ create }) => create !== null),
    async (batch, commit) => {
      const outcome = await commit({ ...batch, turns: [] });
      undo = standStill();
      const fate = { kind: 'conflict', what: 'test' } as const;
      const turns = batch.turns.map((_, index): PartFate => ({ kind: 'turns', index, fate }));
      return { ...outcome, fates: [...outcome.fates, ...turns] };
    },
  );
  const pipelines = Array.from({ length: 40 }, (_, i) => `p${i}`);
  let answered = 0;
  const starts = pipelines.map(async (pipeline) => {
    const run = await first.heddle.start('script', { pipeline, input: { steps: [] } });
    answered += 1;
    return run;
  });
  await world.clock.advance(100);
  expect(answered).toBe(0);
  // Half of the shards go to a second replica.
  const second = await world.replica({ settings });
  await world.clock.advance(10_000);
  undo();
  commits.meet(
    () => false,
    () => Promise.reject(new Error('not met')),
  );
  await world.clock.advance(5_000);
  expect(answered).toBe(pipelines.length);
  for (const run of await Promise.all(starts)) {
    expect(await (await second.heddle.run(run.id)).status()).toBe('completed');
  }
});
