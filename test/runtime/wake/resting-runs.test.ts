/** Runs with inbox rows that they cannot take are looked at with growing pauses, up to a minute. */
import { setup } from 'xstate';
import { describe, expect, it } from 'vitest';
import type { Store } from '../../../src/store/port.ts';
import { memoryWorld } from '../../support/replica.ts';

/** Waits for `go`, in a state of that name, and throws on `go` if it is to. */
const chart = (state: string, guard?: () => boolean) =>
  setup({}).createMachine({
    id: 'waits',
    initial: state,
    states: {
      [state]: { on: { go: guard === undefined ? 'over' : { target: 'over', guard } } },
      over: { type: 'final' },
    },
  } as never) as object;
const broken = () => {
  throw new Error('broken');
};
const of = (machine: object) => ({ machine, version: '1', adopts: ['1'] });

const whys: Record<string, object> = {
  'its chart has another state': chart('elsewhere'),
  'its step throws under another build': chart('here', broken),
  'its agent is not registered': setup({}).createMachine({ id: 'other' }),
};

async function scene(second: object) {
  const world = memoryWorld();
  const first = await world.replica({ agents: [of(chart('here'))] });
  const { id } = await first.heddle.start('waits');
  await world.clock.idle();
  await first.heddle.close();
  const seen = { loads: 0 };
  const between = (store: Store): Store => ({
    ...store,
    load: async (runs) => {
      seen.loads += runs.filter(({ runId }) => runId === id).length;
      return store.load(runs);
    },
  });
  const replica = await world.replica({ agents: [of(second)], between });
  return { ...world, ...replica, seen, run: await replica.heddle.run(id) };
}

describe.each(Object.keys(whys))('a run that is stalled because %s', (why) => {
  it('is tried with pauses that grow, and goes on where its chart is there', async () => {
    const { heddle, clock, seen, run, replica } = await scene(whys[why] ?? {});
    await run.send({ type: 'go' });
    await clock.advance(60_000);
    expect(await run.status()).toBe('stalled');
    // At 2, 4, 8 … s; and for the event itself.
    expect(seen.loads).toBeLessThan(12);
    expect(seen.loads).toBeGreaterThan(4);
    seen.loads = 0;
    await clock.advance(3_600_000);
    expect(seen.loads).toBeLessThanOrEqual(62);
    expect(seen.loads).toBeGreaterThan(50);
    await heddle.close();
    const third = await replica({ agents: [of(chart('here'))] });
    await clock.advance(5_000);
    expect(await (await third.heddle.run(run.id)).status()).toBe('completed');
  });
});

it('a paused run rests too, and is resumed at once', async () => {
  const { clock, seen, run } = await scene(chart('here'));
  await run.pause('lunch');
  await clock.idle();
  await run.send({ type: 'go' });
  await clock.advance(60_000);
  seen.loads = 0;
  await clock.advance(3_600_000);
  expect(seen.loads).toBeLessThanOrEqual(62);
  await run.resume();
  await clock.advance(1_000);
  expect(await run.status()).toBe('completed');
});
