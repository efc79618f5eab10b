/** Word of a run's end to whoever waits for it in another process. */
import { expect, it } from 'vitest';
import type { Json } from '../../../src/index.ts';
import type { SentHint, Store } from '../../../src/store/port.ts';
import { asRunId } from '../../../src/domain/ids.ts';
import { memoryWorld, type Replica } from '../../support/replica.ts';

const waits = { steps: [{ do: 'wait' }] } as unknown as Json;

function counted() {
  const sent: SentHint[] = [];
  let looks = 0;
  const between = (store: Store): Store => ({
    ...store,
    notify: (hints) => {
      sent.push(...hints);
      return store.notify(hints);
    },
    run: (...args) => {
      looks += 1;
      return store.run(...args);
    },
  });
  return { between, sent, looks: () => looks };
}

async function pair(of: {
  readonly owner: ReturnType<typeof counted>;
  readonly other: ReturnType<typeof counted>;
}) {
  const world = memoryWorld();
  const owner = await world.replica({ between: of.owner.between });
  const other = await world.replica({ between: of.other.between });
  return { ...world, owner, other };
}

/** Runs of which the other replica has not the shards: it has none yet. */
async function waitingRuns({ heddle }: Replica, count: number) {
  return heddle.startAll(Array.from({ length: count }, () => ({ agent: 'script', input: waits })));
}

it('costs nothing at the end of runs that nobody waits for elsewhere', async () => {
  const counts = { owner: counted(), other: counted() };
  const { clock, owner } = await pair(counts);
  const runs = await waitingRuns(owner, 50);
  const outputs = Promise.all(runs.map((run) => run.output()));
  await clock.advance(30_000);
  counts.owner.sent.length = 0;
  for (const run of runs) await run.send({ type: 'go' });
  await clock.advance(1_000);
  await outputs;
  expect(counts.owner.sent.filter(({ kind }) => kind !== 'work')).toEqual([]);
});

it('wakes who waits, long before the row would be looked at again, and tells only once', async () => {
  const counts = { owner: counted(), other: counted() };
  const { clock, owner, other } = await pair(counts);
  const [run] = await waitingRuns(owner, 1);
  const handle = await other.heddle.run(run!.id);
  const outputs = [handle.output(), handle.output()];
  await clock.advance(60_000);
  // Each looks at growing pauses, five seconds at most.
  const before = counts.other.looks();
  expect(before).toBeLessThan(50);
  counts.owner.sent.length = 0;
  await run!.send({ type: 'go' });
  await clock.advance(50);
  const all = await Promise.all(outputs);
  expect(all).toHaveLength(2);
  expect(counts.other.looks() - before).toBe(2);
  expect(counts.owner.sent.filter(({ kind }) => kind === 'ended')).toHaveLength(1);
});

it('is told again to a new owner', async () => {
  const counts = { owner: counted(), other: counted() };
  const { clock, replica, owner, other } = await pair(counts);
  const [run] = await waitingRuns(owner, 1);
  const handle = await other.heddle.run(run!.id);
  // It or the waiting one takes over what the first leaves.
  await replica();
  const output = handle.output();
  await clock.advance(1_000);
  owner.kill();
  await clock.advance(40_000);
  await handle.send({ type: 'go' });
  await clock.advance(50);
  expect(await output).toHaveLength(1);
});

it('knows so many runs at most that are waited for, and forgets them when nobody asks again', async () => {
  const counts = { owner: counted(), other: counted() };
  const { clock, store, owner } = await pair(counts);
  const [early, late] = await waitingRuns(owner, 2);
  await clock.advance(1_000);
  const fake = (n: number) =>
    asRunId(`00000000-0000-7000-9000-${n.toString(16).padStart(12, '0')}`);
  await store.notify([{ kind: 'wanted', runIds: [early!.id] }]);
  const others = Array.from({ length: 10_000 }, (_, n) => fake(n));
  await store.notify([{ kind: 'wanted', runIds: others }]);
  await clock.advance(1_000);
  counts.owner.sent.length = 0;
  await early!.send({ type: 'go' });
  await clock.advance(1_000);
  expect(counts.owner.sent.filter(({ kind }) => kind === 'ended')).toEqual([]);

  await store.notify([{ kind: 'wanted', runIds: [late!.id] }]);
  await clock.advance(61_000);
  await store.notify([{ kind: 'wanted', runIds: [fake(1)] }]);
  await clock.advance(1_000);
  await late!.send({ type: 'go' });
  await clock.advance(1_000);
  expect(counts.owner.sent.filter(({ kind }) => kind === 'ended')).toEqual([]);
});
