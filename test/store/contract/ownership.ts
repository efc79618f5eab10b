/** Ownership: leases by the store's clock, epochs, fair shares. */
import { expect } from 'vitest';
import { asRunId } from '../../../src/domain/ids.ts';
import type { Hint, Renewal } from '../../../src/store/port.ts';
import {
  allShards,
  begin,
  Bench,
  endOf,
  hour,
  message,
  minute,
  runIds,
  turnOf,
  type Contract,
} from './fixture.ts';

export function ownershipContract(contract: Contract): void {
  earlyTakeoverContract(contract);
  const { open, it } = contract;
  it('promise 6: one replica alone owns all shards, and keeps its epochs', async () => {
    const bench = new Bench(await open(), 1);
    const first = await bench.renew();
    expect(first.shards.map((grant) => grant.shard)).toEqual(allShards);
    expect(first.shards.every((grant) => grant.epoch >= 1)).toBe(true);
    expect(first).toMatchObject({ liveReplicas: 1, surplus: [] });
    expect(await bench.renew()).toEqual(first);
  });

  it('promise 6: a second replica takes nothing from one that lives', async () => {
    const bench = await begin(open);
    const other = new Bench(bench, 2);
    expect(await other.renew()).toMatchObject({ shards: [], liveReplicas: 2, surplus: [] });
    const renewal = await bench.renew();
    expect(renewal.shards).toHaveLength(32);
    expect(renewal).toMatchObject({ liveReplicas: 2 });
    expect(renewal.surplus).toHaveLength(16);
  });

  it('promise 6: what is given back is claimed at the next epoch', async () => {
    const bench = await begin(open);
    const other = new Bench(bench, 2);
    await other.renew();
    const { surplus } = await bench.renew();
    await bench.store.release({ replicaId: bench.replicaId, shards: surplus, retire: false });
    const { shards } = await other.renew();
    expect(shards.map((grant) => grant.shard)).toEqual([...surplus].sort((a, b) => a - b));
    for (const { shard, epoch } of shards) expect(epoch).toBe((bench.epochs.get(shard) ?? 0) + 1);
    const left = await bench.renew();
    expect(left.shards).toHaveLength(16);
    expect(left.surplus).toEqual([]);
  });

  it('promise 3: says once of which shards the last owner had not given back', async () => {
    const bench = await begin(open);
    const other = new Bench(bench, 2);
    await other.renew();
    const { surplus } = await bench.renew(minute);
    await bench.store.release({ replicaId: bench.replicaId, shards: surplus, retire: false });
    const orphans = ({ shards }: Renewal): number[] =>
      shards.flatMap(({ shard, orphaned }) => (orphaned === true ? [shard] : []));
    expect(orphans(await other.renew(hour))).toEqual([]);
    await bench.advance(2 * minute);
    const left = allShards.filter((shard) => !surplus.includes(shard));
    expect(orphans(await other.renew(hour))).toEqual(left);
    expect(orphans(await other.renew(hour))).toEqual([]);
    await bench.renew(minute);
    const { surplus: back } = await other.renew(hour);
    await other.store.release({ replicaId: other.replicaId, shards: allShards, retire: true });
    const again = await bench.renew(minute);
    expect(back.length).toBe(16);
    expect(again.shards).toHaveLength(32);
    expect(orphans(again)).toEqual([]);
  });

  it('promise 6: who gave a shard back commits nothing on it', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await bench.store.release({ replicaId: bench.replicaId, shards: [1], retire: false });
    expect((await bench.commit({ turns: [endOf(run, 1)] })).turns).toEqual([{ kind: 'fenced' }]);
  });

  it('promise 6: nobody gives back what another owns', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    const other = new Bench(bench, 2);
    await other.store.release({ replicaId: other.replicaId, shards: allShards, retire: true });
    await bench.turns(turnOf(run, 1));
  });

  it('promise 6: a lease that ended costs the shards only when another claims them', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await bench.renew(minute);
    await bench.advance(2 * minute);
    await bench.turns(turnOf(run, 1));
    const before = bench.epochs;
    await bench.renew(minute);
    expect(bench.epochs).toEqual(before);
  });

  it('promise 6: the successor of a dead replica fences it', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await bench.renew(minute);
    await bench.advance(2 * minute);
    const next = new Bench(bench, 2);
    const renewal = await next.renew();
    expect(renewal).toMatchObject({ liveReplicas: 1, surplus: [] });
    expect(renewal.shards).toHaveLength(32);
    for (const { shard, epoch } of renewal.shards) {
      expect(epoch).toBe((bench.epochs.get(shard) ?? 0) + 1);
    }
    const late = turnOf(run, 1, { messages: [message('news', 'late')] });
    expect((await bench.commit({ turns: [late] })).turns).toEqual([{ kind: 'fenced' }]);
    expect(await bench.numbers('news')).toEqual([]);
    await next.turns(endOf(run, 1));
    expect(await bench.renew()).toMatchObject({ shards: [], liveReplicas: 2 });
  });

  it('promise 6: in one batch a lost shard is fenced and a kept one is not', async () => {
    const bench = await begin(open);
    const [lost, kept] = await Promise.all([bench.started(1), bench.started(2)]);
    await bench.store.release({ replicaId: bench.replicaId, shards: [1], retire: false });
    const outcome = await bench.commit({ turns: [turnOf(lost, 1), turnOf(kept, 1)] });
    expect(outcome.turns).toEqual([{ kind: 'fenced' }, { kind: 'committed' }]);
  });

  it('promise 6: a retired replica’s shards are free at once', async () => {
    const bench = await begin(open);
    await bench.store.release({ replicaId: bench.replicaId, shards: [0, 1], retire: true });
    const next = new Bench(bench, 2);
    const renewal = await next.renew();
    expect(renewal).toMatchObject({ liveReplicas: 1 });
    expect(renewal.shards).toHaveLength(32);
  });

  it('promise 6: three that claim at once share without overlap', async () => {
    const harness = await open();
    const replicas = [1, 2, 3].map((n) => new Bench(harness, n));
    await Promise.all(replicas.map((replica) => replica.renew()));
    for (let round = 0; round < 3; round++) {
      for (const replica of replicas) {
        const { surplus } = await replica.renew();
        const { replicaId } = replica;
        await harness.store.release({ replicaId, shards: surplus, retire: false });
      }
    }
    const held = await Promise.all(replicas.map((replica) => replica.renew()));
    const shards = held.flatMap((renewal) => renewal.shards.map((grant) => grant.shard));
    expect(shards.sort((a, b) => a - b)).toEqual(allShards);
    expect(held.map((renewal) => renewal.shards.length).sort((a, b) => a - b)).toEqual([
      10, 11, 11,
    ]);
    expect(held.every((renewal) => renewal.liveReplicas === 3)).toBe(true);
  });

  it('promise 6: open runs of a shard are found by their states', async () => {
    const bench = await begin(open);
    const runs = await Promise.all([1, 2, 3, 4].map((n) => bench.started(n, { shard: n % 2 })));
    const [a, b, c, d] = runs as [never, never, never, never];
    await bench.turns(
      turnOf(a, 1, { status: 'calling-provider' }),
      turnOf(b, 1, { status: 'running-task' }),
      turnOf(c, 1, { status: 'waiting-on-timer' }),
      endOf(d, 1),
    );
    const query = {
      shards: [0, 1],
      statuses: ['calling-provider', 'running-task'] as const,
      afterRunId: null,
      limit: 9,
    };
    const found = await bench.store.open(query);
    expect(found.map((row) => row.runId)).toEqual(runIds([a, b]));
    expect(found[0]).toEqual({ ...(await bench.load(a)).run, hasInbox: false });
    expect(await bench.store.open({ ...query, shards: [0] })).toHaveLength(1);
    const [first] = await bench.store.open({ ...query, limit: 1 });
    const rest = await bench.store.open({ ...query, afterRunId: first?.runId ?? null });
    expect(runIds([...(first === undefined ? [] : [first]), ...rest])).toEqual(runIds([a, b]));
  });

  it('promise 6: who gives shards back says so', async () => {
    const bench = await begin(open);
    let tell = () => {};
    const told = new Promise<void>((resolve) => (tell = resolve));
    const listener = await bench.store.listen((hint) => {
      if (hint.kind === 'ownership') tell();
    });
    await bench.store.release({ replicaId: bench.replicaId, shards: [1], retire: false });
    await told;
    expect((await new Bench(bench, 2).renew()).shards).toMatchObject([{ shard: 1 }]);
    await listener.close();
  });

  it('promise 5: hints reach who listens, until it stops', async () => {
    const bench = await begin(open);
    const heard: number[] = [];
    let wake = () => {};
    const listener = await bench.store.listen((hint) => {
      heard.push(...(hint.kind === 'work' ? hint.shards : []));
      wake();
    });
    const next = new Promise<void>((resolve) => (wake = resolve));
    await bench.store.notify([{ kind: 'work', shards: [3, 7] }]);
    await next;
    while (heard.length < 2) await new Promise<void>((resolve) => (wake = resolve));
    expect(heard.sort((a, b) => a - b)).toEqual([3, 7]);
    await listener.close();
    await bench.store.notify([{ kind: 'work', shards: [9] }]);
    await bench.store.renew({ replicaId: bench.replicaId, leaseMs: hour });
    expect(heard).not.toContain(9);
  });

  it('hints about runs reach who listens, however many they are', async () => {
    const bench = await begin(open);
    const heard: Hint[] = [];
    let wake = () => {};
    const listener = await bench.store.listen((hint) => {
      heard.push(hint);
      wake();
    });
    const many = Array.from({ length: 450 }, (_, n) =>
      asRunId(`00000000-0000-7000-8000-${String(n).padStart(12, '0')}`),
    );
    const ids = many.slice(0, 2);
    await bench.store.notify([
      { kind: 'work', shards: [5] },
      { kind: 'wanted', runIds: many },
      { kind: 'ended', runIds: ids },
    ]);
    while (!heard.some(({ kind }) => kind === 'ended')) {
      await new Promise<void>((resolve) => (wake = resolve));
    }
    const ofRuns = (asked: Hint['kind']) =>
      heard.flatMap((hint) => (hint.kind === asked && 'runIds' in hint ? hint.runIds : []));
    expect(ofRuns('wanted')).toEqual(many);
    expect(ofRuns('ended')).toEqual(ids);
    expect(heard.filter(({ kind }) => kind === 'work')).toEqual([{ kind: 'work', shards: [5] }]);
    await listener.close();
  });
}

/** A lease of a minute has a grace of twenty seconds. */
const second = 1_000;

function earlyTakeoverContract({ open, it }: Contract): void {
  it('promise 6: a killed replica is followed after a grace, long before its lease ends', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await bench.renew(minute);
    await bench.endSessions();
    const next = new Bench(bench, 2);
    const early = await next.renew();
    expect(early).toMatchObject({ shards: [], liveReplicas: 2 });
    expect(early.nextEndInMs).toBeGreaterThan(15 * second);
    expect(early.nextEndInMs).toBeLessThanOrEqual(20 * second);
    await bench.advance(15 * second);
    expect((await next.renew()).shards).toEqual([]);
    await bench.advance(6 * second);
    const renewal = await next.renew();
    expect(renewal).toMatchObject({ liveReplicas: 1, nextEndInMs: null });
    for (const { shard, epoch } of renewal.shards) {
      expect(epoch).toBe((bench.epochs.get(shard) ?? 0) + 1);
    }
    expect(renewal.shards).toHaveLength(32);
    // Its own session is young, but no reason to count the dead one again.
    expect(await next.renew()).toMatchObject({ liveReplicas: 1, surplus: [] });
    // Only the fence makes it safe: whoever was taken for dead may live.
    expect((await bench.commit({ turns: [endOf(run, 1)] })).turns).toEqual([{ kind: 'fenced' }]);
  });

  it('promise 6: a process that is started after the grace takes all at once, and keeps it', async () => {
    const bench = await begin(open);
    await bench.renew(minute);
    await bench.endSessions();
    await bench.advance(21 * second);
    const next = new Bench(bench, 2);
    expect(await next.renew()).toMatchObject({ liveReplicas: 1, surplus: [] });
    const again = await next.renew();
    expect(again).toMatchObject({ liveReplicas: 1, surplus: [] });
    expect(again.shards).toHaveLength(32);
  });

  it('promise 6: who beats again over a new connection within the grace loses nothing', async () => {
    const bench = await begin(open);
    await bench.renew(minute);
    const before = bench.epochs;
    await bench.endSessions();
    await bench.advance(15 * second);
    await bench.renew(minute);
    await bench.advance(30 * second);
    expect((await new Bench(bench, 2).renew()).shards).toEqual([]);
    await bench.renew(minute);
    expect(bench.epochs).toEqual(before);
  });

  it('promise 6: who has a session keeps its shards until its lease ends, however silent', async () => {
    const bench = await begin(open);
    await bench.renew(minute);
    const next = new Bench(bench, 2);
    await bench.advance(59 * second);
    const renewal = await next.renew();
    expect(renewal.shards).toEqual([]);
    expect(renewal.nextEndInMs).toBeLessThanOrEqual(second);
    await bench.advance(2 * second);
    expect((await next.renew()).shards).toHaveLength(32);
  });

  it('promise 6: an outage that ended all sessions gives each owner the grace from its end', async () => {
    const bench = await begin(open);
    const other = new Bench(bench, 2);
    await other.renew(minute);
    const { surplus } = await bench.renew(minute);
    await bench.store.release({ replicaId: bench.replicaId, shards: surplus, retire: false });
    expect((await other.renew(minute)).shards).toHaveLength(16);
    await bench.endSessions();
    await bench.advance(30 * second);
    expect((await bench.renew(minute)).shards).toHaveLength(16);
    expect((await other.renew(minute)).shards).toHaveLength(16);
    await bench.endSessions();
    await bench.advance(30 * second);
    expect((await bench.renew(minute)).shards).toHaveLength(16);
    await bench.advance(21 * second);
    expect((await bench.renew(minute)).shards).toHaveLength(32);
  });
}
