/** Checkpoints of runs, and journals from either end: where reads of the past begin. */
import { expect } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import { begin, endOf, newRun, tenant, turnOf, type Contract } from './fixture.ts';

export function checkpointsContract({ open, it }: Contract): void {
  it('the state of a turn that keeps one is read from that turn on', async () => {
    const bench = await begin(open);
    const { store } = bench;
    const run = newRun(1);
    const at = (turn: number) => store.checkpoint(oneTenant(tenant), { runId: run.runId, turn });
    const first = { create: run, checkpoint: true as const, chartText: '{"n":1}', build: null };
    await bench.turns(turnOf(run, 0, first));
    await bench.turns(turnOf(run, 1, { chartText: '{"n":2}' }));
    await bench.turns(turnOf(run, 2, { checkpoint: true, chartText: '{"n":3}', build: 'b' }));
    expect(await at(0)).toBeNull();
    for (const turn of [1, 2]) {
      expect(await at(turn)).toEqual({ turn: 1, build: null, chartText: '{"n":1}' });
    }
    for (const turn of [3, 900]) {
      expect(await at(turn)).toEqual({ turn: 3, build: 'b', chartText: '{"n":3}' });
    }
    const elsewhere = oneTenant('other');
    expect(await store.checkpoint(elsewhere, { runId: run.runId, turn: 9 })).toBeNull();
  });

  it('promise 1: one of a turn that is refused is not kept, and all go with their run', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await bench.commit({ turns: [turnOf(run, 7, { checkpoint: true })] });
    const newest = () => bench.store.checkpoint(oneTenant(tenant), { runId: run.runId, turn: 100 });
    expect(await newest()).toBeNull();
    await bench.turns(turnOf(run, 1, { checkpoint: true }));
    await bench.turns(endOf(run, 2));
    expect(await newest()).toMatchObject({ turn: 2 });
    await bench.advance(1_000);
    await bench.store.prune({ olderThanMs: 1, limit: 10 });
    expect(await newest()).toBeNull();
  });

  it('a journal is read from either end, in order', async () => {
    const bench = await begin(open);
    const run = newRun(1);
    await bench.turns(turnOf(run, 0, { create: run }));
    for (let turn = 1; turn < 6; turn++) await bench.turns(turnOf(run, turn));
    const at = { runId: run.runId, limit: 2 };
    const turns = async (of: { afterTurn: number } | { beforeTurn: number }) =>
      (await bench.store.journal(oneTenant(tenant), { ...at, ...of })).map(({ turn }) => turn);
    expect(await turns({ afterTurn: 0 })).toEqual([1, 2]);
    expect(await turns({ afterTurn: 5 })).toEqual([6]);
    expect(await turns({ beforeTurn: 7 })).toEqual([5, 6]);
    expect(await turns({ beforeTurn: 2 })).toEqual([1]);
    expect(await turns({ beforeTurn: 1 })).toEqual([]);
  });
}
