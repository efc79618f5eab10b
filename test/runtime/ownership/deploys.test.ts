/** A changed chart under runs that are open: they wait for one that fits, and are never failed for it. */
import { assign, setup } from 'xstate';
import { describe, expect, it } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import { catalogue } from '../../../src/index.ts';
import { memoryWorld, type World } from '../../support/replica.ts';

/** Asks, then waits for `go`; `state` is what the first state is called. */
const asks = (edits: { state?: string; id?: string; ends?: boolean } = {}) => {
  const { state = 'asking', id = 'q' } = edits;
  return setup({ actors: { ask: catalogue.ask } }).createMachine({
    id: 'asks',
    initial: state,
    states: {
      [state]: { invoke: { id, src: 'ask', input: { question: 'Really?' }, onDone: 'asked' } },
      asked: { on: { go: 'ended' } },
      ended: { type: 'final' },
    },
  } as never);
};
const under = (version: string, machine: object, adopts?: readonly string[]) => ({
  machine,
  version,
  ...(adopts === undefined ? {} : { adopts }),
});

/** Runs that wait in the first chart, and then another replica with another chart. */
async function parked(count: number, agent: object) {
  const world = memoryWorld();
  const first = await world.replica({ agents: [agent] });
  const starts = Array.from({ length: count }, () => ({ agent: 'asks' }));
  const runs = await first.heddle.startAll(starts);
  await world.clock.idle();
  await first.heddle.close();
  return { ...world, ids: runs.map(({ id }) => id) };
}

async function deploy(world: World, ...agents: readonly object[]) {
  const replica = await world.replica({ agents });
  await world.clock.advance(5_000);
  return replica;
}

describe('a run that does not fit', () => {
  it('is stalled, says what is missing, and goes on with the chart of before', async () => {
    const world = await parked(20, under('1', asks()));
    const renamed = under('1', asks({ state: 'waiting' }), ['1']);
    const second = await deploy(world, renamed);
    for (const id of world.ids) {
      const run = await second.heddle.run(id);
      await run.answer('q', true);
    }
    await world.clock.advance(5_000);
    for (const id of world.ids) {
      expect(await (await second.heddle.run(id)).row()).toMatchObject({
        status: 'stalled',
        reason: expect.stringContaining('it has no state "asking"'),
      });
    }
    // Once for the version, not for each of its runs.
    const warned = second.warnings.filter((line) => line.includes('runs wait for a chart'));
    expect(warned).toHaveLength(1);
    await second.heddle.close();
    const third = await deploy(world, under('1', asks(), ['1']));
    for (const id of world.ids) {
      const run = await third.heddle.run(id);
      expect(await run.status()).toBe('waiting-on-person');
      await run.send({ type: 'go' });
      expect(await run.output()).toBe(null);
    }
  });

  it('names an invocation that is missing', async () => {
    const world = await parked(1, under('1', asks()));
    const second = await deploy(world, under('2', asks({ id: 'other' }), ['1']));
    const run = await second.heddle.run(world.ids[0]!);
    await run.send({ type: 'go' });
    await world.clock.advance(5_000);
    expect(await run.row()).toMatchObject({
      status: 'stalled',
      reason: expect.stringContaining('it has no invocation "q"'),
    });
  });

  it('can be cancelled', async () => {
    const world = await parked(1, under('1', asks()));
    const second = await deploy(world, under('2', asks({ state: 'waiting' }), ['1']));
    const run = await second.heddle.run(world.ids[0]!);
    await run.send({ type: 'go' });
    await world.clock.advance(5_000);
    expect(await run.status()).toBe('stalled');
    await run.cancel('never mind');
    await world.clock.idle();
    expect(await run.status()).toBe('cancelled');
  });

  it('stays paused when it is paused', async () => {
    const world = await parked(1, under('1', asks()));
    const again = await world.replica({ agents: [under('1', asks())] });
    await (await again.heddle.run(world.ids[0]!)).pause('lunch');
    await world.clock.idle();
    await again.heddle.close();
    const second = await deploy(world, under('2', asks({ state: 'waiting' }), ['1']));
    const run = await second.heddle.run(world.ids[0]!);
    await run.send({ type: 'go' });
    await world.clock.advance(5_000);
    expect(await run.row()).toMatchObject({ status: 'paused', reason: 'lunch' });
  });
});

describe('another structure under a version', () => {
  it('is refused while runs of it are open, with their count and the mends', async () => {
    const world = await parked(3, under('1', asks()));
    const other = under('1', asks({ state: 'waiting' }));
    await expect(world.replica({ agents: [other] })).rejects.toMatchObject({
      code: 'structure-changed',
      detail: { agent: 'asks', version: '1', open: 3 },
      message: expect.stringMatching(/new version.*adopts: \["1"\]/),
    });
    // Nothing was changed: the chart of before is at home, and then the other one may come.
    const home = await deploy(world, under('1', asks()));
    for (const id of world.ids) await (await home.heddle.run(id)).cancel('over');
    await world.clock.idle();
    await home.heddle.close();
    await deploy(world, other);
  });

  it('may stand beside it under a version of its own', async () => {
    const world = await parked(1, under('1', asks()));
    const agents = [under('1', asks()), under('2', asks({ state: 'waiting' }))];
    const second = await deploy(world, ...agents);
    const run = await second.heddle.run(world.ids[0]!);
    await run.answer('q', true);
    await run.send({ type: 'go' });
    expect(await run.output()).toBe(null);
    const young = await second.heddle.start('asks');
    expect((await young.row()).version).toBe('2');
  });

  it('takes up what it adopts and fits', async () => {
    const world = await parked(2, under('1', asks()));
    const more = setup({ actors: { ask: catalogue.ask } }).createMachine({
      ...(asks().config as object),
      on: { stop: '.ended' },
    } as never);
    const second = await deploy(world, under('2', more, ['1']));
    const [one, other] = await Promise.all(world.ids.map((id) => second.heddle.run(id)));
    await one!.answer('q', true);
    await one!.send({ type: 'go' });
    expect(await one!.output()).toBe(null);
    await other!.send({ type: 'stop' });
    expect(await other!.output()).toBe(null);
    expect(await other!.row()).toMatchObject({ version: '1', status: 'completed' });
  });

  it.each([
    ['a version that is registered itself', [under('1', asks()), under('2', asks(), ['1'])]],
    ['a version twice', [under('2', asks(), ['1']), under('3', asks(), ['1'])]],
    ['what is no list', [under('2', asks(), 'x' as never)]],
    ['what is no version', [under('2', asks(), [5] as never)]],
  ])('does not adopt %s', async (_, agents) => {
    await expect(memoryWorld().replica({ agents })).rejects.toMatchObject({
      code: 'invalid-field',
      detail: { field: expect.stringMatching(/^agents\.adopts/) },
    });
  });
});

describe('a step that throws', () => {
  const counts = (add: () => number) =>
    setup({
      types: { context: {} as { n: number } },
      actions: { add: assign({ n: ({ context }) => context.n + add() }) },
    }).createMachine({
      id: 'asks',
      context: { n: 0 },
      // What the action does stands in no text of the chart's.
      meta: { add: add.toString() },
      initial: 'open',
      states: {
        open: { on: { add: { actions: 'add' }, end: 'ended' } },
        ended: { type: 'final' },
      },
      output: ({ context }) => context.n,
    });
  const broken = counts(() => {
    throw new Error('mistyped');
  });
  const adding = (n: number): (() => number) => Object.assign(() => n, { toString: () => `${n}` });
  const mended = counts(() => 5);

  it('fails its run under the build of its last turn', async () => {
    const world = await parked(1, broken);
    const second = await deploy(world, broken);
    const run = await second.heddle.run(world.ids[0]!);
    await run.send({ type: 'add' });
    await expect(run.output()).rejects.toMatchObject({ message: /mistyped/ });
    expect(await run.status()).toBe('failed');
  });

  it('fails a run that begins with it', async () => {
    const begins = setup({}).createMachine({
      id: 'asks',
      context: () => {
        throw new Error('mistyped');
      },
    });
    const { replica, clock } = memoryWorld();
    const { heddle } = await replica({ agents: [begins] });
    const run = await heddle.start('asks');
    await clock.idle();
    expect(await run.status()).toBe('failed');
  });

  it('stalls it under another build, which it names, and goes on with the next', async () => {
    const world = await parked(
      1,
      counts(() => 1),
    );
    const { build } = (await world.store.run(oneTenant('default'), world.ids[0]!))!;
    const second = await deploy(world, broken);
    const run = await second.heddle.run(world.ids[0]!);
    await run.send({ type: 'add' });
    await world.clock.advance(10_000);
    const row = await run.row();
    expect(row).toMatchObject({ status: 'stalled', build });
    expect(row.reason).toContain(`its last turn had build ${build}`);
    expect(row.reason).toMatch(/threw under build \w+\.\w+, .*mistyped/);
    const turns = row.turn;
    // Tried again without an end, and written once.
    await world.clock.advance(60_000);
    expect((await run.row()).turn).toBe(turns);
    await second.heddle.close();
    const third = await deploy(world, mended);
    const same = await third.heddle.run(world.ids[0]!);
    await same.send({ type: 'end' });
    expect(await same.output()).toBe(5);
  });

  it('stalls a run of 0.1.0, of which nobody knows the build', async () => {
    const world = await parked(
      1,
      counts(() => 1),
    );
    const { runs } = world.store.database.tables;
    const old = (await world.store.run(oneTenant('default'), world.ids[0]!))!;
    world.store.database.transaction(() => runs.put({ ...old, build: null }));
    const second = await deploy(world, broken);
    const run = await second.heddle.run(world.ids[0]!);
    await run.send({ type: 'add' });
    await world.clock.advance(10_000);
    expect(await run.row()).toMatchObject({
      status: 'stalled',
      reason: expect.stringContaining('a build of heddle 0.1.0'),
    });
    await run.cancel('enough');
    await world.clock.idle();
    expect(await run.status()).toBe('cancelled');
  });

  it('loses nothing of what came with it', async () => {
    const world = await parked(
      1,
      counts(() => 1),
    );
    const second = await deploy(world, broken);
    const run = await second.heddle.run(world.ids[0]!);
    for (const type of ['add', 'add', 'end']) await run.send({ type });
    await world.clock.advance(10_000);
    expect(await run.status()).toBe('stalled');
    await second.heddle.close();
    const third = await deploy(world, mended);
    expect(await (await third.heddle.run(run.id)).output()).toBe(10);
  });

  it('may be stepped by two builds of one version in turn, and the journal says which', async () => {
    const world = await parked(
      1,
      counts(() => 1),
    );
    const id = world.ids[0]!;
    for (const add of [2, 3, 4]) {
      const here = await deploy(world, counts(adding(add)));
      await (await here.heddle.run(id)).send({ type: 'add' });
      await world.clock.idle();
      await here.heddle.close();
    }
    const rows = await world.store.journal(oneTenant('default'), {
      runId: id,
      afterTurn: 0,
      limit: 10,
    });
    expect(new Set(rows.map(({ build }) => build)).size).toBe(4);
    const last = await deploy(
      world,
      counts(() => 0),
    );
    const run = await last.heddle.run(id);
    await run.send({ type: 'end' });
    expect(await run.output()).toBe(9);
  });
});
