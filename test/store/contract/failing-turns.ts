/** Turns that fail: fenced, stale, in conflict, poison. They leave nothing, and harm no neighbour. */
import { expect } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import {
  allShards,
  begin,
  Bench,
  endOf,
  hour,
  memory,
  message,
  newRun,
  tenant,
  turnOf,
  waiting,
  type Contract,
} from './fixture.ts';

export function failingTurnsContract({ open, it }: Contract): void {
  const parts = {
    journalText: '[{"kind":"lost"}]',
    children: [newRun(7)],
    messages: [message('news', 'never')],
    subscribe: [waiting('never', [{ channel: 'news' }])],
    setTimers: [{ timerId: 'never', generation: 1, delayMs: 0 }],
  };

  async function expectNothing(bench: Bench, run: ReturnType<typeof newRun>, turn: number) {
    const loaded = await bench.load(run);
    expect(loaded.run).toMatchObject({ turn, chartText: '{"value":"a"}', endedAtMs: null });
    expect(await bench.store.load([newRun(7)])).toEqual([null]);
    expect(await bench.numbers('news')).toEqual([]);
    const timers = await bench.store.timers({ shards: allShards, horizonMs: hour, limit: 9 });
    expect(timers).toEqual([]);
    const journal = { tenant, runId: run.runId, afterTurn: 0, limit: 9 };
    expect(await bench.store.journal(oneTenant(journal.tenant), journal)).toHaveLength(turn);
    expect(await bench.store.audit(oneTenant(tenant))).toMatchObject({
      subscriptions: {},
      messages: 0,
    });
  }

  it('promise 1: a turn with a memory conflict leaves nothing', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await bench.commit({ arrivals: { memory: [memory('answer', 1)] } });
    const turns = [endOf(run, 1, { ...parts, memory: [memory('answer', 1)] })];
    expect((await bench.commit({ turns })).turns).toMatchObject([{ kind: 'conflict' }]);
    await expectNothing(bench, run, 1);
    expect(await bench.recall('answer')).toMatchObject({ newest: 1 });
  });

  it('promise 1: a turn whose group cursor moved leaves nothing', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    const groupCursors = [{ channel: 'news', group: 'g', from: 3, to: 4 }];
    const turns = [endOf(run, 1, { ...parts, groupCursors })];
    expect((await bench.commit({ turns })).turns).toMatchObject([{ kind: 'conflict' }]);
    await expectNothing(bench, run, 1);
  });

  it('promise 6: an old turn is stale and leaves nothing', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await bench.turns(turnOf(run, 1));
    for (const expectedTurn of [0, 1, 3]) {
      const turns = [endOf(run, expectedTurn, parts)];
      expect((await bench.commit({ turns })).turns).toEqual([{ kind: 'stale' }]);
    }
    await expectNothing(bench, run, 2);
  });

  it('promise 6: a turn of a run that is not there is stale', async () => {
    const bench = await begin(open);
    const outcome = await bench.commit({ turns: [turnOf(newRun(1), 0)] });
    expect(outcome.turns).toEqual([{ kind: 'stale' }]);
  });

  it('promise 6: a wrong epoch is fenced and leaves nothing', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    const epoch = bench.epochs.get(run.shard) ?? 0;
    const wrong = [new Map([[run.shard, epoch - 1]]), new Map([[run.shard, epoch + 1]]), new Map()];
    for (const epochs of wrong) {
      const outcome = await bench.commit({ epochs, turns: [endOf(run, 1, parts)] });
      expect(outcome.turns).toEqual([{ kind: 'fenced' }]);
    }
    await expectNothing(bench, run, 1);
  });

  it('promise 6: the right epoch in another replica’s hands is fenced', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    const other = new Bench(bench, 2);
    other.epochs = bench.epochs;
    const outcome = await other.commit({ turns: [endOf(run, 1, parts)] });
    expect(outcome.turns).toEqual([{ kind: 'fenced' }]);
    await expectNothing(bench, run, 1);
  });

  it('promise 1: a failing turn does not fail its neighbours', async () => {
    const bench = await begin(open);
    const [a, b, c, d] = [1, 2, 3, 4].map((n) => newRun(n)) as [never, never, never, never];
    for (const n of [1, 2, 3, 4]) await bench.started(n);
    const epochs = new Map(bench.epochs).set(4, 99);
    const outcome = await bench.commit({
      epochs,
      turns: [
        turnOf(a, 1, { messages: [message('news', 'from-a')] }),
        turnOf(b, 7, { messages: [message('news', 'from-b')] }),
        turnOf(c, 1, { messages: [message('news', 'from-c')] }),
        turnOf(d, 1, { messages: [message('news', 'from-d')] }),
      ],
      arrivals: { messages: [message('news', 'from-outside')] },
    });
    expect(outcome.turns.map((turn) => turn.kind)).toEqual([
      'committed',
      'stale',
      'committed',
      'fenced',
    ]);
    expect((await bench.read('news')).messages.map((row) => row.messageId)).toEqual([
      'from-a',
      'from-c',
      'from-outside',
    ]);
    expect(await bench.store.audit(oneTenant(tenant))).toMatchObject({
      channelGaps: 0,
      journalGaps: 0,
    });
  });

  it('promise 1: of two turns that write one memory version the first wins', async () => {
    const bench = await begin(open);
    const a = await bench.started(1);
    const b = await bench.started(2);
    const outcome = await bench.commit({
      turns: [
        turnOf(a, 1, { memory: [memory('k', 1, { valueText: '"a"' })] }),
        turnOf(b, 1, { memory: [memory('k', 1, { valueText: '"b"' }), memory('other', 1)] }),
      ],
    });
    expect(outcome.turns).toMatchObject([{ kind: 'committed' }, { kind: 'conflict' }]);
    expect(await bench.recall('k')).toMatchObject({
      newest: 1,
      versions: [{ valueText: '"a"' }],
    });
    expect(await bench.recall('other')).toEqual({ newest: 0, versions: [] });
  });

  it('promise 2: of two turns that move one group cursor the first wins', async () => {
    const bench = await begin(open);
    await bench.publish(message('news', 'm1'), message('news', 'm2'));
    const a = await bench.started(1);
    const b = await bench.started(2);
    const move = { channel: 'news', group: 'g', from: null, to: 1 };
    const outcome = await bench.commit({
      turns: [turnOf(a, 1, { groupCursors: [move] }), turnOf(b, 1, { groupCursors: [move] })],
    });
    expect(outcome.turns).toMatchObject([{ kind: 'committed' }, { kind: 'conflict' }]);
    expect(await bench.read('news', { group: 'g' })).toMatchObject({
      cursor: 1,
      cursorStored: true,
    });
  });

  it('promise 6: the second turn of one run in one batch is stale', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    const outcome = await bench.commit({ turns: [turnOf(run, 1), turnOf(run, 1)] });
    expect(outcome.turns).toMatchObject([{ kind: 'committed' }, { kind: 'stale' }]);
    expect((await bench.load(run)).run.turn).toBe(2);
  });

  it('promise 6: a status change has the fence of a turn and is no turn', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    const change = { ...turnOf(run, 1), status: 'backoff', reason: 'busy' } as const;
    expect(await bench.status(change)).toEqual({ kind: 'committed' });
    expect((await bench.load(run)).run).toMatchObject({
      status: 'backoff',
      reason: 'busy',
      turn: 1,
    });
    expect(await bench.status({ ...change, expectedTurn: 0 })).toEqual({ kind: 'stale' });
    const outcome = await bench.commit({ epochs: new Map(), statusChanges: [change] });
    expect(outcome.statusChanges).toEqual([{ kind: 'fenced' }]);
    await bench.turns(endOf(run, 1));
    expect(await bench.status({ ...change, expectedTurn: 2 })).toEqual({ kind: 'stale' });
    expect((await bench.load(run)).run.status).toBe('completed');
  });

  it('promise 11: text that Postgres refuses is poison for its turn alone', async () => {
    const bench = await begin(open);
    const a = await bench.started(1);
    const b = await bench.started(2);
    const outcome = await bench.commit({
      turns: [
        turnOf(a, 1, { reason: 'nul \u0000', messages: [message('news', 'from-a')] }),
        turnOf(b, 1, { messages: [message('news', 'from-b')] }),
      ],
    });
    expect(outcome.turns).toMatchObject([{ kind: 'poison' }, { kind: 'committed' }]);
    expect((await bench.load(a)).run.turn).toBe(1);
    expect((await bench.read('news')).messages.map((row) => row.messageId)).toEqual(['from-b']);
  });
}
