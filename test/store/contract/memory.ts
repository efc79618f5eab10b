/** Memory: chains of versions, compare-and-set, history. */
import { expect } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import type { TurnCommit } from '../../../src/store/batch.ts';
import { begin, memory, runId, tenant, turnOf, type Contract } from './fixture.ts';

export function memoryContract({ open, it }: Contract): void {
  it('promise 1: each write adds a version, with who wrote it', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await bench.turns(turnOf(run, 1, { memory: [memory('k', 1, { runId: run.runId, turn: 2 })] }));
    await bench.commit({ arrivals: { memory: [memory('k', 2, { valueText: '{"a":[1]}' })] } });
    const { versions, newest } = await bench.recall('k', { history: 9 });
    expect(newest).toBe(2);
    expect(versions).toMatchObject([
      { ...memory('k', 2, { valueText: '{"a":[1]}' }), runId: null, turn: null },
      { ...memory('k', 1), runId: run.runId, turn: 2 },
    ]);
  });

  it('promise 1: one turn can write several versions of one entry', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    const chain = [memory('k', 1), memory('k', 2), memory('k', 3, { deleted: true })];
    await bench.turns(turnOf(run, 1, { memory: chain }));
    const { versions } = await bench.recall('k', { history: 9 });
    expect(versions.map((row) => [row.version, row.deleted])).toEqual([
      [3, true],
      [2, false],
      [1, false],
    ]);
  });

  it('promise 1: a chain with a hole is a conflict', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    for (const chain of [[memory('k', 2)], [memory('k', 1), memory('k', 3)], [memory('k', 0)]]) {
      const outcome = await bench.commit({ turns: [turnOf(run, 1, { memory: chain })] });
      expect(outcome.turns).toMatchObject([{ kind: 'conflict' }]);
    }
    expect(await bench.recall('k')).toEqual({ newest: 0, versions: [] });
  });

  it('promise 11: an outside write on an old version is refused and changes nothing', async () => {
    const bench = await begin(open);
    const write = (version: number) =>
      bench.commit({ arrivals: { memory: [memory('k', version)] } });
    expect((await write(1)).memory).toEqual([{ kind: 'accepted' }]);
    for (const version of [1, 3]) {
      const { memory: outcomes } = await write(version);
      expect(outcomes).toMatchObject([
        {
          kind: 'refused',
          error: {
            code: 'memory-conflict',
            detail: { key: 'k', actual: 1, expected: version - 1 },
          },
        },
      ]);
    }
    expect((await write(2)).memory).toEqual([{ kind: 'accepted' }]);
    expect(await bench.recall('k')).toMatchObject({ newest: 2 });
  });

  it('promise 11: of two outside writes of one version in one batch the first wins', async () => {
    const bench = await begin(open);
    const writes = [memory('k', 1, { valueText: '1' }), memory('k', 1, { valueText: '2' })];
    const outcome = await bench.commit({ arrivals: { memory: [...writes, memory('k', 2)] } });
    expect(outcome.memory.map((one) => one.kind)).toEqual(['accepted', 'refused', 'accepted']);
    expect((await bench.recall('k', { version: 1 })).versions).toMatchObject([{ valueText: '1' }]);
  });

  it('promise 1: what stands on a turn that is refused is refused with it, whatever fits by number', async () => {
    const spoilers = {
      conflict: {},
      stale: { expectedTurn: 7 },
    };
    for (const [kind, spoiled] of Object.entries(spoilers)) {
      const bench = await begin(open);
      const [one, two, three] = [
        await bench.started(1),
        await bench.started(2),
        await bench.started(3),
      ];
      // Somebody else has written the version that the first of the chain was to be.
      await bench.commit({ arrivals: { memory: [memory('k', 1), memory('k', 2)] } });
      const first = { ...turnOf(one, 1, { memory: [memory('k', 2)] }), ...spoiled };
      const on = ({ runId, expectedTurn }: TurnCommit) => ({
        standsOn: { runId, turn: expectedTurn + 1 },
      });
      const second = turnOf(two, 1, { memory: [memory('k', 3, on(first))] });
      const turns = [
        first,
        second,
        turnOf(three, 1, { memory: [memory('k', 4, on(second)), memory('k', 5)] }),
      ];
      const outcome = await bench.commit({ turns });
      expect(outcome.turns.map((turn) => turn.kind)).toEqual([kind, 'conflict', 'conflict']);
      expect(await bench.recall('k')).toMatchObject({ newest: 2 });
    }
  });

  it('promise 1: what stands on a turn of its batch commits with it', async () => {
    const bench = await begin(open);
    const [one, two] = [await bench.started(1), await bench.started(2)];
    const standsOn = { runId: one.runId, turn: 2 };
    const outcome = await bench.turns(
      turnOf(one, 1, { memory: [memory('k', 1)] }),
      turnOf(two, 1, { memory: [memory('k', 2, { standsOn })] }),
    );
    expect(outcome.turns).toEqual([{ kind: 'committed' }, { kind: 'committed' }]);
    expect(await bench.recall('k')).toMatchObject({ newest: 2 });
  });

  it('outside writes on any version are numbered by the store and never conflict', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await bench.commit({ arrivals: { memory: [memory('k', 1)] } });
    const any = (guess: number, value: string) =>
      memory('k', guess, { valueText: value, onAny: true });
    const batch = {
      turns: [turnOf(run, 1, { memory: [memory('k', 2)] })],
      arrivals: { memory: [any(1, '"a"'), any(9, '"b"'), memory('k', 1), any(5, '"c"')] },
    };
    const outcome = await bench.commit(batch);
    expect(outcome.turns).toEqual([{ kind: 'committed' }]);
    expect(outcome.memory).toMatchObject([
      { kind: 'renumbered', version: 3 },
      { kind: 'renumbered', version: 4 },
      { kind: 'refused' },
      { kind: 'accepted' },
    ]);
    const { versions } = await bench.recall('k', { history: 9 });
    expect(versions.map(({ version, valueText }) => [version, valueText])).toEqual([
      [5, '"c"'],
      [4, '"b"'],
      [3, '"a"'],
      [2, '"v2"'],
      [1, '"v1"'],
    ]);
  });

  it('promise 1: in one batch turns write before outside writers', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    const outcome = await bench.commit({
      turns: [turnOf(run, 1, { memory: [memory('k', 1, { valueText: '"turn"' })] })],
      arrivals: { memory: [memory('k', 1, { valueText: '"outside"' })] },
    });
    expect(outcome.turns).toEqual([{ kind: 'committed' }]);
    expect(outcome.memory).toMatchObject([{ kind: 'refused' }]);
  });

  it('promise 1: a read names a version, and how many before it', async () => {
    const bench = await begin(open);
    for (const version of [1, 2, 3, 4, 5]) {
      await bench.commit({ arrivals: { memory: [memory('k', version)] } });
    }
    const versions = async (parts: { version?: number; history?: number }) =>
      (await bench.recall('k', parts)).versions.map((row) => row.version);
    expect(await versions({})).toEqual([5]);
    expect(await versions({ history: 2 })).toEqual([5, 4, 3]);
    expect(await versions({ version: 3 })).toEqual([3]);
    expect(await versions({ version: 3, history: 9 })).toEqual([3, 2, 1]);
    expect(await versions({ version: 6, history: 9 })).toEqual([]);
    expect(await bench.recall('k', { version: 6 })).toMatchObject({ newest: 5 });
    expect(await bench.recall('none', { history: 9 })).toEqual({ newest: 0, versions: [] });
  });

  it('promise 1: scope, owner, key and tenant each make another entry', async () => {
    const bench = await begin(open);
    const entries = [
      memory('k', 1, { valueText: '1' }),
      memory('k', 1, { valueText: '2', owner: 'bob' }),
      memory('k', 1, { valueText: '3', scope: 'tenant' }),
      memory('k2', 1, { valueText: '4' }),
      memory('k', 1, { valueText: '5', tenant: 'other' }),
    ];
    await bench.commit({ arrivals: { memory: entries } });
    const { memory: results } = await bench.store.read({
      memory: entries.map((entry) => ({ ...entry, version: null, history: 0 })),
      channels: [],
    });
    expect(results.map((result) => result.versions[0]?.valueText)).toEqual([
      '1',
      '2',
      '3',
      '4',
      '5',
    ]);
    expect(await bench.store.audit(oneTenant(tenant))).toMatchObject({
      memoryEntries: 4,
      memoryVersions: 4,
      memoryGaps: 0,
    });
    expect((await bench.store.usage('other')).memoryEntries).toBe(1);
  });

  it('promise 1: an evaluation is recorded once per id', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    const evaluation = (evaluationId: string, score: number) => ({
      tenant,
      evaluationId,
      subjectRunId: runId(5),
      evaluatorRunId: run.runId,
      score,
      rationale: 'because',
    });
    await bench.turns(turnOf(run, 1, { evaluations: [evaluation('e1', 0.5)] }));
    await bench.turns(turnOf(run, 2, { evaluations: [evaluation('e1', 0.9)] }));
    const query = { tenant, subjectRunId: runId(5), limit: 9 };
    expect(await bench.store.evaluations(oneTenant(query.tenant), query)).toMatchObject([
      evaluation('e1', 0.5),
    ]);
    expect((await bench.store.audit(oneTenant(tenant))).doubledEvaluations).toBe(0);
    await bench.turns(turnOf(run, 3, { evaluations: [evaluation('e2', 0.7)] }));
    expect(await bench.store.audit(oneTenant(tenant))).toMatchObject({
      evaluations: 2,
      doubledEvaluations: 1,
    });
    const none = { tenant, subjectRunId: runId(6), limit: 9 };
    expect(await bench.store.evaluations(oneTenant(none.tenant), none)).toEqual([]);
  });
}
