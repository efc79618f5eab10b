/** The past of runs that a picture draws: which runs, and what their turns have left them in. */
import { expect } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import { isDrawn } from '../../../src/domain/drawn.ts';
import type { AttemptInsert } from '../../../src/store/batch.ts';
import { readLinesBytesMax, takenOfTurnMax } from '../../../src/store/ports/weave-port.ts';
import {
  begin,
  endOf,
  newRun,
  runId,
  runIds,
  tenant,
  turnOf,
  type Bench,
  type Contract,
} from './fixture.ts';

const scope = oneTenant(tenant);
const whole = { every: 1, limit: 99 };

async function mixed(open: Contract['open']): Promise<Bench> {
  const bench = await begin(open);
  await bench.started(1);
  await bench.started(2, { user: 'bob' });
  const first = await bench.started(3);
  const second = await bench.started(36);
  await bench.commit({ arrivals: { starts: [newRun(65, { tenant: 'other' }), newRun(8)] } });
  await bench.turns(endOf(first, 1));
  await bench.advance(30);
  await bench.turns(endOf(second, 1, { status: 'failed' }));
  return bench;
}

export function weaveContract({ open, it }: Contract): void {
  it('open runs are those of the tenant, with the time of the store', async () => {
    const bench = await mixed(open);
    const { atMs, runs } = await bench.store.weaveOpen(scope, whole);
    expect(runIds(runs)).toEqual([1, 2, 8].map(runId));
    const [bob] = runs.filter(({ user }) => user === 'bob');
    expect(bob).toMatchObject({ agent: 'editor', pipeline: 'pipeline-2', turn: 1 });
    expect(Math.abs(atMs - (bob?.createdAtMs ?? 0))).toBeLessThan(60_000);
    expect((await bench.store.weaveOpen(scope, { every: 1, limit: 2 })).runs).toHaveLength(2);
    const none = await bench.store.weaveOpen(oneTenant('nobody'), whole);
    expect(none.runs).toEqual([]);
    expect(none.atMs).toBeGreaterThanOrEqual(atMs);
  });

  it('ended runs are those of a time, the last one first', async () => {
    const bench = await mixed(open);
    const [late, early] = await bench.store.briefs(
      [36, 3].map((n) => ({ tenant, runId: runId(n) })),
    );
    const read = async (fromMs: number, toMs: number, of = whole) =>
      (await bench.store.weaveEnded(scope, { fromMs, toMs, ...of })).map((run) => run.runId);
    const [from, to] = [late, early].map((run) => run?.endedAtMs ?? 0).toSorted((a, b) => a - b);
    expect(await read(from ?? 0, (to ?? 0) + 1)).toEqual([36, 3].map(runId));
    expect(await read(from ?? 0, (to ?? 0) + 1, { every: 1, limit: 1 })).toEqual([runId(36)]);
    expect(await read((from ?? 0) + 1, (to ?? 0) + 1)).toEqual([runId(36)]);
    expect(await read(0, from ?? 0)).toEqual([]);
    const query = { fromMs: 0, toMs: (to ?? 0) + 1, ...whole };
    expect(await bench.store.weaveEnded(oneTenant('other'), query)).toEqual([]);
  });

  it('of many runs those are read whose ids choose them', async () => {
    const bench = await mixed(open);
    const all = { fromMs: 0, toMs: 9_999_999_999_999, limit: 99 };
    for (const every of [2, 4, 32]) {
      const { runs } = await bench.store.weaveOpen(scope, { every, limit: 99 });
      const ended = await bench.store.weaveEnded(scope, { ...all, every });
      const drawn = (ns: readonly number[]) => ns.map(runId).filter((id) => isDrawn(id, every));
      expect(runIds(runs), `${every}`).toEqual(drawn([1, 2, 8]));
      expect(runIds(ended), `${every}`).toEqual(drawn([3, 36]));
    }
  });

  it('turns tell the status that each has left, the last one first', async () => {
    const bench = await mixed(open);
    const run = newRun(1);
    await bench.turns(turnOf(run, 1, { status: 'waiting-on-channel' }));
    await bench.turns(turnOf(run, 2, { status: 'calling-provider' }));
    const read = (of: readonly (readonly [number, number])[], limit = 9) =>
      bench.store.statusTurns(scope, {
        runs: of.map(([n, beforeTurn]) => ({ runId: runId(n), beforeTurn })),
        limit,
      });
    const end = 2_147_483_647;
    const told = await read([
      [1, end],
      [8, end],
      [36, end],
      [1, 3],
      [65, end],
    ]);
    expect(told.map((turns) => turns.map(({ turn, status }) => [turn, status]))).toEqual([
      [
        [3, 'calling-provider'],
        [2, 'waiting-on-channel'],
        [1, 'admitted'],
      ],
      [],
      [
        [2, 'failed'],
        [1, 'admitted'],
      ],
      [
        [2, 'waiting-on-channel'],
        [1, 'admitted'],
      ],
      // Another tenant's.
      [],
    ]);
    const times = told[0]?.map(({ atMs }) => atMs) ?? [];
    expect(times).toEqual(times.toSorted((a, b) => b - a));
    expect((await read([[1, end]], 1))[0]?.map(({ turn }) => turn)).toEqual([3]);
    expect(await read([])).toEqual([]);
  });

  it('turns tell the instants of the attempts that they took, and of nothing that is large', async () => {
    const bench = await mixed(open);
    const run = newRun(1);
    const note = { attempt: 2, provider: 'p', how: 'answered', sentAtMs: 100, endedAtMs: 250 };
    const line = (more: object) => ({ kind: 'done', id: 'call', incarnation: 3, ...more });
    const answer = (characters: number) => line({ output: 'x'.repeat(characters), attempt: note });
    // What counts is the size of all of a turn's lines, in bytes.
    const room = readLinesBytesMax - Buffer.byteLength(JSON.stringify([answer(0)]));
    const failure = { kind: 'failed', id: 'other "call"', incarnation: 1, attempt: note };
    const texts = [
      [{ kind: 'start', input: { attempt: note } }],
      [line({ output: { text: 'an answer' }, attempt: note }), failure],
      [line({ output: 'of a task' }), { kind: 'event', event: { type: 'done', attempt: note } }],
      [answer(room)],
      [answer(room + 1)],
      [answer(40 * readLinesBytesMax)],
      [line({ output: '\u0000', attempt: note })],
      [line({ output: '\ud800', attempt: note })],
      Array.from({ length: takenOfTurnMax + 2 }, () => answer(1)),
      [],
    ].map((lines) => JSON.stringify(lines));
    for (const [i, journalText] of texts.entries())
      await bench.turns(turnOf(run, i + 1, { status: 'calling-provider', journalText }));
    const [told] = await bench.store.statusTurns(scope, {
      runs: [{ runId: runId(1), beforeTurn: 2_147_483_647 }],
      limit: 99,
    });
    const times = { sentAtMs: 100, endedAtMs: 250 };
    const one = { invocationId: 'call', incarnation: 3, ...times };
    const two = { invocationId: 'other "call"', incarnation: 1, ...times };
    expect(told?.map(({ taken }) => taken).toReversed()).toEqual([
      // The turn with which the run began.
      [],
      [],
      [one, two],
      [],
      [one],
      [],
      [],
      [],
      [],
      Array.from({ length: takenOfTurnMax }, () => one),
      [],
    ]);
  });

  it('other attempts are those of a run from a turn on, the last one first', async () => {
    const bench = await mixed(open);
    const made = (n: number, turn: number, how: AttemptInsert['how'], of = tenant) => ({
      tenant: of,
      runId: runId(n),
      invocationId: 'call',
      incarnation: 2,
      turn,
      attempt: 1,
      count: 1,
      provider: 'p',
      how,
      waitMs: 5,
      fault: 'no',
      sentAtMs: 100 * turn,
      endedAtMs: 250,
    });
    await bench.commit({
      attempts: [made(1, 3, 'cut'), made(1, 1, 'aborted'), made(2, 4, 'outage')],
    });
    await bench.commit({ attempts: [made(1, 3, 'rate-limited'), made(65, 3, 'outage', 'other')] });
    const read = (of: readonly (readonly [number, number])[], limit = 9) =>
      bench.store.otherAttempts(scope, {
        runs: of.map(([n, fromTurn]) => ({ runId: runId(n), fromTurn })),
        limit,
      });
    const told = await read([
      [1, 1],
      [8, 1],
      [2, 4],
      [1, 2],
      [65, 1],
    ]);
    expect(told.map((all) => all.map(({ turn, how }) => [turn, how]))).toEqual([
      [
        [3, 'rate-limited'],
        [3, 'cut'],
        [1, 'aborted'],
      ],
      [],
      [[4, 'outage']],
      [
        [3, 'rate-limited'],
        [3, 'cut'],
      ],
      // Another tenant's.
      [],
    ]);
    const of = { invocationId: 'call', incarnation: 2, turn: 4, how: 'outage' };
    expect(told[2]).toEqual([{ ...of, sentAtMs: 400, endedAtMs: 250 }]);
    expect((await read([[1, 1]], 2))[0]?.map(({ how }) => how)).toEqual(['rate-limited', 'cut']);
    expect(await read([])).toEqual([]);
  });
}
