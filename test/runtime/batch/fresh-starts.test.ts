/** Starts whose first turn is under way when their shard goes to another replica: each is answered. */
import { afterEach, describe, expect, it } from 'vitest';
import { heddleError } from '../../../src/domain/errors.ts';
import { RunQueue } from '../../../src/runtime/wake/run-queue.ts';
import type { PartFate } from '../../../src/store/fates.ts';
import type { Store } from '../../../src/store/port.ts';
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

/** A store whose reads and renewals hang, until the reads fail with one error and renewals go on. */
function hangingStore() {
  const failing: ((error: Error) => void)[] = [];
  const renewing: (() => void)[] = [];
  let hangs = false;
  const between = (store: Store): Store => ({
    ...store,
    read: (set) => {
      if (!hangs) return store.read(set);
      return new Promise((_, reject) => void failing.push(reject));
    },
    renew: async (replica) => {
      if (hangs) await new Promise<void>((resolve) => void renewing.push(resolve));
      return store.renew(replica);
    },
  });
  return {
    between,
    hang: () => void (hangs = true),
    get readsUnderWay() {
      return failing.length;
    },
    fail(error: Error): void {
      hangs = false;
      for (const reject of failing.splice(0)) reject(error);
      for (const resolve of renewing.splice(0)) resolve();
    },
  };
}

/** A replica that loses all its shards to a second one while the first turns of 40 starts read. */
async function losesShards() {
  const world = memoryWorld();
  const hanging = hangingStore();
  const settings = { leaseMs: 1_000 };
  const first = await world.replica({ between: hanging.between, settings });
  hanging.hang();
  const step = { do: 'recall', with: { scope: 'user', key: 'k', history: 1 } };
  const starts = Array.from({ length: 40 }, (_, i) =>
    first.heddle.start('script', { pipeline: `p${i}`, input: { steps: [step] } }).then(
      ({ id }) => ({ id }),
      (refused: unknown) => ({ refused }),
    ),
  );
  const answers: ({ readonly id: string } | { readonly refused: unknown })[] = [];
  for (const start of starts) void start.then((answer) => answers.push(answer));
  await world.clock.advance(100);
  expect([answers.length, hanging.readsUnderWay]).toEqual([0, 1]);
  world.store.endSession(first.runtime.replicaId);
  const second = await world.replica({ settings });
  await world.clock.advance(10_000);
  expect(world.store.database.tables.shards.all().map(({ owner }) => owner)).toEqual(
    Array.from({ length: 32 }, () => second.runtime.replicaId),
  );
  return { world, hanging, first, second, answers };
}

describe('starts whose replica loses its shards while their first turn reads', () => {
  it.each([
    ['an error that nobody has caused', new Error('a fault of the store')],
    ['a refusal of the data', heddleError('store-poison', { reason: 'refused' })],
  ])('are answered when the read fails with %s', async (_, error) => {
    const { world, hanging, second, answers } = await losesShards();
    hanging.fail(error);
    await world.clock.advance(60_000);
    expect(answers).toHaveLength(40);
    for (const answer of answers) {
      if (!('id' in answer)) throw answer.refused;
      expect(await (await second.heddle.run(answer.id)).status()).toBe('completed');
    }
  });

  it('are refused when it closes and the store does not answer', async () => {
    const { world, hanging, first, answers } = await losesShards();
    const closing = first.heddle.close();
    hanging.fail(heddleError('store-unavailable', { reason: 'it is gone' }));
    await world.clock.advance(60_000);
    await closing;
    expect(answers.map((answer) => 'refused' in answer)).toEqual(
      Array.from({ length: 40 }, () => true),
    );
  });
});
