/** Provider slots: which calls may have been made, by whom, and how many. */
import { expect } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import {
  allShards,
  begin,
  Bench,
  replicaId,
  runId,
  slot,
  tenant,
  turnOf,
  type Contract,
} from './fixture.ts';

const call = (n: number, attempt = 1) => ({
  tenant,
  runId: runId(n),
  shard: n % 32,
  invocationId: 'generate',
  incarnation: 1,
  attempt,
});

export function slotsContract(contract: Contract): void {
  fencedSlotsContract(contract);
  const { open, it } = contract;
  it('promise 3: a call is on record before it is sent, and whose', async () => {
    const bench = await begin(open);
    const slots = [
      slot(0, { status: 'calling', call: call(1), calls: 1 }),
      slot(1, { status: 'calling', call: call(2, 3), calls: 1, duplicates: 1 }),
      slot(2),
    ];
    await bench.commit({ slots });
    expect(await bench.store.slots([1])).toEqual([
      { provider: 'stub', replicaId: replicaId(1), slot: 0, status: 'calling', call: call(1) },
    ]);
    expect(await bench.store.slots([1, 2, 3])).toHaveLength(2);
    expect(await bench.store.slots([3])).toEqual([]);
    expect((await bench.store.audit(oneTenant(tenant))).slotsInUse).toBe(2);
  });

  it('promise 3: commits that overtake one another leave what was sealed last', async () => {
    const bench = await begin(open);
    const calling = { status: 'calling', call: call(1), calls: 1 } as const;
    await bench.commit({ slots: [slot(0, { ...calling, sealed: 7 })] });
    await bench.commit({ slots: [slot(0, { sealed: 6, calls: 2, rateLimited: 1 })] });
    expect(await bench.store.slots([1])).toMatchObject([{ status: 'calling', call: call(1) }]);
    expect(await bench.store.providerTotals()).toMatchObject([{ calls: 3, rateLimited: 1 }]);
    // An earlier owner's row is no part of that order, whoever empties it.
    await bench.commit({ slots: [slot(0, { sealed: -1 })] });
    expect(await bench.store.slots([1])).toEqual([]);
    await bench.commit({ slots: [slot(0, { ...calling, sealed: 6 })] });
    expect(await bench.store.slots([1])).toEqual([]);
    await bench.commit({ slots: [slot(0, { ...calling, sealed: 8 })] });
    expect(await bench.store.slots([1])).toHaveLength(1);
  });

  it('promise 3: a slot that is given back holds no call, and the counters add up', async () => {
    const bench = await begin(open);
    await bench.commit({ slots: [slot(0, { status: 'calling', call: call(1), calls: 1 })] });
    await bench.commit({ slots: [slot(0, { rateLimited: 2 })] });
    await bench.commit({
      slots: [
        slot(0, { replicaId: replicaId(2), calls: 4, duplicates: 1 }),
        slot(0, { provider: 'other', calls: 7 }),
      ],
    });
    expect(await bench.store.slots(allShards)).toEqual([]);
    const totals = [...(await bench.store.providerTotals())];
    expect(totals.sort((a, b) => (a.provider < b.provider ? -1 : 1))).toEqual([
      { provider: 'other', calls: 7, duplicates: 0, rateLimited: 0 },
      { provider: 'stub', calls: 5, duplicates: 1, rateLimited: 2 },
    ]);
    expect((await bench.store.audit(oneTenant(tenant))).slotsInUse).toBe(0);
  });

  it('promise 3: a successor sees and frees the slots of a dead replica', async () => {
    const bench = await begin(open);
    await bench.commit({ slots: [slot(0, { status: 'calling', call: call(1), calls: 1 })] });
    await bench.store.release({ replicaId: bench.replicaId, shards: [], retire: true });
    const next = new Bench(bench, 2);
    await next.renew();
    expect(await next.store.slots([1])).toMatchObject([{ replicaId: bench.replicaId, slot: 0 }]);
    await next.commit({ slots: [slot(0)] });
    expect(await next.store.slots([1])).toEqual([]);
  });
}

function fencedSlotsContract({ open, it }: Contract): void {
  const calling = (n: number, place: number) =>
    slot(place, { status: 'calling', call: call(n), calls: 1, rateLimited: 1 });

  it('promise 6: a call whose run is another’s comes into no slot, and its neighbours do', async () => {
    const bench = await begin(open);
    await bench.store.release({ replicaId: bench.replicaId, shards: [1], retire: false });
    const batch = bench.batch({ slots: [calling(1, 0), calling(2, 1)] });
    const said = [{ kind: 'fenced' }, { kind: 'committed' }];
    expect((await bench.send(batch)).slots).toEqual(said);
    expect((await bench.send(batch)).slots).toEqual(said);
    expect(await bench.store.slots([1, 2])).toMatchObject([{ slot: 1, call: call(2) }]);
    // It will not be made; but what the slot had met before has happened.
    expect(await bench.store.providerTotals()).toMatchObject([{ calls: 1, rateLimited: 2 }]);
  });

  it('promise 3: a late commit of a lost owner does not hide which calls were made', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await bench.commit({ slots: [calling(1, 0)] });
    await bench.store.release({ replicaId: bench.replicaId, shards: [1], retire: false });
    const late = { turns: [turnOf(run, 1)], slots: [slot(0, { rateLimited: 1 })] };
    expect(await bench.commit(late)).toMatchObject({ turns: [{ kind: 'fenced' }] });
    expect(await bench.store.slots([1])).toMatchObject([{ slot: 0, call: call(1) }]);
    expect(await bench.store.providerTotals()).toMatchObject([{ calls: 1, rateLimited: 2 }]);
    const next = new Bench(bench, 2);
    await next.renew();
    await next.commit({ slots: [slot(0)] });
    expect(await next.store.slots([1])).toEqual([]);
  });

  it('promise 3: who follows empties no slot that names another call by now', async () => {
    const bench = await begin(open);
    await bench.commit({ slots: [calling(1, 0)] });
    await bench.store.release({ replicaId: bench.replicaId, shards: [1], retire: false });
    const next = new Bench(bench, 2);
    await next.renew();
    await bench.commit({ slots: [calling(2, 0)] });
    await next.commit({ slots: [slot(0)] });
    expect(await bench.store.slots([1, 2])).toMatchObject([{ slot: 0, call: call(2) }]);
  });
}
