/** Attempts of provider calls whose end stands in no journal. */
import { expect } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import { limits } from '../../../src/domain/limits.ts';
import type { AttemptInsert } from '../../../src/store/batch.ts';
import { begin, Bench, endOf, newRun, runId, tenant, turnOf, type Contract } from './fixture.ts';

const attempt = (n: number, parts: Partial<AttemptInsert> = {}): AttemptInsert => ({
  tenant,
  runId: runId(n),
  invocationId: 'generate',
  incarnation: 1,
  turn: 1,
  attempt: 1,
  count: 1,
  provider: 'stub',
  how: 'outage',
  sentAtMs: 1_700_000_000_001,
  endedAtMs: 1_700_000_000_007,
  ...parts,
});

export function attemptsContract({ open, it }: Contract): void {
  it('are read by turn and then in the order of their commits, in pages, each whole', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await bench.started(2);
    const usage = { inputTokens: 1, outputTokens: 2 };
    const whole = attempt(1, {
      how: 'rate-limited',
      waitMs: 5_000,
      fault: 'slow ü',
      count: 3,
      usage,
    });
    await bench.commit({ attempts: [attempt(1, { turn: 2, how: 'aborted' }), whole] });
    await bench.commit({
      turns: [turnOf(run, 1)],
      attempts: [attempt(1, { attempt: 2 }), attempt(2, { how: 'cut' })],
    });
    const read = async (afterTurn: number, afterSeq: string | null, limit = 9) =>
      bench.store.attempts(oneTenant(tenant), { runId: run.runId, afterTurn, afterSeq, limit });
    const rows = await read(0, null);
    const { tenant: _tenant, runId: _runId, ...shown } = whole;
    expect(rows.map(({ how, turn }) => [turn, how])).toEqual([
      [1, 'rate-limited'],
      [1, 'outage'],
      [2, 'aborted'],
    ]);
    expect(rows[0]).toEqual({ ...shown, seq: rows[0]?.seq });
    expect(rows[1]).toEqual({
      invocationId: 'generate',
      incarnation: 1,
      turn: 1,
      attempt: 2,
      count: 1,
      provider: 'stub',
      how: 'outage',
      sentAtMs: 1_700_000_000_001,
      endedAtMs: 1_700_000_000_007,
      seq: rows[1]?.seq,
    });
    expect(await read(0, null, 1)).toEqual(rows.slice(0, 1));
    expect(await read(1, rows[0]?.seq ?? '')).toEqual(rows.slice(1));
    expect(await read(1, null)).toEqual(rows.slice(2));
    const all = { runId: run.runId, afterTurn: 0, afterSeq: null, limit: 9 };
    expect(await bench.store.attempts(oneTenant('other'), all)).toEqual([]);
  });

  it('are written once, by whoever made them, and for no run that is gone', async () => {
    const bench = await begin(open);
    await bench.started(1);
    const stranger = new Bench(bench, 2);
    const batch = stranger.batch({ attempts: [attempt(9), attempt(1)] });
    await stranger.send(batch);
    await stranger.send(batch);
    const of = (n: number) =>
      bench.store.attempts(oneTenant(tenant), {
        runId: runId(n),
        afterTurn: 0,
        afterSeq: null,
        limit: 9,
      });
    expect(await of(1)).toHaveLength(1);
    expect(await of(9)).toEqual([]);
  });

  it('go with their run', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await bench.started(2);
    await bench.commit({ turns: [endOf(run, 1)], attempts: [attempt(1), attempt(2)] });
    await bench.store.prune({ olderThanMs: 0, limit: 10 });
    // The run comes again under its id, so that its rows could be seen.
    await bench.commit({ arrivals: { starts: [newRun(1)] } });
    const of = (n: number) =>
      bench.store.attempts(oneTenant(tenant), {
        runId: runId(n),
        afterTurn: 0,
        afterSeq: null,
        limit: 9,
      });
    expect(await of(1)).toEqual([]);
    expect(await of(2)).toHaveLength(1);
  });

  it('are bounded: the newest of a run stay', async () => {
    const bench = await begin(open);
    await bench.started(1);
    const max = limits.attemptsOfRunMax;
    const many = Array.from({ length: max + 5 }, (_, i) => attempt(1, { attempt: i + 1 }));
    await bench.commit({ attempts: many });
    await bench.commit({ attempts: [attempt(1, { attempt: max + 6 })] });
    const query = { runId: runId(1), afterTurn: 0, afterSeq: null, limit: 2 * max };
    const kept = (await bench.store.attempts(oneTenant(tenant), query)).map((row) => row.attempt);
    expect([kept.length, kept[0], kept.at(-1)]).toEqual([max, 7, max + 6]);
  });
}
