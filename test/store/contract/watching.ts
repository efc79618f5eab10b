/** Logs and briefs of those who follow runs and channels, and where replicas reach each other. */
import { expect } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import {
  begin,
  Bench,
  endOf,
  message,
  minute,
  newRun,
  runId,
  tenant,
  turnOf,
  type Contract,
} from './fixture.ts';

export function watchingContract({ open, it }: Contract): void {
  it('a run’s log goes on after the reader’s turn, and its head is of the same instant', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await bench.started(2);
    await bench.turns(turnOf(run, 1, { journalText: '["b"]' }));
    await bench.turns(endOf(run, 2, { journalText: '["c"]', reason: 'over' }));
    const read = (n: number, afterTurn: number, limit = 9) => {
      return { scope: oneTenant(tenant), runId: runId(n), afterTurn, limit };
    };
    const reads = [read(1, 1), read(2, 0), read(1, 0, 1), read(1, 3), read(9, 0)];
    const logs = await bench.store.runLogs([
      ...reads,
      { ...read(1, 0), scope: oneTenant('other') },
    ]);
    expect(logs.map((log) => log?.rows.map(({ turn }) => turn) ?? null)).toEqual([
      [2, 3],
      [1],
      [1],
      [],
      null,
      null,
    ]);
    expect(logs[0]?.rows.map(({ entriesText }) => entriesText)).toEqual(['["b"]', '["c"]']);
    expect(logs[0]?.head).toMatchObject({ shard: 1, status: 'completed', reason: 'over', turn: 3 });
    expect(logs[0]?.head.endedAtMs).toBeGreaterThan(0);
    expect(logs[1]?.head).toMatchObject({ status: 'admitted', turn: 1, endedAtMs: null });
    expect(await bench.store.runLogs([])).toEqual([]);
  });

  it('a run’s state comes with its log, of the same instant', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await bench.started(2);
    await bench.turns(turnOf(run, 1, { journalText: '["b"]', chartText: '{"value":"b"}' }));
    const read = (n: number, afterTurn: number, limit = 9) => {
      return { scope: oneTenant(tenant), runId: runId(n), afterTurn, limit };
    };
    const [open1, none] = await bench.store.runStates([read(1, 0), read(1, 0, 0)]);
    expect(open1).toMatchObject({ chartText: '{"value":"b"}', outputText: null, error: null });
    expect(open1?.rows.map(({ turn, entriesText }) => [turn, entriesText])).toEqual([
      [1, '[]'],
      [2, '["b"]'],
    ]);
    expect(none).toMatchObject({ chartText: '{"value":"b"}', rows: [], head: { turn: 2 } });
    await bench.turns(endOf(run, 2, { journalText: '["c"]', chartText: '{"value":"c"}' }));
    const states = await bench.store.runStates([
      read(2, 9),
      read(1, 1),
      read(9, 0),
      { ...read(1, 0), scope: oneTenant('other') },
    ]);
    expect(states.map((state) => state?.chartText ?? null)).toEqual([
      '{"value":"a"}',
      '{"value":"c"}',
      null,
      null,
    ]);
    expect(states.map((state) => state === null)).toEqual([false, false, true, true]);
    expect(states[1]).toMatchObject({ outputText: '"done"', error: null });
    expect(states[1]?.head).toMatchObject({ status: 'completed', turn: 3 });
    expect(states[1]?.rows.map(({ turn }) => turn)).toEqual([2, 3]);
    expect(await bench.store.runStates([])).toEqual([]);
  });

  it('a channel’s log begins after a number, or at the newest message', async () => {
    const bench = await begin(open);
    await bench.commit({ arrivals: { messages: ['1', '2', '3'].map((id) => message('a', id)) } });
    const read = (channel: string, after: number | null, limit = 9) => {
      return { scope: oneTenant(tenant), channel, after, limit };
    };
    const reads = [read('a', 0, 2), read('a', null), read('b', null), read('a', 2)];
    const logs = await bench.store.channelLogs([
      ...reads,
      { ...read('a', 0), scope: oneTenant('other') },
    ]);
    expect(logs.map(({ after, head, rows }) => [after, head, rows.map(({ seq }) => seq)])).toEqual([
      [0, 3, [1, 2]],
      [3, 3, []],
      [0, 0, []],
      [2, 3, [3]],
      [0, 0, []],
    ]);
  });

  it('briefs are given by key, and those of open runs by shard, page by page', async () => {
    const bench = await begin(open);
    const parent = { tenant, runId: runId(1), shard: 1, invocationId: 'child', incarnation: 1 };
    const run = await bench.started(1);
    await bench.started(33, { parent, user: 'bob' });
    await bench.commit({ arrivals: { starts: [newRun(65, { tenant: 'other' }), newRun(2)] } });
    const [brief] = await bench.store.briefs([
      { tenant, runId: runId(33) },
      { tenant: 'other', runId: runId(33) },
      { tenant, runId: runId(99) },
    ]);
    expect(brief).toMatchObject({ user: 'bob', pipeline: 'pipeline-33', parentRunId: runId(1) });
    expect(brief).toMatchObject({ tenant, shard: 1, status: 'admitted', turn: 1, endedAtMs: null });
    const page = async (after: { tenant: string; runId: typeof run.runId } | null, limit: number) =>
      (await bench.store.openBriefs({ shard: 1, after, limit })).map((one) => one.runId);
    expect(await page(null, 9)).toEqual([runId(1), runId(33), runId(65)]);
    expect(await page(null, 2)).toEqual([runId(1), runId(33)]);
    expect(await page({ tenant, runId: runId(33) }, 2)).toEqual([runId(65)]);
    await bench.turns(endOf(run, 1));
    expect(await page(null, 9)).toEqual([runId(33), runId(65)]);
    const [ended] = await bench.store.briefs([run]);
    expect(ended).toMatchObject({ status: 'completed', turn: 2 });
    expect(ended?.endedAtMs).toBeGreaterThan(0);
  });

  it('live replicas are listed with their shards, and with the address of their last heartbeat', async () => {
    const bench = await begin(open);
    const other = new Bench(bench, 2);
    const beat = (of: Bench, address: string | null) =>
      bench.store.renew({ replicaId: of.replicaId, leaseMs: minute, address });
    await beat(bench, 'http://10.0.0.1:7400');
    await beat(other, null);
    const { peers, secret, atMs } = await bench.store.peers(other.replicaId);
    const told = new Map(peers.map((peer) => [peer.replicaId, peer]));
    expect(told.get(bench.replicaId)?.address).toBe('http://10.0.0.1:7400');
    expect(told.get(bench.replicaId)?.shards).toHaveLength(32);
    expect(told.get(other.replicaId)).toMatchObject({ address: null, shards: [] });
    expect(secret.length).toBeGreaterThan(32);
    expect((await other.store.peers(bench.replicaId)).secret).toBe(secret);
    expect((await bench.store.peers(bench.replicaId)).atMs).toBeGreaterThanOrEqual(atMs);
    expect(atMs).toBeGreaterThan(1_500_000_000_000);
    await bench.advance(2 * minute);
    expect((await bench.store.peers(bench.replicaId)).peers).toEqual([]);
    await beat(bench, null);
    const later = await bench.store.peers(bench.replicaId);
    expect(later.peers.map(({ replicaId, address }) => [replicaId, address])).toEqual([
      [bench.replicaId, null],
    ]);
  });
}
