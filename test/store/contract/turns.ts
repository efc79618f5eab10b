/** Turns: whole or not at all, fenced by epoch and turn, the journal, and what ends a run. */
import { expect } from 'vitest';
import {
  allShards,
  begin,
  Bench,
  commitId,
  endOf,
  event,
  hour,
  memory,
  message,
  newRun,
  runId,
  tenant,
  turnOf,
  waiting,
  type Contract,
} from './fixture.ts';

export function turnsContract({ open, it }: Contract): void {
  it('promise 1: a turn leaves everything that it wrote', async () => {
    const bench = await begin(open);
    const run = newRun(1);
    await bench.commit({ arrivals: { starts: [run] } });
    const [start] = await bench.inbox(run);
    await bench.turns(
      turnOf(run, 0, {
        status: 'waiting-on-channel',
        reason: 'waits for news',
        chartText: '{"value":"waiting"}',
        heldText: '{"open":[]}',
        journalText: '[{"kind":"start"}]',
        takenInbox: [start?.seq ?? ''],
        children: [newRun(2)],
        messages: [message('news', 'm1', { runId: run.runId })],
        memory: [memory('answer', 1, { runId: run.runId, turn: 1 })],
        subscribe: [waiting('s1', [{ channel: 'replies' }])],
        setTimers: [{ timerId: 'timeout', generation: 1, delayMs: 1_000 }],
        evaluations: [
          {
            tenant,
            evaluationId: 'e1',
            subjectRunId: runId(9),
            evaluatorRunId: run.runId,
            score: 0.25,
            rationale: 'thin',
          },
        ],
      }),
    );
    const loaded = await bench.load(run);
    expect(loaded.run).toMatchObject({
      ...run,
      status: 'waiting-on-channel',
      reason: 'waits for news',
      turn: 1,
      chartText: '{"value":"waiting"}',
      heldText: '{"open":[]}',
      outputText: null,
      error: null,
      endedAtMs: null,
    });
    expect(loaded.inbox).toEqual([]);
    expect((await bench.load(newRun(2))).run).toMatchObject({ status: 'queued', turn: 0 });
    expect(await bench.inbox(newRun(2))).toMatchObject([{ kind: 'start' }]);
    expect(await bench.numbers('news')).toEqual([1]);
    expect(await bench.recall('answer')).toMatchObject({ newest: 1, versions: [{ turn: 1 }] });
    const timers = await bench.store.timers({ shards: [run.shard], horizonMs: hour, limit: 9 });
    expect(timers).toMatchObject([{ runId: run.runId, timerId: 'timeout', generation: 1 }]);
    expect(await bench.store.audit(tenant)).toMatchObject({
      runs: { 'waiting-on-channel': 1, queued: 1 },
      messages: 1,
      subscriptions: { waiting: 1 },
      memoryVersions: 1,
      evaluations: 1,
      journalGaps: 0,
    });
  });

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
    expect(await bench.store.journal(journal)).toHaveLength(turn);
    expect(await bench.store.audit(tenant)).toMatchObject({ subscriptions: {}, messages: 0 });
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
    expect(await bench.store.audit(tenant)).toMatchObject({ channelGaps: 0, journalGaps: 0 });
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

  it('promise 1: a turn can create its run, once', async () => {
    const bench = await begin(open);
    const run = newRun(1, { parent: { ...newRun(2), invocationId: 'child', incarnation: 3 } });
    const create = {
      ...run,
      parent: { tenant, runId: runId(2), shard: 2, invocationId: 'child', incarnation: 3 },
    };
    await bench.turns(turnOf(run, 0, { create }));
    const loaded = await bench.load(run);
    expect(loaded.run).toMatchObject({ ...create, turn: 1, status: 'admitted' });
    expect(loaded.inbox).toEqual([]);
    const again = await bench.commit({ turns: [turnOf(run, 0, { create })] });
    expect(again.turns).toEqual([{ kind: 'stale' }]);
  });

  it('promise 5: an ended run keeps its outcome and takes no turn', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await bench.turns(
      turnOf(run, 1, {
        status: 'failed',
        reason: 'no',
        ended: {
          outputText: null,
          error: { code: 'task-failed', message: 'no', detail: { src: 'x', attempts: 3 } },
        },
      }),
    );
    const { run: row } = await bench.load(run);
    expect(row).toMatchObject({
      status: 'failed',
      reason: 'no',
      outputText: null,
      error: { code: 'task-failed', message: 'no', detail: { src: 'x', attempts: 3 } },
    });
    expect(row.endedAtMs).toBeGreaterThanOrEqual(row.createdAtMs);
    const outcome = await bench.commit({ turns: [turnOf(run, 2)] });
    expect(outcome.turns).toEqual([{ kind: 'stale' }]);
  });

  it('promise 7: the end of a run takes its timers and named subscriptions along', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await bench.turns(
      turnOf(run, 1, {
        setTimers: [{ timerId: 't', generation: 1, delayMs: 1_000 }],
        subscribe: [waiting('s1', [{ channel: 'news' }])],
      }),
    );
    await bench.turns(
      endOf(run, 2, {
        unsubscribe: [{ subscriptionId: 's1', status: 'cancelled', delivered: [] }],
      }),
    );
    const timers = { shards: allShards, horizonMs: hour, limit: 9 };
    expect(await bench.store.timers(timers)).toEqual([]);
    expect(await bench.publish(message('news', 'm1'))).toEqual([]);
    expect(await bench.store.audit(tenant)).toMatchObject({
      subscriptions: { cancelled: 1 },
      orphanedSubscriptions: 0,
    });
  });

  it('promise 10: the journal has every turn’s events, in order', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    for (const turn of [1, 2, 3]) {
      await bench.turns(turnOf(run, turn, { journalText: `[{"kind":"event","n":${turn}}]` }));
    }
    const query = { tenant, runId: run.runId };
    const rows = await bench.store.journal({ ...query, afterTurn: 1, limit: 2 });
    expect(rows.map(({ turn, entriesText }) => [turn, JSON.parse(entriesText)])).toEqual([
      [2, [{ kind: 'event', n: 1 }]],
      [3, [{ kind: 'event', n: 2 }]],
    ]);
    const rest = await bench.store.journal({ ...query, afterTurn: 3, limit: 9 });
    expect(rest.map((row) => row.turn)).toEqual([4]);
    expect(await bench.store.journal({ ...query, afterTurn: 4, limit: 9 })).toEqual([]);
  });

  it('promise 10: texts come back byte for byte', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    const chartText = '{"b":1,  "a":[1.0,1e3,"ü\\u0041\\n🧵"],"z":{},"a":2}';
    await bench.turns(
      endOf(run, 1, {
        chartText,
        heldText: chartText,
        journalText: `[${chartText}]`,
        ended: { outputText: chartText, error: null },
      }),
    );
    const { run: row } = await bench.load(run);
    expect([row.chartText, row.heldText, row.outputText]).toEqual(Array(3).fill(chartText));
    const journal = { tenant, runId: run.runId, afterTurn: 1, limit: 1 };
    expect(await bench.store.journal(journal)).toMatchObject([{ entriesText: `[${chartText}]` }]);
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

  it('promise 5: a crash right after a commit takes nothing of it', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await bench.turns(
      turnOf(run, 1, {
        journalText: '[{"kind":"last"}]',
        messages: [message('news', 'm1')],
        memory: [memory('k', 1)],
        setTimers: [{ timerId: 't', generation: 1, delayMs: hour }],
      }),
    );
    await bench.crash();
    expect((await bench.load(run)).run.turn).toBe(2);
    const journal = { tenant, runId: run.runId, afterTurn: 1, limit: 9 };
    expect(await bench.store.journal(journal)).toMatchObject([
      { turn: 2, entriesText: '[{"kind":"last"}]' },
    ]);
    expect(await bench.numbers('news')).toEqual([1]);
    expect(await bench.recall('k')).toMatchObject({ newest: 1 });
    const timers = { shards: allShards, horizonMs: 2 * hour, limit: 9 };
    expect(await bench.store.timers(timers)).toHaveLength(1);
    await bench.renew();
    await bench.turns(endOf(run, 2));
  });

  it('promise 5: a commit id that was seen does nothing and says what became of it', async () => {
    const bench = await begin(open);
    const a = await bench.started(1);
    const b = await bench.started(2);
    const batch = bench.batch({
      commitId: commitId(77),
      turns: [
        turnOf(a, 1, { messages: [message('news', 'm1')], memory: [memory('k', 1)] }),
        turnOf(b, 5),
      ],
      slots: [
        {
          provider: 'stub',
          replicaId: bench.replicaId,
          slot: 0,
          status: 'idle',
          call: null,
          calls: 1,
          duplicates: 0,
          rateLimited: 0,
        },
      ],
      arrivals: {
        starts: [newRun(3)],
        inbox: [event(a, 'go')],
        messages: [message('news', 'm2')],
        memory: [memory('k2', 1)],
      },
    });
    const first = await bench.store.commit(batch);
    const second = await bench.store.commit(batch);
    expect(first.turns.map((turn) => turn.kind)).toEqual(['committed', 'stale']);
    expect(second.turns[0]).toEqual({ kind: 'committed' });
    expect(second.turns[1]?.kind).not.toBe('committed');
    const accepted = [{ kind: 'accepted' }];
    expect(second).toMatchObject({
      starts: accepted,
      inbox: accepted,
      messages: accepted,
      memory: accepted,
      wakes: [],
    });
    expect(await bench.numbers('news')).toEqual([1, 2]);
    expect((await bench.load(a)).run.turn).toBe(2);
    expect(await bench.inbox(a)).toHaveLength(1);
    expect(await bench.recall('k')).toMatchObject({ newest: 1 });
    expect(await bench.store.providerTotals()).toMatchObject([{ provider: 'stub', calls: 1 }]);
  });
}
