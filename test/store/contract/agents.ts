/** Builds of turns, and the versions of agents: what runs of each stand on, and what is kept of it. */
import { expect } from 'vitest';
import { allTenants, oneTenant } from '../../../src/access/scopes.ts';
import type { AgentRegistration } from '../../../src/store/port.ts';
import { begin, endOf, newRun, tenant, turnOf, type Contract } from './fixture.ts';

const under = (structure: string, parts: Partial<AgentRegistration> = {}): AgentRegistration => ({
  agent: 'editor',
  version: '1',
  structure,
  replaces: false,
  definitionText: '{"id":"editor"}',
  definitionBytes: 15,
  inputSchemaText: null,
  eventSchemasText: null,
  ...parts,
});

export function agentsContract({ open, it }: Contract): void {
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
    const rows = await bench.store.journal(oneTenant(tenant), query);
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
      expect(await store.registerAgents([under(structure)])).toEqual([]);
    }
  });

  it('another structure stands back while runs of the version are open', async () => {
    const bench = await begin(open);
    const { store } = bench;
    await store.registerAgents([under('a'), under('x', { version: '2' })]);
    const run = await bench.started(1);
    const others = [newRun(2), newRun(3, { tenant: 'other' }), newRun(4, { version: '2' })];
    await bench.commit({ arrivals: { starts: others } });
    const more = under('c', { agent: 'writer' });
    const refused = [{ agent: 'editor', version: '1', structure: 'a', open: 3 }];
    expect(await store.registerAgents([more, under('b')])).toEqual(refused);
    expect(await store.registerAgents([under('a')])).toEqual([]);
    // Nothing of a list that was refused is kept: the writer may have another.
    await bench.commit({ arrivals: { starts: [newRun(5, { agent: 'writer' })] } });
    expect(await store.registerAgents([{ ...more, structure: 'd' }])).toEqual([]);
    expect(await store.registerAgents([more])).toMatchObject([{ agent: 'writer', open: 1 }]);
    await bench.commit({ turns: [endOf(run, 1)] });
    expect(await store.registerAgents([under('b')])).toMatchObject([{ open: 2 }]);
  });

  it('one that replaces takes the place while runs are open', async () => {
    const bench = await begin(open);
    const { store } = bench;
    await store.registerAgents([under('a')]);
    await bench.started(1);
    expect(await store.registerAgents([under('b', { replaces: true })])).toEqual([]);
    expect(await store.registerAgents([under('a')])).toMatchObject([{ open: 1 }]);
    expect(await store.registerAgents([under('b')])).toEqual([]);
  });

  it('of two that ask at once one wins', async () => {
    const bench = await begin(open);
    const { store } = bench;
    await bench.started(1);
    const answers = await Promise.all(
      ['a', 'b', 'c', 'd'].map((structure) => store.registerAgents([under(structure)])),
    );
    expect(answers.filter((inUse) => inUse.length === 0)).toHaveLength(1);
    expect(answers.flat()).toHaveLength(3);
  });

  it('what was registered is read, of one version, of the newest, and in pages', async () => {
    const { store, advance } = await begin(open);
    const full = {
      definitionText: '{"id":"writer"}',
      definitionBytes: 15,
      inputSchemaText: '{"type":"object"}',
      eventSchemasText: '{"GO":{}}',
    };
    const large = { definitionText: null, definitionBytes: 900_000 };
    const [one, two] = [under('a', { version: '2' }), under('b', { version: '1', ...large })];
    await store.registerAgents([one, two, under('w', { agent: 'writer', ...full })]);
    const { replaces: _, ...known } = under('w', { agent: 'writer', ...full });
    const writer = await store.agent('writer', '1');
    expect(writer).toEqual({ ...known, registeredAtMs: expect.any(Number) });
    // Of versions that were registered together the last is the newest.
    expect(await store.agent('editor', null)).toMatchObject({ version: '1', ...large });
    const first = { agent: null, after: null, limit: 2 };
    const page = await store.agents(first);
    expect(page.map(({ agent, version }) => [agent, version])).toEqual([
      ['editor', '1'],
      ['editor', '2'],
    ]);
    const after = { agent: 'editor', version: '2' };
    expect(await store.agents({ ...first, after })).toEqual([writer]);
    expect(
      await store.agents({ agent: 'editor', after: { ...after, version: '1' }, limit: 9 }),
    ).toMatchObject([{ version: '2' }]);
    await advance(1_000);
    await store.registerAgents([under('a', { version: '2', definitionText: '{}' })]);
    const again = await store.agent('editor', null);
    expect(again).toMatchObject({ version: '2', definitionText: '{}' });
    expect(again?.registeredAtMs).toBeGreaterThan(writer?.registeredAtMs ?? 0);
    expect(await store.agent('editor', '3')).toBeNull();
    expect(await store.agent('nobody', null)).toBeNull();
  });

  it('open runs are counted by version, of a tenant or of all', async () => {
    const bench = await begin(open);
    expect(await bench.store.openRunsByVersion(allTenants)).toEqual({ counts: [], isWhole: true });
    const run = await bench.started(1);
    const more = [newRun(2), newRun(3, { tenant: 'other' }), newRun(4, { version: '2' })];
    await bench.commit({ arrivals: { starts: more } });
    const ofEditor = (version: string, count: number) => ({
      agent: 'editor',
      version,
      open: count,
    });
    expect(await bench.store.openRunsByVersion(allTenants)).toEqual({
      counts: [ofEditor('1', 3), ofEditor('2', 1)],
      isWhole: true,
    });
    await bench.commit({ turns: [endOf(run, 1)] });
    const own = await bench.store.openRunsByVersion(oneTenant(tenant));
    expect(own.counts).toEqual([ofEditor('1', 1), ofEditor('2', 1)]);
  });
}
