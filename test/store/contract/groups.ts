/** Named groups: each message to one member, and enough members awake while there are messages. */
import { expect } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import type { NewRun } from '../../../src/store/rows.ts';
import {
  begin,
  message,
  newRun,
  tenant,
  turnOf,
  waiting,
  type Bench,
  type Contract,
} from './fixture.ts';

export function groupsContract({ open, it }: Contract): void {
  /** Runs 1 to n, each waiting in group g on `news`, in this order. */
  async function members(bench: Bench, count: number): Promise<NewRun[]> {
    const runs = Array.from({ length: count }, (_, i) => newRun(i + 1));
    for (const [i, run] of runs.entries()) {
      await bench.started(i + 1);
      const channels = [{ channel: 'news', group: 'g' }];
      await bench.turns(turnOf(run, 1, { subscribe: [waiting(`s${i + 1}`, channels)] }));
    }
    return runs;
  }

  async function awake(bench: Bench, runs: readonly NewRun[]): Promise<number[]> {
    const woken = await Promise.all(runs.map((run) => bench.wokenFor(run)));
    return woken.flatMap((subscriptions, i) => (subscriptions.length === 0 ? [] : [i + 1]));
  }

  /** The turn in which member n takes its wake-up and one message, and waits no more. */
  async function take(bench: Bench, n: number, from: number | null, to: number) {
    const run = newRun(n);
    const takenInbox = (await bench.inbox(run)).map((row) => row.seq);
    return turnOf(run, 2, {
      takenInbox,
      groupCursors: [{ channel: 'news', group: 'g', from, to }],
      unsubscribe: [
        {
          subscriptionId: `s${n}`,
          status: 'delivered',
          delivered: [{ channel: 'news', seq: to }],
        },
      ],
    });
  }

  const cursor = async (bench: Bench) => {
    const read = await bench.read('news', { group: 'g' });
    return read.cursorStored ? read.cursor : null;
  };

  it('promise 2: one message wakes one member, the one that waited longest', async () => {
    const bench = await begin(open);
    const runs = await members(bench, 3);
    expect(await bench.publish(message('news', 'm1'))).toHaveLength(1);
    expect(await awake(bench, runs)).toEqual([1]);
    expect(await bench.publish(message('news', 'm2'))).toHaveLength(1);
    expect(await awake(bench, runs)).toEqual([1, 2]);
  });

  it('promise 2: several messages wake as many members', async () => {
    const bench = await begin(open);
    const runs = await members(bench, 4);
    await bench.publish(message('news', 'm1'), message('news', 'm2'), message('news', 'm3'));
    expect(await awake(bench, runs)).toEqual([1, 2, 3]);
  });

  it('promise 2: who registers while messages are unread is woken', async () => {
    const bench = await begin(open);
    await bench.publish(message('news', 'm1'), message('news', 'm2'));
    expect(await awake(bench, await members(bench, 3))).toEqual([1, 2]);
  });

  it('promise 2: each message is taken once, whoever is first', async () => {
    const bench = await begin(open);
    await members(bench, 2);
    await bench.publish(message('news', 'm1'), message('news', 'm2'));
    const from = await cursor(bench);
    const first = await take(bench, 1, from, 1);
    const second = await take(bench, 2, from, 1);
    const outcome = await Promise.all([
      bench.commit({ turns: [first] }),
      bench.commit({ turns: [second] }),
    ]);
    const kinds = outcome.map((one) => one.turns[0]?.kind ?? 'none').sort();
    expect(kinds).toEqual(['committed', 'conflict']);
    const loser = outcome[0]?.turns[0]?.kind === 'conflict' ? 1 : 2;
    await bench.turns(await take(bench, loser, 1, 2));
    expect(await bench.numbers('news', { group: 'g' })).toEqual([]);
    expect(await bench.store.audit(oneTenant(tenant))).toMatchObject({
      unconsumedMessages: 0,
      doubledMessages: 0,
      subscriptions: { delivered: 2 },
    });
  });

  it('promise 2: a group begins where its first member stands', async () => {
    const bench = await begin(open);
    await bench.publish(message('news', 'm1'), message('news', 'm2'));
    const run = await bench.started(1);
    const channels = [{ channel: 'news', group: 'g', after: 2 }];
    await bench.turns(turnOf(run, 1, { subscribe: [waiting('s1', channels)] }));
    expect(await bench.wokenFor(run)).toEqual([]);
    await bench.publish(message('news', 'm3'));
    expect(await bench.wokenFor(run)).toEqual(['s1']);
    expect(await bench.numbers('news', { group: 'g' })).toEqual([3]);
  });

  it('promise 2: the end of a woken member hands its message to the next', async () => {
    const bench = await begin(open);
    const runs = await members(bench, 2);
    await bench.publish(message('news', 'm1'));
    expect(await awake(bench, runs)).toEqual([1]);
    const outcome = await bench.turns(
      turnOf(newRun(1), 2, {
        unsubscribe: [{ subscriptionId: 's1', status: 'cancelled', delivered: [] }],
      }),
    );
    expect(outcome.wakes.map((run) => run.runId)).toEqual([newRun(2).runId]);
    expect(await bench.wokenFor(newRun(2))).toEqual(['s2']);
  });

  it('promise 2: a member that takes its share leaves the rest awake', async () => {
    const bench = await begin(open);
    const runs = await members(bench, 3);
    await bench.publish(message('news', 'm1'), message('news', 'm2'));
    await bench.turns(await take(bench, 1, await cursor(bench), 1));
    expect(await awake(bench, runs)).toEqual([2]);
    await bench.publish(message('news', 'm3'));
    expect(await awake(bench, runs)).toEqual([2, 3]);
  });

  it('promise 2: the new registration of a group finds what is unread', async () => {
    const bench = await begin(open);
    await members(bench, 1);
    await bench.publish(message('news', 'm1'), message('news', 'm2'));
    const turn = await take(bench, 1, await cursor(bench), 1);
    const channels = [{ channel: 'news', group: 'g', after: 1 }];
    await bench.turns({ ...turn, subscribe: [waiting('again', channels)] });
    expect(await bench.wokenFor(newRun(1))).toEqual(['again']);
    expect(await bench.numbers('news', { group: 'g' })).toEqual([2]);
  });

  it('promise 2: groups of one channel, and private readers, do not take from each other', async () => {
    const bench = await begin(open);
    const runs = await Promise.all([1, 2, 3].map((n) => bench.started(n)));
    const [a, b, c] = runs as [NewRun, NewRun, NewRun];
    await bench.turns(
      turnOf(a, 1, { subscribe: [waiting('sa', [{ channel: 'news', group: 'g' }])] }),
      turnOf(b, 1, { subscribe: [waiting('sb', [{ channel: 'news', group: 'h' }])] }),
      turnOf(c, 1, { subscribe: [waiting('sc', [{ channel: 'news' }])] }),
    );
    expect(await bench.publish(message('news', 'm1'))).toHaveLength(3);
    const groupCursors = [
      {
        channel: 'news',
        group: 'g',
        from: (await bench.read('news', { group: 'g' })).cursor,
        to: 1,
      },
    ];
    await bench.turns(turnOf(a, 2, { groupCursors }));
    expect(await bench.numbers('news', { group: 'g' })).toEqual([]);
    expect(await bench.numbers('news', { group: 'h' })).toEqual([1]);
    expect(await bench.numbers('news', { after: 0 })).toEqual([1]);
  });

  it('promise 2: to read is not to take: the cursor moves with a turn', async () => {
    const bench = await begin(open);
    await bench.publish(message('news', 'm1'), message('news', 'm2'));
    const run = await bench.started(1);
    const groupCursors = [{ channel: 'news', group: 'g', from: null, to: 1 }];
    expect(await bench.numbers('news', { group: 'g' })).toEqual([1, 2]);
    await bench.commit({ turns: [turnOf(run, 7, { groupCursors })] });
    await bench.crash();
    expect(await bench.numbers('news', { group: 'g' })).toEqual([1, 2]);
    await bench.turns(turnOf(run, 1, { groupCursors }));
    expect(await bench.numbers('news', { group: 'g' })).toEqual([2]);
  });

  it('promise 2: a cursor moves only from where it is', async () => {
    const bench = await begin(open);
    await bench.publish(...[1, 2, 3, 4].map((n) => message('news', `m${n}`)));
    const run = await bench.started(1);
    const move = async (expectedTurn: number, from: number | null, to: number) => {
      const groupCursors = [{ channel: 'news', group: 'g', from, to }];
      const outcome = await bench.commit({
        turns: [turnOf(run, expectedTurn, { groupCursors })],
      });
      return outcome.turns[0]?.kind;
    };
    expect(await move(1, 0, 1)).toBe('conflict');
    expect(await move(1, null, 2)).toBe('committed');
    expect(await move(2, null, 3)).toBe('conflict');
    expect(await move(2, 1, 3)).toBe('conflict');
    expect(await move(2, 2, 3)).toBe('committed');
    expect(await cursor(bench)).toBe(3);
    expect(await bench.numbers('news', { group: 'g' })).toEqual([4]);
  });

  it('promise 2: a member that waits on two channels is woken once and counted on both', async () => {
    const bench = await begin(open);
    const [both, news] = await Promise.all([bench.started(1), bench.started(2)]);
    const channels = [
      { channel: 'news', group: 'g' },
      { channel: 'other', group: 'g' },
    ];
    await bench.turns(turnOf(both, 1, { subscribe: [waiting('both', channels)] }));
    await bench.turns(
      turnOf(news, 1, { subscribe: [waiting('news', [{ channel: 'news', group: 'g' }])] }),
    );
    expect(await bench.publish(message('other', 'o1'))).toHaveLength(1);
    expect(await bench.publish(message('news', 'm1'))).toEqual([]);
    expect(await bench.wokenFor(both)).toEqual(['both']);
    const takenInbox = (await bench.inbox(both)).map((row) => row.seq);
    const { cursor: from } = await bench.read('other', { group: 'g' });
    await bench.turns(
      turnOf(both, 2, {
        takenInbox,
        groupCursors: [{ channel: 'other', group: 'g', from, to: 1 }],
        unsubscribe: [
          {
            subscriptionId: 'both',
            status: 'delivered',
            delivered: [{ channel: 'other', seq: 1 }],
          },
        ],
      }),
    );
    expect(await bench.wokenFor(news)).toEqual(['news']);
  });
}
