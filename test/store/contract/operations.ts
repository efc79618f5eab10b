/** What people and quotas look at: lists, usage, the audit, retention. */
import { expect } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import {
  begin,
  endOf,
  hour,
  memory,
  message,
  minute,
  newRun,
  runId,
  tenant,
  turnOf,
  waiting,
  type Contract,
} from './fixture.ts';

export function listsContract({ open, it }: Contract): void {
  it('promise 9: usage counts a tenant’s open and queued runs, channels and entries', async () => {
    const bench = await begin(open);
    expect(await bench.store.usage(tenant)).toEqual({
      openRuns: 0,
      queuedRuns: 0,
      channels: 0,
      memoryEntries: 0,
    });
    const run = await bench.started(1);
    await bench.started(2);
    await bench.commit({
      arrivals: {
        starts: [newRun(3), newRun(4, { tenant: 'other' })],
        messages: [message('a', 'a1'), message('a', 'a2'), message('b', 'b1')],
        memory: [memory('k', 1), memory('k', 2), memory('l', 1)],
      },
    });
    await bench.turns(endOf(run, 1));
    expect(await bench.store.usage(tenant)).toEqual({
      openRuns: 2,
      queuedRuns: 1,
      channels: 2,
      memoryEntries: 2,
    });
    expect(await bench.store.usage('other')).toMatchObject({ openRuns: 1, queuedRuns: 1 });
  });

  it('promise 11: runs are listed newest first, by what is asked, page by page', async () => {
    const bench = await begin(open);
    for (const n of [1, 2, 3, 4]) {
      await bench.started(n, { agent: n === 2 ? 'writer' : 'editor', pipeline: `p${n % 2}` });
    }
    await bench.commit({ arrivals: { starts: [newRun(5, { tenant: 'other' })] } });
    await bench.turns(endOf(newRun(1), 1));
    const list = async (parts: object) => {
      const query = {
        tenant,
        statuses: null,
        agent: null,
        pipeline: null,
        beforeRunId: null,
        limit: 9,
      };
      const rows = await bench.store.runs(oneTenant(query.tenant), { ...query, ...parts });
      return rows.map((row) => [4, 3, 2, 1].find((n) => runId(n) === row.runId));
    };
    expect(await list({})).toEqual([4, 3, 2, 1]);
    expect(await list({ limit: 2 })).toEqual([4, 3]);
    expect(await list({ beforeRunId: runId(3) })).toEqual([2, 1]);
    expect(await list({ statuses: ['completed'] })).toEqual([1]);
    expect(await list({ statuses: ['completed', 'admitted'], limit: 3 })).toEqual([4, 3, 2]);
    expect(await list({ statuses: [] })).toEqual([]);
    expect(await list({ agent: 'writer' })).toEqual([2]);
    expect(await list({ pipeline: 'p1' })).toEqual([3, 1]);
    const [row] = await bench.store.runs(oneTenant(tenant), {
      statuses: null,
      agent: 'writer',
      pipeline: null,
      beforeRunId: null,
      limit: 1,
    });
    expect(row).toEqual(await bench.store.run(oneTenant(tenant), runId(2)));
  });

  it('promise 5: tenants that hold runs are found by the beginning of their names', async () => {
    const bench = await begin(open);
    const run = await bench.started(1, { tenant: 'circuits/10-a' });
    const others = ['circuits/10-b', 'circuits', 'd'];
    const starts = others.map((name, n) => newRun(n + 2, { tenant: name }));
    await bench.commit({ arrivals: { starts } });
    const find = async (prefix: string, onlyOpen: boolean, limit = 9) =>
      [...(await bench.store.tenants({ prefix, open: onlyOpen, limit }))].sort();
    const both = ['circuits/10-a', 'circuits/10-b'];
    expect(await find('circuits/', true)).toEqual(both);
    expect(await find('circuits/', false)).toEqual(both);
    expect(await find('', false)).toHaveLength(4);
    expect(await find('circuits/', false, 1)).toHaveLength(1);
    expect(await find('e', false)).toEqual([]);
    await bench.turns(endOf(run, 1));
    expect(await find('circuits/', true)).toEqual(['circuits/10-b']);
    expect(await find('circuits/', false)).toEqual(both);
  });

  it('promise 11: another tenant’s run is not there', async () => {
    const bench = await begin(open);
    await bench.started(1);
    expect(await bench.store.run(oneTenant('other'), runId(1))).toBeNull();
    expect(await bench.store.run(oneTenant(tenant), runId(2))).toBeNull();
    expect(await bench.store.load([{ ...newRun(1), tenant: 'other' }, newRun(2)])).toEqual([
      null,
      null,
    ]);
  });

  it('promise 9: tenants are found by how their names begin, all or those with open runs', async () => {
    const bench = await begin(open);
    const names = ['acme', 'acme/eu', 'acme%', 'Beta', 'beta'];
    const runs = names.map((name, n) => newRun(n, { tenant: name }));
    await bench.commit({ arrivals: { starts: [...runs, newRun(9, { tenant: 'acme' })] } });
    await bench.turns(endOf(newRun(3, { tenant: 'Beta' }), 0), endOf(newRun(0), 0));
    const found = async (prefix: string, onlyOpen: boolean, limit = 9) =>
      [...(await bench.store.tenants({ prefix, open: onlyOpen, limit }))].sort();
    expect(await found('', false)).toEqual([...names].sort());
    expect(await found('', true)).toEqual(['acme', 'acme%', 'acme/eu', 'beta']);
    expect(await found('acme', false)).toEqual(['acme', 'acme%', 'acme/eu']);
    expect(await found('acme%', true)).toEqual(['acme%']);
    expect(await found('B', true)).toEqual([]);
    expect(await found('none', false)).toEqual([]);
    expect(await found('', false, 2)).toHaveLength(2);
  });

  it('promise 5: what is written counts as activity', async () => {
    const bench = await begin(open);
    const before = await bench.store.activity();
    for (const n of [1, 2, 3]) await bench.publish(message('news', `m${n}`));
    const after = await bench.store.activity();
    expect(after.transactions).toBeGreaterThanOrEqual(before.transactions);
    expect(after.walBytes).toBeGreaterThanOrEqual(before.walBytes);
  });

  it('promise 11: a store that was closed says so', async () => {
    const { store } = await open();
    await store.close();
    await expect(store.usage(tenant)).rejects.toMatchObject({ code: 'closed' });
  });
}

export function auditContract({ open, it }: Contract): void {
  it('promise 2: the audit of a tenant sees nothing of another', async () => {
    const bench = await begin(open);
    await bench.commit({
      arrivals: {
        starts: [newRun(1, { tenant: 'other' })],
        messages: [message('news', 'm1', { tenant: 'other' })],
        memory: [memory('k', 1, { tenant: 'other' })],
      },
    });
    expect(await bench.store.audit(oneTenant(tenant))).toEqual({
      runs: {},
      channels: 0,
      messages: 0,
      subscriptions: {},
      memoryEntries: 0,
      memoryVersions: 0,
      evaluations: 0,
      unconsumedMessages: 0,
      doubledMessages: 0,
      channelGaps: 0,
      memoryGaps: 0,
      doubledEvaluations: 0,
      orphanedSubscriptions: 0,
      journalGaps: 0,
      slotsInUse: 0,
    });
  });

  it('promise 7: the audit finds a subscription that outlived its run', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await bench.turns(turnOf(run, 1, { subscribe: [waiting('s', [{ channel: 'news' }])] }));
    expect((await bench.store.audit(oneTenant(tenant))).orphanedSubscriptions).toBe(0);
    await bench.turns(endOf(run, 2));
    expect((await bench.store.audit(oneTenant(tenant))).orphanedSubscriptions).toBe(1);
  });

  it('promise 5: prune takes what has been over for long, and nothing else', async () => {
    const bench = await begin(open);
    const [old, open1, young] = (await Promise.all([1, 2, 3].map((n) => bench.started(n)))) as [
      never,
      never,
      never,
    ];
    await bench.turns(
      turnOf(old, 1, { setTimers: [{ timerId: 't', generation: 1, delayMs: 1 }] }),
      turnOf(open1, 1, { subscribe: [waiting('s', [{ channel: 'news' }])] }),
    );
    await bench.turns(endOf(old, 2));
    await bench.advance(hour);
    await bench.turns(endOf(young, 1));
    const { runs } = await bench.store.prune({ olderThanMs: minute, limit: 9 });
    expect(runs).toBeGreaterThanOrEqual(1);
    expect(await bench.store.load([old])).toEqual([null]);
    const journal = { tenant, runId: runId(1), afterTurn: 0, limit: 9 };
    expect(await bench.store.journal(oneTenant(journal.tenant), journal)).toEqual([]);
    expect((await bench.load(open1)).run.turn).toBe(2);
    expect((await bench.load(young)).run.status).toBe('completed');
    expect(await bench.publish(message('news', 'm1'))).toHaveLength(1);
    expect(await bench.store.audit(oneTenant(tenant))).toMatchObject({
      runs: { admitted: 1, completed: 1 },
      journalGaps: 0,
      channelGaps: 0,
      orphanedSubscriptions: 0,
    });
  });

  it('promise 5: prune is bounded, and ends', async () => {
    const bench = await begin(open);
    for (const n of [1, 2, 3, 4, 5]) await bench.turns(endOf(await bench.started(n), 1));
    await bench.advance(hour);
    const prunes = { olderThanMs: minute, limit: 2 };
    expect(await bench.store.prune(prunes)).toEqual({ runs: 2, isMore: true });
    const left = await bench.store.audit(oneTenant(tenant));
    expect(left.runs['completed']).toBe(3);
    for (let round = 0; round < 9; round++) {
      if (!(await bench.store.prune(prunes)).isMore) break;
    }
    expect(await bench.store.prune(prunes)).toEqual({ runs: 0, isMore: false });
    expect((await bench.store.audit(oneTenant(tenant))).runs).toEqual({});
  });

  it('promise 2: prune takes no message that somebody may still read', async () => {
    const bench = await begin(open);
    await bench.publish(message('news', 'm1'), message('news', 'm2'));
    const run = await bench.started(1);
    const groupCursors = [{ channel: 'news', group: 'g', from: null, to: 1 }];
    await bench.turns(turnOf(run, 1, { groupCursors }));
    await bench.advance(hour);
    for (let round = 0; round < 3; round++) {
      await bench.store.prune({ olderThanMs: minute, limit: 9 });
    }
    expect(await bench.numbers('news', { group: 'g' })).toEqual([2]);
    await bench.publish(message('news', 'm3'));
    expect(await bench.numbers('news', { group: 'g' })).toEqual([2, 3]);
    expect((await bench.store.audit(oneTenant(tenant))).channelGaps).toBe(0);
  });

  it('promise 2: prune beside publishers takes what was taken, and none of what they publish', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await bench.publish(message('news', 'm1'));
    await bench.turns(turnOf(run, 1, { subscribe: [waiting('s', [{ channel: 'news' }])] }));
    const delivered = [{ channel: 'news', seq: 1 }];
    const unsubscribe = [{ subscriptionId: 's', status: 'delivered' as const, delivered }];
    await bench.turns(turnOf(run, 2, { unsubscribe }));
    await bench.turns(endOf(run, 3));
    await bench.advance(hour);
    const fresh = Array.from({ length: 20 }, (_, i) => i + 2);
    await Promise.all(
      fresh.map(async (n) => {
        await bench.publish(message('news', `m${n}`));
        await bench.store.prune({ olderThanMs: minute, limit: 9 });
      }),
    );
    expect(await bench.numbers('news')).toEqual(fresh);
    expect((await bench.store.audit(oneTenant(tenant))).channelGaps).toBe(0);
  });
}
