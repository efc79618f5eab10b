/** What a run was: as of a turn, turn by turn, near and far from a checkpoint, and with a chart that has changed. */
import { describe, expect, it } from 'vitest';
import { assign, createMachine, setup } from 'xstate';
import { limits } from '../../../src/domain/limits.ts';
import { memoryWorld, oneReplica } from '../../support/replica.ts';

/** Counts its events. Two builds of it differ in what an event does, and in nothing of the structure. */
type Counted = { readonly context: { readonly n: number } };
const ones = assign({ n: ({ context }: Counted) => context.n + 1 });
const twos = assign({ n: ({ context }: Counted) => context.n + 2 });

const counter = (count: unknown) =>
  setup({
    types: { context: {} as Counted['context'] },
    actions: { count: count as typeof ones as never },
  }).createMachine({
    id: 'counter',
    context: { n: 0 },
    initial: 'even',
    states: {
      even: { on: { GO: { target: 'odd', actions: 'count' } } },
      odd: { on: { GO: { target: 'even', actions: 'count' } }, after: { 60_000: 'even' } },
    },
  });

async function ranFor(turns: number, v?: string) {
  const world = await oneReplica({ agents: [counter(ones)] });
  const run = await world.heddle.start('counter');
  await world.clock.idle();
  for (let sent = 1; sent < turns; sent++) {
    await run.send({ type: 'GO', ...(v === undefined ? {} : { v }) });
    await world.clock.idle();
  }
  return { ...world, run };
}

describe('a snapshot as of a turn', () => {
  it('is exact at every turn, however far from the beginning, by a short fold', async () => {
    const { run, store, heddle } = await ranFor(2 * limits.checkpointTurns + 5);
    const kept = store.database.tables.checkpoints.all().map(({ turn }) => turn);
    expect(kept).toEqual([limits.checkpointTurns, 2 * limits.checkpointTurns]);
    for (const turn of [1, 2, 199, 200, 201, 399, 400, 401, 405]) {
      const past = await run.snapshotAt(turn);
      expect(past).toMatchObject({
        turn,
        asOf: turn,
        exact: true,
        context: { n: turn - 1 },
        value: turn % 2 === 1 ? 'even' : 'odd',
        status: turn % 2 === 1 ? 'waiting-on-person' : 'waiting-on-timer',
        atMs: expect.any(Number),
      });
      const [from, to] = turn % 2 === 1 ? ['odd', 'even'] : ['even', 'odd'];
      const edge = `counter.${from}:GO:0:counter.${to}`;
      expect(past.edges?.map(({ id }) => id)).toEqual(turn === 1 ? [] : [edge]);
      const timer = { kind: 'timer', id: 'after:60000:counter.odd', generation: turn / 2 };
      expect(past.open).toEqual(turn % 2 === 1 ? [] : [timer]);
    }
    // The fold reads nothing from before the checkpoint.
    const { journal } = store.database.tables;
    const row = journal.all().find(({ turn }) => turn === 3);
    journal.put({ ...row!, entriesText: '[{"kind":"broken"}]' });
    expect(await run.snapshotAt(399)).toMatchObject({ exact: true, context: { n: 398 } });
    for (const wrong of [0, 406, 1.5, '3', null, undefined]) {
      await expect(run.snapshotAt(wrong as never)).rejects.toMatchObject({ code: 'invalid-field' });
    }
    await heddle.close();
  });

  it('keeps checkpoints sooner where turns are large', async () => {
    const { store, heddle } = await ranFor(20, 'x'.repeat(900_000));
    const kept = store.database.tables.checkpoints.all().map(({ turn }) => turn);
    expect(kept).toEqual([6, 11, 16]);
    await heddle.close();
  });

  it('says so where the chart has changed, and where it is missing', async () => {
    const { clock, replica } = memoryWorld();
    const first = await replica({ agents: [counter(ones)] });
    const { id } = await first.heddle.start('counter');
    await clock.idle();
    const sender = await first.heddle.run(id);
    for (let sent = 1; sent < 205; sent++) {
      await sender.send({ type: 'GO' });
      await clock.idle();
    }
    await first.heddle.close();
    const changed = await (await replica({ agents: [counter(twos)] })).heddle.run(id);
    expect(await changed.snapshotAt(3)).toMatchObject({
      exact: 'chart-changed',
      context: { n: 4 },
    });
    expect(await changed.snapshotAt(200)).toMatchObject({ exact: true, context: { n: 199 } });
    expect(await changed.snapshotAt(202)).toMatchObject({
      exact: 'chart-changed',
      asOf: 202,
      context: { n: 203 },
    });
    expect(await changed.snapshotAt(205)).toMatchObject({ exact: true, context: { n: 204 } });
    const missing = await (
      await replica({ agents: [createMachine({ id: 'other' })] })
    ).heddle.run(id);
    expect(await missing.snapshotAt(3)).toMatchObject({
      exact: 'version-missing',
      asOf: null,
      value: null,
      edges: null,
      status: 'waiting-on-person',
    });
    expect(await missing.snapshotAt(202)).toMatchObject({
      exact: 'version-missing',
      asOf: 200,
      context: { n: 199 },
      edges: null,
    });
    expect(await missing.snapshotAt(205)).toMatchObject({ exact: true, context: { n: 204 } });
    const [turn] = await missing.turns({ after: 3, limit: 1, edges: true });
    const nothing = { value: null, edges: null, opened: null, stopped: null };
    expect(turn).toMatchObject({ turn: 4, ...nothing, exact: 'version-missing' });
    const [told] = await changed.turns({ after: 2, limit: 1, edges: true });
    expect(told).toMatchObject({ turn: 3, exact: 'chart-changed', edges: [{ event: 'GO' }] });
  });

  it('gives no edges beside the state of the row where a changed chart has gone elsewhere', async () => {
    const { clock, replica } = memoryWorld();
    const going = (may: (n: number) => boolean) =>
      createMachine({
        id: 'going',
        initial: 'here',
        states: {
          here: { on: { GO: [{ target: 'there', guard: { type: 'may' } }, { target: 'away' }] } },
          there: { on: { GO: 'here' } },
          away: { on: { GO: 'here' } },
        },
      }).provide({ guards: { may: () => may(1) } });
    const first = await replica({ agents: [going((n) => n > 0)] });
    const { id } = await first.heddle.start('going');
    await clock.idle();
    await (await first.heddle.run(id)).send({ type: 'GO' });
    await clock.idle();
    const was = await (await first.heddle.run(id)).snapshotAt(2);
    expect(was).toMatchObject({ exact: true, value: 'there', edges: [{ event: 'GO', branch: 0 }] });
    await first.heddle.close();
    const changed = await (await replica({ agents: [going((n) => n < 0)] })).heddle.run(id);
    expect(await changed.snapshotAt(2)).toMatchObject({ exact: true, value: 'there', edges: null });
    expect(await changed.snapshotAt(1)).toMatchObject({ value: 'here', edges: expect.any(Array) });
  });

  it('leaves the event loop free', async () => {
    const { run, clock, heddle } = await ranFor(30);
    let soon = 0;
    const now = clock.nowMs.bind(clock);
    let ms = now();
    clock.nowMs = () => (ms += 4);
    const arm = clock.soon.bind(clock);
    clock.soon = (work) => {
      soon++;
      arm(work);
    };
    await run.snapshotAt(30);
    // A step here takes 4 ms: the fold stops before it holds the process for more than 10 ms and a step.
    expect(soon).toBeGreaterThanOrEqual(8);
    clock.nowMs = now;
    await heddle.close();
  });
});

describe('turns', () => {
  it('are read from either end, with their edges where they are asked for', async () => {
    const { run, heddle } = await ranFor(12);
    const numbers = async (query: object) => (await run.turns(query)).map(({ turn }) => turn);
    expect(await numbers({ limit: 3 })).toEqual([10, 11, 12]);
    expect(await numbers({ before: 10, limit: 3 })).toEqual([7, 8, 9]);
    expect(await numbers({ after: 0, limit: 2 })).toEqual([1, 2]);
    expect(await numbers({ after: 11 })).toEqual([12]);
    expect(await numbers({ after: 12 })).toEqual([]);
    const [bare] = await run.turns({ after: 1, limit: 1 });
    expect(bare).toMatchObject({ turn: 2, status: 'waiting-on-timer' });
    expect(bare?.entries).toEqual([{ kind: 'event', by: 'library', event: { type: 'GO' } }]);
    expect(bare).not.toHaveProperty('edges');
    const [, full] = await run.turns({ before: 4, limit: 2, edges: true });
    expect(full?.edges?.map(({ id }) => id)).toEqual(['counter.odd:GO:0:counter.even']);
    const timer = { kind: 'timer', id: 'after:60000:counter.odd', generation: 1 };
    expect(full).toMatchObject({ value: 'even', opened: [], stopped: [timer], exact: true });
    for (const wrong of [{ after: 1, before: 3 }, { limit: 201 }, { after: -1 }, { from: 3 }]) {
      await expect(run.turns(wrong as never)).rejects.toMatchObject({ code: 'invalid-field' });
    }
    await heddle.close();
  });
});
