/** Delayed messages of which some cannot enter their channel: their neighbours do, in time. */
import { expect, it } from 'vitest';
import { heddleError } from '../../../src/domain/errors.ts';
import type { MemoryStore } from '../../../src/store/memory/memory-store.ts';
import type { Store } from '../../../src/store/port.ts';
import { memoryWorld } from '../../support/replica.ts';

type Query = Parameters<Store['releaseDelayed']>[0];

/** What a release would move. */
function dueOf(store: MemoryStore, nowMs: number, { skip = 0, limit }: Query) {
  const due = store.database.tables.delayed.all().filter(({ dueAtMs }) => dueAtMs <= nowMs);
  due.sort((a, b) => a.dueAtMs - b.dueAtMs || a.order - b.order);
  return due.slice(skip, skip + limit);
}

/** A replica whose store refuses every release in which a message of a channel `bad…` is. */
async function scene(make: () => Error) {
  const world = memoryWorld();
  const seen = { tries: 0, isMended: false };
  const between = (store: Store): Store => ({
    ...store,
    releaseDelayed: async (query) => {
      seen.tries += 1;
      const due = dueOf(world.store, world.clock.nowMs(), query);
      if (!seen.isMended && due.some(({ channel }) => channel.startsWith('bad'))) throw make();
      return store.releaseDelayed(query);
    },
  });
  const replica = await world.replica({ between });
  const inChannel = (channel: string) =>
    world.store.database.tables.messages.all().filter((message) => message.channel === channel);
  return { ...world, ...replica, seen, inChannel };
}

const makes: readonly (readonly [string, () => Error])[] = [
  [
    'an error that Postgres tells of',
    () => heddleError('store-error', { reason: 'a trigger', sqlstate: 'P0001' }),
  ],
  ['data that Postgres refuses', () => heddleError('store-poison', { reason: 'it does not fit' })],
  ["heddle's own TypeError", () => new TypeError("reading 'x' of undefined")],
];

it.each(makes)(
  '%s: neighbours enter their channels in order, the others later',
  async (_, make) => {
    const { heddle, clock, seen, inChannel, warnings } = await scene(make);
    for (let i = 0; i < 30; i++) {
      await heddle.publish(i % 10 === 4 ? `bad${i}` : 'good', i, { delayMs: 500 + i });
    }
    await clock.advance(6_000);
    expect(inChannel('good').map(({ seq }) => seq)).toEqual(
      Array.from({ length: 27 }, (_, i) => i + 1),
    );
    const told = warnings.filter((line) => line.startsWith('a delayed message cannot'));
    expect(told).toHaveLength(1);
    // What comes later does not wait for them.
    await heddle.publish('good', 'late', { delayMs: 500 });
    await clock.advance(4_000);
    expect(inChannel('good')).toHaveLength(28);
    seen.tries = 0;
    await clock.advance(3_600_000);
    // A poll each 2 s, and each minute the tries that find the three anew.
    expect(seen.tries).toBeLessThan(3_600);
    expect(warnings.filter((line) => line.startsWith('a delayed message cannot'))).toHaveLength(1);
    seen.isMended = true;
    await clock.advance(65_000);
    for (const channel of ['bad4', 'bad14', 'bad24']) expect(inChannel(channel)).toHaveLength(1);
  },
);

it('an error that meets all of them costs a few statements, and is over when it is', async () => {
  const { heddle, clock, seen, inChannel } = await scene(makes[0]?.[1] as () => Error);
  for (let i = 0; i < 50; i++) await heddle.publish('bad', i, { delayMs: 500 });
  seen.tries = 0;
  await clock.advance(60_000);
  expect(seen.tries).toBeLessThan(500);
  seen.isMended = true;
  await clock.advance(65_000);
  expect(inChannel('bad').map(({ payloadText }) => JSON.parse(payloadText) as unknown)).toEqual(
    Array.from({ length: 50 }, (_, i) => i),
  );
});
