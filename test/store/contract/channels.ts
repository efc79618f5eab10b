/** Channels: dense numbers in commit order, and private receives. */
import { expect } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import {
  begin,
  event,
  message,
  newRun,
  runIds,
  tenant,
  turnOf,
  waiting,
  type Contract,
} from './fixture.ts';

export function channelsContract({ open, it }: Contract): void {
  it('promise 2: numbers are dense and in commit order, per channel', async () => {
    const bench = await begin(open);
    await bench.publish(message('a', 'a1'), message('b', 'b1'), message('a', 'a2'));
    await bench.publish(message('b', 'b2'));
    await bench.publish(message('a', 'a3'));
    const named = async (channel: string) =>
      (await bench.read(channel)).messages.map((row) => [row.seq, row.messageId]);
    expect(await named('a')).toEqual([
      [1, 'a1'],
      [2, 'a2'],
      [3, 'a3'],
    ]);
    expect(await named('b')).toEqual([
      [1, 'b1'],
      [2, 'b2'],
    ]);
  });

  it('promise 11: any name will do for a channel, a group or a key', async () => {
    const bench = await begin(open);
    const names = ['__proto__', 'constructor', 'toString', 'a/b c', '=x', '#1', '{"}', "\u0001'\\"];
    const runs = await Promise.all(names.map((_, n) => bench.started(n)));
    await bench.turns(
      ...runs.map((run, i) => {
        const name = names[i] ?? '';
        const channels = [{ channel: name, group: name }, { channel: 'all' }];
        return turnOf(run, 1, { subscribe: [waiting(`s ${name}`, channels)] });
      }),
    );
    const wakes = await bench.publish(...names.map((name) => message(name, name)));
    expect(runIds(wakes)).toEqual(runIds(runs));
    for (const [i, name] of names.entries()) {
      expect(await bench.numbers(name, { group: name })).toEqual([1]);
      const run = runs[i];
      if (run === undefined) continue;
      expect(await bench.wokenFor(run)).toEqual([`s ${name}`]);
      await bench.commit({ arrivals: { inbox: [event(run, 'e', { key: name })] } });
      expect((await bench.inbox(run)).at(-1)?.key).toBe(name);
    }
  });

  it('promise 2: commits that run side by side leave no gap', async () => {
    const bench = await begin(open);
    const batches = Array.from({ length: 20 }, (_, i) =>
      bench.publish(message('a', `x${i}`), message('b', `y${i}`), message('a', `z${i}`)),
    );
    await Promise.all(batches);
    expect(await bench.numbers('a')).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    expect(await bench.numbers('b')).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect((await bench.store.audit(oneTenant(tenant))).channelGaps).toBe(0);
  });

  it('promise 2: a reader that follows while commits overlap skips nothing', async () => {
    const bench = await begin(open);
    const ids = Array.from({ length: 30 }, (_, n) => `m${n}`);
    let published = false;
    const publishing = Promise.all(ids.map((id) => bench.publish(message('news', id)))).then(
      () => (published = true),
    );
    const seen: string[] = [];
    let after = 0;
    for (let last = false; !last;) {
      last = published;
      const { messages } = await bench.read('news', { after });
      seen.push(...messages.map((row) => row.messageId));
      after = messages.at(-1)?.seq ?? after;
    }
    await publishing;
    expect(seen.sort()).toEqual([...ids].sort());
  });

  it('promise 2: a message comes back as it was published', async () => {
    const bench = await begin(open);
    const run = newRun(1);
    await bench.publish(
      message('news', 'm1', { payloadText: '{"b":[1,"ü",null],"a":{}}', runId: run.runId }),
      message('news', 'm2', { payloadText: 'null' }),
    );
    const { messages, head } = await bench.read('news');
    expect(head).toBe(2);
    expect(messages).toMatchObject([
      {
        channel: 'news',
        messageId: 'm1',
        payload: { b: [1, 'ü', null], a: {} },
        runId: run.runId,
      },
      { channel: 'news', messageId: 'm2', payload: null, runId: null },
    ]);
  });

  it('promise 2: a private reader reads on from where it stands', async () => {
    const bench = await begin(open);
    for (const n of [1, 2, 3, 4, 5]) await bench.publish(message('news', `m${n}`));
    expect(await bench.numbers('news', { after: 2 })).toEqual([3, 4, 5]);
    expect(await bench.numbers('news', { after: 2, limit: 2 })).toEqual([3, 4]);
    expect(await bench.numbers('news', { after: 5 })).toEqual([]);
    const { channels } = await bench.store.read({
      memory: [],
      channels: (['earliest', 'latest'] as const).flatMap((from) =>
        ['news', 'none'].map((channel) => ({
          tenant,
          channel,
          group: null,
          after: null,
          from,
          limit: 1,
        })),
      ),
    });
    expect(channels).toMatchObject([
      { head: 5, cursor: 0, cursorStored: false, messages: [{ seq: 1 }] },
      { head: 0, cursor: 0, cursorStored: false, messages: [] },
      { head: 5, cursor: 5, cursorStored: false, messages: [] },
      { head: 0, cursor: 0, cursorStored: false, messages: [] },
    ]);
  });

  it('promise 2: a publish wakes every private subscription that waits', async () => {
    const bench = await begin(open);
    const runs = await Promise.all([1, 2, 3].map((n) => bench.started(n)));
    const [a, b, c] = runs as [never, never, never];
    await bench.turns(
      turnOf(a, 1, { subscribe: [waiting('sa', [{ channel: 'news' }])] }),
      turnOf(b, 1, { subscribe: [waiting('sb', [{ channel: 'news' }, { channel: 'other' }])] }),
      turnOf(c, 1, { subscribe: [waiting('sc', [{ channel: 'other' }])] }),
    );
    const wakes = await bench.publish(message('news', 'm1'));
    expect(runIds(wakes)).toEqual(runIds([a, b]));
    expect(await bench.inbox(a)).toMatchObject([
      { kind: 'messages', ref: 'sa', key: 'messages:sa', payloadText: null },
    ]);
    expect(await bench.wokenFor(b)).toEqual(['sb']);
    expect(await bench.wokenFor(c)).toEqual([]);
  });

  it('promise 2: a second publish before the turn wakes nobody twice', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await bench.turns(turnOf(run, 1, { subscribe: [waiting('s', [{ channel: 'news' }])] }));
    expect(await bench.publish(message('news', 'm1'))).toHaveLength(1);
    expect(await bench.publish(message('news', 'm2'))).toEqual([]);
    expect(await bench.wokenFor(run)).toEqual(['s']);
  });

  it('promise 2: who registers after the publish is woken by the registration', async () => {
    const bench = await begin(open);
    await bench.publish(message('news', 'm1'));
    const [late, current] = await Promise.all([bench.started(1), bench.started(2)]);
    const outcome = await bench.turns(
      turnOf(late, 1, { subscribe: [waiting('late', [{ channel: 'news' }])] }),
      turnOf(current, 1, { subscribe: [waiting('current', [{ channel: 'news', after: 1 }])] }),
    );
    expect(runIds(outcome.wakes)).toEqual(runIds([late]));
    expect(await bench.wokenFor(late)).toEqual(['late']);
    expect(await bench.wokenFor(current)).toEqual([]);
  });

  it('promise 2: registering and publishing in one batch, nobody sleeps', async () => {
    const bench = await begin(open);
    const [reader, writer] = await Promise.all([bench.started(1), bench.started(2)]);
    const outcome = await bench.turns(
      turnOf(reader, 1, { subscribe: [waiting('s', [{ channel: 'news' }])] }),
      turnOf(writer, 1, { messages: [message('news', 'm1')] }),
    );
    expect(runIds(outcome.wakes)).toEqual(runIds([reader]));
  });

  it('promise 2: registering and publishing at once, whoever is first, nobody sleeps', async () => {
    const bench = await begin(open);
    const runs = await Promise.all(Array.from({ length: 16 }, (_, n) => bench.started(n)));
    await Promise.all(
      runs.flatMap((run, i) => [
        bench.turns(turnOf(run, 1, { subscribe: [waiting(`s${i}`, [{ channel: `c${i}` }])] })),
        bench.publish(message(`c${i}`, `m${i}`)),
      ]),
    );
    for (const [i, run] of runs.entries()) expect(await bench.wokenFor(run)).toEqual([`s${i}`]);
  });

  it('promise 2: a turn that takes its wake-up and waits on is woken by the next message', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await bench.turns(turnOf(run, 1, { subscribe: [waiting('s', [{ channel: 'news' }])] }));
    await bench.publish(message('news', 'm1'));
    const [row] = await bench.inbox(run);
    await bench.turns(turnOf(run, 2, { takenInbox: [row?.seq ?? ''] }));
    expect(await bench.inbox(run)).toEqual([]);
    expect(await bench.publish(message('news', 'm2'))).toHaveLength(1);
    expect(await bench.wokenFor(run)).toEqual(['s']);
  });

  it('promise 2: a subscription that has ended is woken no more', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    const channels = [{ channel: 'news' }, { channel: 'other' }];
    await bench.turns(turnOf(run, 1, { subscribe: [waiting('s', channels)] }));
    const delivered = [{ channel: 'news', seq: 1 }];
    await bench.publish(message('news', 'm1'));
    const takenInbox = (await bench.inbox(run)).map((row) => row.seq);
    const unsubscribe = [{ subscriptionId: 's', status: 'delivered' as const, delivered }];
    await bench.turns(turnOf(run, 2, { unsubscribe, takenInbox }));
    expect(await bench.publish(message('news', 'm2'), message('other', 'o1'))).toEqual([]);
    expect(await bench.store.audit(oneTenant(tenant))).toMatchObject({
      subscriptions: { delivered: 1 },
      messages: 3,
      unconsumedMessages: 2,
      doubledMessages: 0,
    });
  });

  it('promise 7: a receive that begins and ends in one turn leaves nobody waiting', async () => {
    const bench = await begin(open);
    const [run, member] = await Promise.all([bench.started(1), bench.started(2)]);
    const channels = [{ channel: 'news', group: 'g' }, { channel: 'other' }];
    await bench.turns(
      turnOf(run, 1, {
        subscribe: [waiting('s', channels)],
        unsubscribe: [{ subscriptionId: 's', status: 'cancelled', delivered: [] }],
      }),
    );
    await bench.turns(
      turnOf(member, 1, { subscribe: [waiting('m', [{ channel: 'news', group: 'g' }])] }),
    );
    const wakes = await bench.publish(message('news', 'm1'), message('other', 'o1'));
    expect(runIds(wakes)).toEqual([member.runId]);
    expect(await bench.store.audit(oneTenant(tenant))).toMatchObject({
      subscriptions: { cancelled: 1, waiting: 1 },
    });
  });

  it('promise 2: a receive that is served at once is recorded and never woken', async () => {
    const bench = await begin(open);
    await bench.publish(message('news', 'm1'));
    const run = await bench.started(1);
    const subscribe = [
      {
        ...waiting('s', [{ channel: 'news', after: 1 }]),
        status: 'delivered' as const,
        delivered: [{ channel: 'news', seq: 1 }],
      },
    ];
    await bench.turns(turnOf(run, 1, { subscribe }));
    expect(await bench.publish(message('news', 'm2'))).toEqual([]);
    expect(await bench.store.audit(oneTenant(tenant))).toMatchObject({
      subscriptions: { delivered: 1 },
      unconsumedMessages: 1,
    });
  });

  it('the rows of an audit are counted to a bound in each of its tables', async () => {
    const bench = await begin(open);
    const own = oneTenant(tenant);
    const before = await bench.store.auditRows(own, { max: 100 });
    for (const id of ['m1', 'm2', 'm3']) await bench.publish(message('counted', id));
    // The channel too has a row.
    expect((await bench.store.auditRows(own, { max: 100 })) - before).toBe(4);
    const most = await bench.store.auditRows(own, { max: 1 });
    expect(most).toBeGreaterThanOrEqual(3);
    expect(most).toBeLessThanOrEqual(before + 3);
    expect(await bench.store.auditRows(oneTenant('nobody'), { max: 1 })).toBe(0);
  });

  it('promise 2: the audit sees what one run, or one group, took twice', async () => {
    const bench = await begin(open);
    await bench.publish(message('news', 'm1'), message('news', 'm2'));
    const [a, b] = await Promise.all([bench.started(1), bench.started(2)]);
    const took = (subscriptionId: string, seq: number, group?: string) => ({
      ...waiting(subscriptionId, [{ channel: 'news', ...(group === undefined ? {} : { group }) }]),
      status: 'delivered' as const,
      delivered: [{ channel: 'news', seq }],
    });
    await bench.turns(
      turnOf(a, 1, { subscribe: [took('s1', 1), took('s2', 1, 'g'), took('s3', 2, 'g')] }),
      turnOf(b, 1, { subscribe: [took('s4', 1), took('s5', 2), took('s6', 1, 'h')] }),
    );
    expect((await bench.store.audit(oneTenant(tenant))).doubledMessages).toBe(0);
    await bench.turns(turnOf(a, 2, { subscribe: [took('s7', 1)] }));
    expect((await bench.store.audit(oneTenant(tenant))).doubledMessages).toBe(1);
    await bench.turns(turnOf(b, 2, { subscribe: [took('s8', 2, 'g')] }));
    expect((await bench.store.audit(oneTenant(tenant))).doubledMessages).toBe(2);
  });
}
