/** Builds of turns, and what runs of each version stand on. */
import { expect } from 'vitest';
import type { AgentStructure } from '../../../src/store/port.ts';
import { begin, endOf, newRun, tenant, turnOf, type Contract } from './fixture.ts';

const under = (structure: string, parts: Partial<AgentStructure> = {}): AgentStructure => ({
  agent: 'editor',
  version: '1',
  structure,
  replaces: false,
  ...parts,
});

export function structuresContract({ open, it }: Contract): void {
  it('a run keeps the build of its last turn, and the journal that of each', async () => {
    const bench = await begin(open);
    const run = newRun(1);
    const [first, second] = ['build-a', 'build-b'];
    await bench.commit({ turns: [turnOf(run, 0, { create: run, build: first })] });
    expect((await bench.load(run)).run).toMatchObject({ turn: 1, build: first });
    await bench.commit({ turns: [turnOf(run, 1, { build: second })] });
    await bench.commit({ turns: [endOf(run, 2, { build: null })] });
    expect((await bench.load(run)).run.build).toBe(null);
    const query = { tenant, runId: run.runId, afterTurn: 0, limit: 10 };
    const rows = await bench.store.journal(query);
    expect(rows.map(({ turn, build }) => [turn, build])).toEqual([
      [1, first],
      [2, second],
      [3, null],
    ]);
  });

  it('a queued run has no build, and a status between turns leaves it', async () => {
    const bench = await begin(open);
    const run = newRun(1);
    await bench.commit({ arrivals: { starts: [run] } });
    expect((await bench.load(run)).run.build).toBe(null);
    await bench.commit({ turns: [turnOf(run, 0, { build: 'build-a' })] });
    await bench.commit({
      statusChanges: [
        { tenant, runId: run.runId, shard: 1, expectedTurn: 1, status: 'stalled', reason: 'why' },
      ],
    });
    expect((await bench.load(run)).run).toMatchObject({ status: 'stalled', build: 'build-a' });
  });

  it('a structure is kept, again and again, and another takes its place', async () => {
    const { store } = await begin(open);
    for (const structure of ['a', 'a', 'b', 'a']) {
      expect(await store.keepStructures([under(structure)])).toEqual([]);
    }
  });

  it('another structure stands back while runs of the version are open', async () => {
    const bench = await begin(open);
    const { store } = bench;
    await store.keepStructures([under('a'), under('x', { version: '2' })]);
    const run = await bench.started(1);
    const others = [newRun(2), newRun(3, { tenant: 'other' }), newRun(4, { version: '2' })];
    await bench.commit({ arrivals: { starts: others } });
    const more = under('c', { agent: 'writer' });
    const refused = [{ agent: 'editor', version: '1', structure: 'a', open: 3 }];
    expect(await store.keepStructures([more, under('b')])).toEqual(refused);
    expect(await store.keepStructures([under('a')])).toEqual([]);
    // Nothing of a list that was refused is kept: the writer may have another.
    await bench.commit({ arrivals: { starts: [newRun(5, { agent: 'writer' })] } });
    expect(await store.keepStructures([{ ...more, structure: 'd' }])).toEqual([]);
    expect(await store.keepStructures([more])).toMatchObject([{ agent: 'writer', open: 1 }]);
    await bench.commit({ turns: [endOf(run, 1)] });
    expect(await store.keepStructures([under('b')])).toMatchObject([{ open: 2 }]);
  });

  it('one that replaces takes the place while runs are open', async () => {
    const bench = await begin(open);
    const { store } = bench;
    await store.keepStructures([under('a')]);
    await bench.started(1);
    expect(await store.keepStructures([under('b', { replaces: true })])).toEqual([]);
    expect(await store.keepStructures([under('a')])).toMatchObject([{ open: 1 }]);
    expect(await store.keepStructures([under('b')])).toEqual([]);
  });

  it('of two that ask at once one wins', async () => {
    const bench = await begin(open);
    const { store } = bench;
    await bench.started(1);
    const answers = await Promise.all(
      ['a', 'b', 'c', 'd'].map((structure) => store.keepStructures([under(structure)])),
    );
    expect(answers.filter((inUse) => inUse.length === 0)).toHaveLength(1);
    expect(answers.flat()).toHaveLength(3);
  });
}
