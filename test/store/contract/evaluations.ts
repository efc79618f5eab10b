/** Evaluations from outside runs; lists and counts by agent and version. */
import { expect } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import { begin, newRun, runId, tenant, turnOf, type Bench, type Contract } from './fixture.ts';

const own = oneTenant(tenant);
const all = { agent: null, version: null, subjectRunId: null, before: null, limit: 99 };
const nobody = { agent: null, version: null, countMax: 4 };

async function give(bench: Bench, n: number, id: string, score: number) {
  const row = { evaluationId: id, subjectRunId: runId(n), score, rationale: 'r', by: 'ann' };
  return bench.store.addEvaluation(own, row);
}

export function evaluationsContract({ open, it }: Contract): void {
  it('one from outside runs names who gave it, and needs its run', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    const { agent, version } = newRun(1);
    expect(await give(bench, 1, 'e1', 0.5)).toBe('e1');
    expect(await give(bench, 9, 'e9', 0.5)).toBeNull();
    const [row] = await bench.store.evaluations(own, { subjectRunId: run.runId, limit: 9 });
    expect(row).toEqual({
      tenant,
      evaluationId: 'e1',
      subjectRunId: run.runId,
      evaluatorRunId: '',
      score: 0.5,
      rationale: 'r',
      agent,
      version,
      by: 'ann',
      createdAtMs: expect.any(Number) as number,
    });
    await give(bench, 1, 'e2', 0.7);
    expect((await bench.store.audit(own)).doubledEvaluations).toBe(0);
    const other = oneTenant('other');
    const foreign = { evaluationId: 'e3', subjectRunId: run.runId, score: 1, rationale: 'r' };
    expect(await bench.store.addEvaluation(other, { ...foreign, by: 'bob' })).toBeNull();
  });

  it('one that is asked for again under a key is given once', async () => {
    const bench = await begin(open);
    const { runId: subjectRunId } = await bench.started(1);
    const request = { key: 'k', route: 'POST /evaluations', hash: 'h' };
    const row = { subjectRunId, score: 0.5, rationale: 'r', by: 'ann', request };
    const nowhere = { ...row, evaluationId: 'e0', subjectRunId: runId(9) };
    expect(await bench.store.addEvaluation(own, nowhere)).toBeNull();
    expect(await bench.store.addEvaluation(own, { ...row, evaluationId: 'e1' })).toBe('e1');
    expect(await bench.store.addEvaluation(own, { ...row, evaluationId: 'e2' })).toBe('e1');
    const other = { ...row, evaluationId: 'e3', request: { ...request, hash: 'other' } };
    await expect(bench.store.addEvaluation(own, other)).rejects.toThrow(/key/);
    expect(await bench.store.evaluations(own, { subjectRunId, limit: 9 })).toHaveLength(1);
  });

  it('are listed newest first, by agent, version and run, page by page', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await bench.started(2);
    const { agent, version } = newRun(1);
    await give(bench, 1, 'e1', 0.1);
    await give(bench, 2, 'e2', 0.2);
    const insert = { tenant, subjectRunId: runId(7), evaluatorRunId: run.runId, rationale: 'r' };
    await bench.turns(
      turnOf(run, 1, { evaluations: [{ ...insert, evaluationId: 'e3', score: 0.3 }] }),
    );
    const list = async (asked: object) =>
      (await bench.store.evaluationList(own, { ...all, ...asked })).map((row) => row.evaluationId);
    expect(await list({})).toEqual(['e3', 'e2', 'e1']);
    expect(await list({ limit: 1, before: 'e3' })).toEqual(['e2']);
    expect(await list({ agent, version })).toEqual(['e2', 'e1']);
    expect(await list({ agent, version: 'none' })).toEqual([]);
    expect(await list({ subjectRunId: runId(1) })).toEqual(['e1']);
    expect(await bench.store.evaluationList(oneTenant('other'), all)).toEqual([]);
  });

  it('are counted by agent and version', async () => {
    const bench = await begin(open);
    await bench.started(1);
    const { agent, version } = newRun(1);
    for (const [n, score] of [0, 0.25, 0.5, 1].entries()) await give(bench, 1, `e${n}`, score);
    const total = {
      agent,
      version,
      count: 4,
      mean: 0.4375,
      min: 0,
      max: 1,
      quartiles: [0.1875, 0.375, 0.625],
      histogram: [1, 0, 1, 0, 0, 1, 0, 0, 0, 1],
    };
    const whole = { totals: [total], isWhole: true };
    expect(await bench.store.evaluationTotals(own, nobody)).toEqual(whole);
    expect(await bench.store.evaluationTotals(own, { agent, version, countMax: 4 })).toEqual(whole);
    // Of more than are counted the newest are, and that is said.
    const newest = await bench.store.evaluationTotals(own, { ...nobody, countMax: 3 });
    expect(newest).toMatchObject({ isWhole: false, totals: [{ count: 3, min: 0.25, max: 1 }] });
    const none = { totals: [], isWhole: true };
    expect(await bench.store.evaluationTotals(own, { ...nobody, agent: 'x' })).toEqual(none);
    expect(await bench.store.evaluationTotals(oneTenant('other'), nobody)).toEqual(none);
  });
}
