/** What an operator sees of the whole: replicas with their shards, and the history of what was going on. */
import { expect } from 'vitest';
import type { ActivityRow } from '../../../src/store/ports/operations-port.ts';
import {
  begin,
  Bench,
  endOf,
  hour,
  minute,
  newRun,
  slot,
  tenant,
  type Contract,
} from './fixture.ts';

const [fine, coarse] = [5_000, 60_000];
const day = 24 * hour;

const note = (bench: Bench, of: { readonly epoch?: number } = {}) =>
  bench.store.noteActivity({
    replicaId: bench.replicaId,
    epoch: of.epoch ?? bench.epochs.get(0) ?? 0,
  });

const history = (bench: Bench, keptStepMs = fine, stepMs = keptStepMs) =>
  bench.store.activityHistory({
    fromMs: 0,
    toMs: 8_000_000_000_000,
    keptStepMs,
    stepMs,
    limit: 1_000,
  });

/** Two calls in a row may stand on both sides of the end of a step: then the next two do not. */
async function inOneStep<Result>(work: () => Promise<Result>): Promise<Result> {
  for (;;) {
    const before = Math.floor(Date.now() / fine);
    const result = await work();
    if (Math.floor(Date.now() / fine) === before) return result;
  }
}

const startedOf = (user: string, count: number, from: number) =>
  Array.from({ length: count }, (_, i) => newRun(from + i, { user }));

export function wholeContract({ open, it }: Contract): void {
  it('replicas are told with their shards, and shards that no live one holds', async () => {
    const bench = await begin(open);
    const other = new Bench(bench, 2);
    const address = 'http://10.0.0.2:7070';
    await other.store.renew({ replicaId: other.replicaId, leaseMs: minute, address });
    await bench.store.release({ replicaId: bench.replicaId, shards: [3, 4], retire: false });
    const beat = (of: Bench) =>
      of.store.renew({ replicaId: of.replicaId, leaseMs: minute, address: null });
    const { replicas, shardsWithoutOwner } = await bench.store.replicas(bench.replicaId);
    const told = new Map(replicas.map((one) => [one.replicaId, one]));
    expect(told.size).toBe(2);
    const release = expect.any(Number) as number;
    expect(told.get(other.replicaId)).toMatchObject({ address, release, isLive: true, shards: [] });
    const mine = told.get(bench.replicaId);
    expect(mine).toMatchObject({ address: null, isLive: true });
    expect(mine?.shards).toHaveLength(30);
    expect(mine?.heartbeatAgoMs).toBeLessThan(minute);
    expect(shardsWithoutOwner).toEqual([3, 4]);
    await bench.advance(2 * minute);
    const later = await bench.store.replicas(bench.replicaId);
    expect(later.replicas.map(({ replicaId, isLive }) => [replicaId, isLive])).toEqual([
      [bench.replicaId, true],
      [other.replicaId, false],
    ]);
    await beat(bench);
    await beat(other);
    const lives = async () =>
      (await bench.store.replicas(bench.replicaId)).replicas.map(({ isLive }) => isLive);
    expect(await lives()).toEqual([true, true]);
    // One that was killed is not live any more, though its lease has yet to end; its sessions are gone.
    await bench.endSessions();
    await beat(bench);
    await bench.advance(minute / 2);
    expect(await lives()).toEqual([true, false]);
    await bench.advance(day);
    const gone = await other.store.replicas(other.replicaId);
    expect(gone.replicas.map(({ isLive }) => isLive)).toEqual([false, false]);
    expect(gone.shardsWithoutOwner).toHaveLength(32);
  });

  it('activity counts open runs by status, and by the users with the most', async () => {
    const bench = await begin(open);
    const many = startedOf('ann', 3, 1);
    const others = Array.from({ length: 60 }, (_, i) => newRun(100 + i, { user: `user-${i}` }));
    const ended = await bench.started(500, { user: 'gone' });
    await bench.turns(endOf(ended, 1));
    await bench.commit({ arrivals: { starts: [...many, ...others] } });
    const call = {
      tenant,
      runId: many[0]!.runId,
      shard: many[0]!.shard,
      invocationId: 'a',
      incarnation: 1,
      attempt: 1,
    };
    await bench.commit({ slots: [slot(0, { status: 'calling', call }), slot(1)] });
    expect(await note(bench)).toMatchObject({ counted: { queued: 63 } });
    const [row] = await history(bench);
    expect(row).toMatchObject({ statuses: { queued: 63 }, inSlots: 1, isWhole: true });
    expect(row?.users).toHaveLength(50);
    expect(row?.users[0]).toEqual({ tenant, user: 'ann', statuses: { queued: 3 } });
    expect(row?.rest).toEqual({ users: 11, statuses: { queued: 11 } });
    expect(row?.atMs).toSatisfy((ms: number) => ms % fine === 0);
    const [byMinute] = await history(bench, coarse);
    expect(byMinute).toEqual({ ...row, atMs: Math.floor(row!.atMs / coarse) * coarse });
  });

  it('a step is counted once, whoever holds shard 0 in it, and by nobody who does not', async () => {
    const bench = await begin(open);
    const next = new Bench(bench, 2);
    expect(await note(next, { epoch: bench.epochs.get(0)! })).toMatchObject({ counted: null });
    expect(await note(bench, { epoch: 99 })).toMatchObject({ counted: null });
    expect(await history(bench)).toEqual([]);
    const noted = await inOneStep(async () => [
      (await note(bench)).counted,
      (await note(bench)).counted,
    ]);
    expect(noted[1]).toBe(null);
    const before = (await history(bench)).length;
    // The next holder of shard 0 goes on in the step in which the last one was.
    await bench.store.release({ replicaId: bench.replicaId, shards: [0], retire: true });
    await next.renew();
    const taken = await inOneStep(async () => {
      const first = await note(next);
      return [first.counted, (await note(next)).counted, (await note(bench)).counted];
    });
    expect(taken.slice(1)).toEqual([null, null]);
    const rows = await history(bench);
    const times = rows.map(({ atMs }: ActivityRow) => atMs);
    expect(new Set(times).size).toBe(times.length);
    expect(rows.length).toBeLessThanOrEqual(before + 2);
    const { nextInMs } = await note(next);
    expect(nextInMs).toBeGreaterThan(0);
    expect(nextInMs).toBeLessThanOrEqual(fine);
  });

  it('a part of the history has its first instant, and not its last', async () => {
    const bench = await begin(open);
    await note(bench);
    const [{ atMs } = { atMs: 0 }] = await history(bench);
    const of = async (fromMs: number, toMs: number) => {
      const asked = { fromMs, toMs, keptStepMs: fine, stepMs: fine, limit: 9 };
      return (await bench.store.activityHistory(asked)).map((row) => row.atMs);
    };
    expect(await of(atMs, atMs + 1)).toEqual([atMs]);
    expect(await of(atMs - 1, atMs)).toEqual([]);
    expect(await of(atMs + 1, atMs + 2)).toEqual([]);
  });

  it('is kept for an hour by steps of 5 s, and for a week by minutes', async () => {
    const bench = await begin(open);
    for (let n = 0; n < 3; n++) {
      expect((await note(bench)).counted).not.toBe(null);
      await bench.advance(minute);
      await bench.renew();
    }
    expect([(await history(bench)).length, (await history(bench, coarse)).length]).toEqual([3, 3]);
    // One for each two hours: the first of them.
    expect((await history(bench, coarse, 2 * hour)).length).toBeLessThan(3);
    await bench.advance(2 * hour);
    await bench.renew();
    await note(bench);
    expect([(await history(bench)).length, (await history(bench, coarse)).length]).toEqual([1, 4]);
    await bench.advance(8 * day);
    await bench.renew();
    await note(bench);
    expect([(await history(bench)).length, (await history(bench, coarse)).length]).toEqual([1, 1]);
  });
}
