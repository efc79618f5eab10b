/** Several versions of an agent side by side: every run keeps the one that it began with. */
import { setup } from 'xstate';
import { describe, expect, it } from 'vitest';
import { catalogue, task } from '../../../src/index.ts';
import { createKernel } from '../../../src/kernel/kernel.ts';
import { memoryWorld, oneReplica } from '../../support/replica.ts';

const greeter = (word: string) => ({
  version: word,
  machine: setup({ types: { events: {} as { type: 'go' } } }).createMachine({
    id: 'greeter',
    initial: 'waiting',
    states: {
      waiting: { on: { go: 'ended' } },
      ended: { type: 'final' },
    },
    output: { word },
  }),
});
const [one, two] = [greeter('one'), greeter('two')];

describe('versions', () => {
  it('stand side by side; new runs begin with the newest', async () => {
    const world = memoryWorld();
    const first = await world.replica({ agents: [one] });
    const old = await first.heddle.start('greeter');
    await first.heddle.close();
    const second = await world.replica({ agents: [one, two] });
    const young = await second.heddle.start('greeter');
    const same = await second.heddle.run(old.id);
    expect([(await same.row()).version, (await young.row()).version]).toEqual(['one', 'two']);
    for (const run of [same, young]) await run.send({ type: 'go' });
    expect([await same.output(), await young.output()]).toEqual([{ word: 'one' }, { word: 'two' }]);
  });

  it('are refused twice, and unknown agents by name', async () => {
    await expect(oneReplica({ agents: [one, one] })).rejects.toMatchObject({
      code: 'agent-duplicate',
    });
    const { heddle } = await oneReplica({ agents: [one] });
    await expect(heddle.start('nobody')).rejects.toMatchObject({
      code: 'agent-unknown',
      detail: { agent: 'nobody', known: 'greeter' },
    });
  });
});

describe('the default version', () => {
  const asks = (prompt: string) =>
    setup({ actors: { ask: catalogue.ask } }).createMachine({
      id: 'asks',
      invoke: { id: 'q', src: 'ask', input: { question: prompt }, onDone: '.ended' },
      initial: 'open',
      states: { open: {}, ended: { type: 'final' } },
    });

  it('is kept by an edit of a prompt, so that open runs go on', async () => {
    const world = memoryWorld();
    const first = await world.replica({ agents: [asks('Realy?')] });
    const run = await first.heddle.start('asks');
    await world.clock.idle();
    await first.heddle.close();
    const second = await world.replica({ agents: [asks('Really?')] });
    const same = await second.heddle.run(run.id);
    await same.answer('q', true);
    expect(await same.output()).toBe(null);
  });

  it('of 0.1.0 finds the chart whose text it is a hash of', async () => {
    const chart = asks('Really?');
    const { formerVersion } = createKernel().register(chart);
    const world = memoryWorld();
    const first = await world.replica({ agents: [{ machine: chart, version: formerVersion }] });
    const run = await first.heddle.start('asks');
    await world.clock.idle();
    await first.heddle.close();
    const second = await world.replica({ agents: [chart] });
    const same = await second.heddle.run(run.id);
    expect((await same.row()).version).toBe(formerVersion);
    await same.answer('q', true);
    expect(await same.output()).toBe(null);
  });
});

describe('a run whose version is not here', () => {
  /** A run of version one, and then a replica that has only version two. */
  async function orphaned() {
    const world = memoryWorld();
    const first = await world.replica({ agents: [one] });
    const { id } = await first.heddle.start('greeter');
    await first.heddle.close();
    const second = await world.replica({ agents: [two] });
    return { ...world, second, run: await second.heddle.run(id) };
  }

  it('waits visibly, with the reason, and goes on when a replica has it', async () => {
    const { run, clock, second, replica } = await orphaned();
    await run.send({ type: 'go' });
    await clock.idle();
    expect(await run.row()).toMatchObject({
      status: 'stalled',
      reason: 'version one of agent greeter is not registered',
    });
    await clock.advance(60_000);
    expect(second.runtime.stats()).toMatchObject({ permitsInUse: 0, inMemory: 0 });
    await second.heddle.close();
    const third = await replica({ agents: [one, two] });
    await clock.advance(5_000);
    expect(await (await third.heddle.run(run.id)).output()).toEqual({ word: 'one' });
  });

  it('does not hold up its neighbours, paused or not', async () => {
    const { run, clock, second } = await orphaned();
    await run.send({ type: 'go' });
    const fine = await second.heddle.start('greeter');
    await fine.send({ type: 'go' });
    expect(await fine.output()).toEqual({ word: 'two' });
    expect(await run.status()).toBe('stalled');
    await clock.advance(10_000);
    expect(second.warnings.filter((line) => line.includes('given back'))).toEqual([]);
  });

  it('that is paused stays so', async () => {
    const world = memoryWorld();
    const first = await world.replica({ agents: [one] });
    const run = await first.heddle.start('greeter');
    await run.pause('lunch');
    await world.clock.idle();
    await first.heddle.close();
    const second = await world.replica({ agents: [two] });
    const same = await second.heddle.run(run.id);
    await same.send({ type: 'go' });
    const fine = await second.heddle.start('greeter');
    await fine.send({ type: 'go' });
    expect(await fine.output()).toEqual({ word: 'two' });
    await world.clock.advance(10_000);
    expect(await same.row()).toMatchObject({ status: 'paused', reason: 'lunch' });
    expect(second.warnings.filter((line) => line.includes('given back'))).toEqual([]);
  });

  it('can be cancelled', async () => {
    const { run, clock } = await orphaned();
    await run.cancel('never mind');
    await clock.idle();
    expect(await run.status()).toBe('cancelled');
  });

  it('shows it also when it was at work when its owner died', async () => {
    const busy = task(() => new Promise(() => undefined));
    const worker = setup({ actors: { busy } }).createMachine({
      id: 'worker',
      invoke: { id: 'busy', src: 'busy' },
    });
    const world = memoryWorld();
    const first = await world.replica({ agents: [{ machine: worker, version: 'one' }] });
    const run = await first.heddle.start('worker');
    await world.clock.idle();
    first.crash();
    await world.clock.advance(10_000);
    const second = await world.replica({ agents: [{ machine: worker, version: 'two' }] });
    await world.clock.advance(5_000);
    const same = await second.heddle.run(run.id);
    expect(await same.row()).toMatchObject({
      status: 'stalled',
      reason: expect.stringMatching(/one/),
    });
    await second.heddle.close();
    const third = await world.replica({ agents: [{ machine: worker, version: 'one' }] });
    await world.clock.advance(5_000);
    expect(await (await third.heddle.run(run.id)).status()).toBe('running-task');
  });
});
