/** Timers and delayed messages: absolute deadlines by the store's own clock. */
import { expect } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import {
  allShards,
  begin,
  Bench,
  endOf,
  hour,
  message,
  minute,
  runIds,
  tenant,
  turnOf,
  waiting,
  type Contract,
} from './fixture.ts';

export function timersContract({ open, it }: Contract): void {
  const timer = (timerId: string, delayMs: number, generation = 1) => ({
    timerId,
    generation,
    delayMs,
  });

  async function due(bench: Bench, horizonMs = 0, shards: readonly number[] = allShards) {
    const rows = await bench.store.timers({ shards, horizonMs, limit: 99 });
    return rows.map((row) => row.timerId);
  }

  it('promise 4: a timer is due when its delay is over, and not before', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await bench.turns(turnOf(run, 1, { setTimers: [timer('b', 3 * minute), timer('a', minute)] }));
    expect(await due(bench)).toEqual([]);
    expect(await due(bench, 2 * minute)).toEqual(['a']);
    await bench.advance(2 * minute);
    const [row] = await bench.store.timers({ shards: [1], horizonMs: 0, limit: 9 });
    expect(row).toMatchObject({
      tenant,
      runId: run.runId,
      shard: 1,
      timerId: 'a',
      generation: 1,
    });
    expect(row?.dueInMs).toBeLessThanOrEqual(-minute);
    expect(row?.dueInMs).toBeGreaterThan(-2 * minute);
    expect(await due(bench, hour)).toEqual(['a', 'b']);
    expect(await due(bench, hour, [2, 3])).toEqual([]);
    const limited = { shards: allShards, horizonMs: hour, limit: 1 };
    expect(await bench.store.timers(limited)).toHaveLength(1);
  });

  it('tells the timers of one run, soonest first and no more than asked', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    const other = await bench.started(2);
    const setTimers = [timer('b', 3 * minute, 2), timer('a', minute), timer('c', hour)];
    await bench.turns(turnOf(run, 1, { setTimers }));
    await bench.turns(turnOf(other, 1, { setTimers: [timer('z', 1)] }));
    const { runId } = run;
    const rows = await bench.store.timersOf(oneTenant(tenant), { runId, limit: 9 });
    expect(rows.map(({ timerId }) => timerId)).toEqual(['a', 'b', 'c']);
    expect(rows[1]).toMatchObject({ tenant, runId, shard: 1, generation: 2 });
    expect(rows[1]?.dueInMs).toBeLessThanOrEqual(3 * minute);
    expect(rows[1]?.dueInMs).toBeGreaterThan(2 * minute);
    expect(await bench.store.timersOf(oneTenant(tenant), { runId, limit: 1 })).toHaveLength(1);
    expect(await bench.store.timersOf(oneTenant('nobody'), { runId, limit: 9 })).toEqual([]);
    await bench.turns(turnOf(run, 2, { clearTimers: ['a', 'b', 'c'] }));
    expect(await bench.store.timersOf(oneTenant(tenant), { runId, limit: 9 })).toEqual([]);
  });

  it('promise 4: a deadline stays through turns and a change of owner', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await bench.turns(turnOf(run, 1, { setTimers: [timer('t', 10 * minute)] }));
    await bench.advance(6 * minute);
    await bench.turns(turnOf(run, 2));
    await bench.store.release({ replicaId: bench.replicaId, shards: allShards, retire: true });
    const next = new Bench(bench, 2);
    await next.renew();
    await next.turns(turnOf(run, 3));
    await bench.advance(5 * minute);
    expect(await due(next)).toEqual(['t']);
  });

  it('promise 4: a timer with the same id takes the old one’s place', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await bench.turns(turnOf(run, 1, { setTimers: [timer('t', minute)] }));
    await bench.turns(turnOf(run, 2, { setTimers: [timer('t', hour, 2)] }));
    await bench.advance(2 * minute);
    expect(await due(bench)).toEqual([]);
    const rows = await bench.store.timers({ shards: [1], horizonMs: 2 * hour, limit: 9 });
    expect(rows).toMatchObject([{ timerId: 't', generation: 2 }]);
  });

  it('promise 4: cleared and set in one turn, a timer is set', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await bench.turns(turnOf(run, 1, { setTimers: [timer('a', minute), timer('b', minute)] }));
    await bench.turns(
      turnOf(run, 2, { clearTimers: ['a', 'b', 'none'], setTimers: [timer('a', minute, 2)] }),
    );
    expect(await due(bench, hour)).toEqual(['a']);
  });

  it('promise 4: two runs may have timers with one id', async () => {
    const bench = await begin(open);
    const [a, b] = await Promise.all([bench.started(1), bench.started(2)]);
    const setTimers = [timer('t', minute)];
    await bench.turns(turnOf(a, 1, { setTimers }), turnOf(b, 1, { setTimers }));
    await bench.turns(turnOf(a, 2, { clearTimers: ['t'] }));
    const rows = await bench.store.timers({ shards: allShards, horizonMs: hour, limit: 9 });
    expect(rows.map((row) => row.runId)).toEqual([b.runId]);
  });

  it('promise 7: an ended run leaves no timer, not even one of its last turn', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await bench.turns(turnOf(run, 1, { setTimers: [timer('a', minute)] }));
    await bench.turns(endOf(run, 2, { setTimers: [timer('b', minute)] }));
    expect(await due(bench, hour)).toEqual([]);
  });

  const release = (bench: Bench, shards = allShards, limit = 99) =>
    bench.store.releaseDelayed({ shards, limit });

  it('promise 4: a delayed message enters its channel when its delay is over', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await bench.turns(turnOf(run, 1, { subscribe: [waiting('s', [{ channel: 'news' }])] }));
    const late = message('news', 'late', { delayMs: 10 * minute, shard: 3, runId: run.runId });
    expect(await bench.publish(late, message('news', 'now'))).toHaveLength(1);
    expect(await bench.numbers('news')).toEqual([1]);
    const takenInbox = (await bench.inbox(run)).map((row) => row.seq);
    await bench.turns(turnOf(run, 2, { takenInbox }));
    const early = await release(bench);
    expect(early.wakes).toEqual([]);
    expect(early.nextDueInMs).toBeGreaterThan(9 * minute);
    expect(early.nextDueInMs).toBeLessThanOrEqual(10 * minute);
    await bench.advance(11 * minute);
    expect(await bench.numbers('news')).toEqual([1]);
    expect(await release(bench, [1, 2])).toEqual({ wakes: [], nextDueInMs: null });
    const released = await release(bench);
    expect(runIds(released.wakes)).toEqual([run.runId]);
    expect(released.nextDueInMs).toBeNull();
    expect((await bench.read('news')).messages).toMatchObject([
      { seq: 1, messageId: 'now' },
      { seq: 2, messageId: 'late', payload: { id: 'late' }, runId: run.runId },
    ]);
    expect(await release(bench)).toEqual({ wakes: [], nextDueInMs: null });
  });

  it('delayed messages that are stepped over stay where they are', async () => {
    const bench = await begin(open);
    await bench.publish(
      message('news', 'a', { delayMs: minute, shard: 5 }),
      message('news', 'b', { delayMs: 2 * minute }),
      message('news', 'c', { delayMs: 3 * minute }),
      message('news', 'd', { delayMs: 60 * minute, shard: 2 }),
    );
    await bench.advance(10 * minute);
    const at = { shards: allShards, limit: 1 };
    const first = await bench.store.releaseDelayed({ ...at, skip: 1 });
    expect(first.nextDueInMs).toBeLessThanOrEqual(0);
    const second = await bench.store.releaseDelayed({ ...at, skip: 1 });
    expect(second.nextDueInMs).toBeGreaterThan(45 * minute);
    const ids = async () => (await bench.read('news')).messages.map(({ messageId }) => messageId);
    expect(await ids()).toEqual(['b', 'c']);
    const third = await bench.store.releaseDelayed({ ...at, skip: 1 });
    expect(third.nextDueInMs).toBeGreaterThan(45 * minute);
    expect((await bench.store.releaseDelayed({ ...at, skip: 2 })).nextDueInMs).toBeNull();
    await release(bench);
    expect(await ids()).toEqual(['b', 'c', 'a']);
  });

  it('promise 2: delayed messages are numbered in the order of their deadlines', async () => {
    const bench = await begin(open);
    await bench.publish(
      message('news', 'c', { delayMs: 3 * minute }),
      message('news', 'a', { delayMs: minute, shard: 5 }),
      message('news', 'b', { delayMs: 2 * minute }),
    );
    await bench.advance(hour);
    const first = await release(bench, allShards, 1);
    expect(first.nextDueInMs).toBeLessThanOrEqual(0);
    await release(bench);
    const { messages } = await bench.read('news');
    expect(messages.map((row) => [row.seq, row.messageId])).toEqual([
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
    ]);
    expect(await bench.store.audit(oneTenant(tenant))).toMatchObject({
      messages: 3,
      channelGaps: 0,
    });
  });

  it('promise 2: two who release at once release each message once', async () => {
    const bench = await begin(open);
    const delayed = Array.from({ length: 10 }, (_, n) =>
      message('news', `m${n}`, { delayMs: minute }),
    );
    await bench.publish(...delayed);
    await bench.advance(hour);
    await Promise.all([release(bench), release(bench), release(bench)]);
    expect(await bench.numbers('news')).toEqual(delayed.map((_, i) => i + 1));
  });

  it('promise 1: a delayed message of a turn that fails never comes', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    const messages = [message('news', 'never', { delayMs: minute })];
    await bench.commit({ turns: [turnOf(run, 8, { messages })] });
    await bench.advance(hour);
    expect(await release(bench)).toEqual({ wakes: [], nextDueInMs: null });
  });
}
