/** Turns: all that they leave, the journal, what ends a run, and commits that are sent twice. */
import { expect } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import {
  allShards,
  begin,
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
    expect(await bench.store.audit(oneTenant(tenant))).toMatchObject({
      runs: { 'waiting-on-channel': 1, queued: 1 },
      messages: 1,
      subscriptions: { waiting: 1 },
      memoryVersions: 1,
      evaluations: 1,
      journalGaps: 0,
    });
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
    expect(await bench.store.audit(oneTenant(tenant))).toMatchObject({
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
    const rows = await bench.store.journal(oneTenant(query.tenant), {
      ...query,
      afterTurn: 1,
      limit: 2,
    });
    expect(rows.map(({ turn, entriesText }) => [turn, JSON.parse(entriesText)])).toEqual([
      [2, [{ kind: 'event', n: 1 }]],
      [3, [{ kind: 'event', n: 2 }]],
    ]);
    const rest = await bench.store.journal(oneTenant(query.tenant), {
      ...query,
      afterTurn: 3,
      limit: 9,
    });
    expect(rest.map((row) => row.turn)).toEqual([4]);
    expect(
      await bench.store.journal(oneTenant(query.tenant), { ...query, afterTurn: 4, limit: 9 }),
    ).toEqual([]);
  });

  it('the journal says which status each turn left the run in', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await bench.turns(turnOf(run, 1, { status: 'waiting-on-timer' }));
    const change = { ...run, expectedTurn: 2, status: 'stalled', reason: 'x' } as const;
    await bench.commit({ statusChanges: [change] });
    await bench.turns(endOf(run, 2));
    const query = { tenant, runId: run.runId, afterTurn: 1, limit: 9 };
    expect(
      (await bench.store.journal(oneTenant(query.tenant), query)).map(({ status }) => status),
    ).toEqual(['waiting-on-timer', 'completed']);
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
    expect(await bench.store.journal(oneTenant(journal.tenant), journal)).toMatchObject([
      { entriesText: `[${chartText}]` },
    ]);
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
    expect(await bench.store.journal(oneTenant(journal.tenant), journal)).toMatchObject([
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
      turns: [
        turnOf(a, 1, { messages: [message('news', 'm1')], memory: [memory('k', 1)] }),
        turnOf(b, 5),
      ],
      slots: [
        {
          provider: 'stub',
          replicaId: bench.replicaId,
          slot: 0,
          sealed: 0,
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
    const first = await bench.send(batch);
    const second = await bench.send(batch);
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
