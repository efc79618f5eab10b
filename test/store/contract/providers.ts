/** Gates of providers: what every replica and every restart finds of them. */
import { expect } from 'vitest';
import type { GateOrder } from '../../../src/domain/calls/gate-order.ts';
import type { ProviderWrite } from '../../../src/store/batch.ts';
import {
  begin,
  Bench,
  hour,
  minute,
  replicaId,
  runId,
  slot,
  tenant,
  type Contract,
} from './fixture.ts';

const gate = (name: string, parts: Partial<ProviderWrite> = {}): ProviderWrite => ({
  gate: name,
  status: 'open',
  coolForMs: 0,
  probeInMs: 0,
  failedProbes: 0,
  limit: 120,
  ceiling: 200,
  sharesCeilingWith: [],
  lastFault: null,
  ...parts,
});

/** No replica has told of a line, and nobody has given an order. */
const unseen = { line: { length: 0, agoMs: expect.any(Number) as number }, lastOrder: null };

const reopen: GateOrder = { kind: 'reopen', endsCooling: false, by: 'ann' };

export function providersContract({ open, it }: Contract): void {
  it('promise 8: a gate that cools is found cooling, by the clock of the database', async () => {
    const bench = await begin(open);
    expect(await bench.store.providers()).toEqual([]);
    const cooling = gate('b', {
      status: 'cooling',
      coolForMs: hour,
      sharesCeilingWith: ['b', 'c'],
    });
    await bench.commit({ providers: [cooling, gate('a/small', { limit: 7 })] });
    const [first, second] = await bench.store.providers();
    expect(first).toEqual({
      ...gate('a/small', { limit: 7 }),
      ...unseen,
      inUse: 0,
      rateLimited: 0,
    });
    expect(second).toMatchObject({ ...cooling, coolForMs: expect.any(Number) as number, inUse: 0 });
    expect(second?.coolForMs).toBeLessThanOrEqual(hour);
    expect(second?.coolForMs).toBeGreaterThan(hour - minute);
  });

  it('promise 8: the last replica to write of a gate is believed', async () => {
    const bench = await begin(open);
    const next = new Bench(bench, 2);
    await bench.commit({ providers: [gate('a', { status: 'cooling', coolForMs: hour })] });
    const stalled = gate('a', { status: 'stalled', probeInMs: minute, failedProbes: 3, limit: 60 });
    await next.commit({ providers: [gate('a', { limit: 1 }), stalled] });
    expect(await bench.store.providers()).toMatchObject([
      { gate: 'a', status: 'stalled', coolForMs: 0, failedProbes: 3, limit: 60 },
    ]);
  });

  it('the last fault of a gate is kept, with its age, until a later one', async () => {
    const bench = await begin(open);
    const lastFault = { text: 'HTTP 502 at http://host/v1/messages', agoMs: 5_000 };
    await bench.commit({ providers: [gate('a', { status: 'stalled', lastFault }), gate('b')] });
    const [a, b] = await bench.store.providers();
    expect([a?.lastFault?.text, b?.lastFault]).toEqual([lastFault.text, null]);
    expect(a?.lastFault?.agoMs).toBeGreaterThanOrEqual(5_000);
    expect(a?.lastFault?.agoMs).toBeLessThan(minute);
    await bench.commit({ providers: [gate('a', { lastFault: { text: 'later', agoMs: 0 } })] });
    expect((await bench.store.providers())[0]?.lastFault?.text).toBe('later');
  });

  it('calls in slots are counted at their gate', async () => {
    const bench = await begin(open);
    const call = {
      tenant,
      runId: runId(1),
      shard: 1,
      invocationId: 'g',
      incarnation: 1,
      attempt: 1,
    };
    const slots = [slot(0, { status: 'calling', call, calls: 1 }), slot(1)];
    await bench.commit({ slots, providers: [gate('stub'), gate('other')] });
    const rows = await bench.store.providers();
    expect(rows.map(({ gate: name, inUse }) => [name, inUse])).toEqual([
      ['other', 0],
      ['stub', 1],
    ]);
  });

  it('a gate has the 429s of all its slots in all', async () => {
    const bench = await begin(open);
    await bench.commit({
      slots: [slot(0, { rateLimited: 2 })],
      providers: [gate('stub'), gate('x')],
    });
    await bench.commit({ slots: [slot(0, { rateLimited: 1 }), slot(1, { rateLimited: 4 })] });
    const rows = await bench.store.providers();
    expect(rows.map(({ gate: name, rateLimited }) => [name, rateLimited])).toEqual([
      ['stub', 7],
      ['x', 0],
    ]);
  });

  it('an order stands on each gate of the provider, with a number that grows, and is hinted', async () => {
    const bench = await begin(open);
    const { store } = bench;
    const lastFault = { text: 'no key', agoMs: 0 };
    await bench.commit({
      providers: [
        gate('a', { status: 'parked', lastFault }),
        gate('a/big', { status: 'stalled', probeInMs: hour, failedProbes: 3 }),
        gate('ab', { status: 'parked' }),
      ],
    });
    const heard: string[] = [];
    const listening = await store.listen(({ kind }) => heard.push(kind));
    expect(await store.gateOrders()).toEqual([]);
    expect(await store.orderGates('nobody', reopen)).toEqual([]);
    heard.length = 0;
    expect(await store.orderGates('a', reopen)).toEqual(['a', 'a/big']);
    await expect.poll(() => heard, { timeout: 20_000 }).toContain('gates');
    await listening.close();
    expect(await store.gateOrders()).toMatchObject([
      { gate: 'a', number: 1, ...reopen },
      { gate: 'a/big', number: 1, ...reopen },
    ]);
    const [a, big, ab] = await store.providers();
    expect(a).toMatchObject({ status: 'open', lastFault: { text: 'no key' } });
    expect(a?.lastOrder).toEqual({
      kind: 'reopen',
      by: 'ann',
      agoMs: expect.any(Number) as number,
    });
    expect(big).toMatchObject({ status: 'open', probeInMs: 0, failedProbes: 0 });
    expect(ab).toMatchObject({ status: 'parked', lastOrder: null });
    // What a replica writes of the gate afterwards leaves the order where it is.
    await bench.commit({ providers: [gate('a', { status: 'parked' })] });
    expect(await store.orderGates('a', { ...reopen, by: 'ben' })).toEqual(['a', 'a/big']);
    expect(await store.gateOrders()).toMatchObject([
      { gate: 'a', number: 2, by: 'ben' },
      { gate: 'a/big', number: 2, by: 'ben' },
    ]);
  });

  it('promise 8: an order ends no cooling unless it says so, and a probe leaves what is open', async () => {
    const bench = await begin(open);
    const { store } = bench;
    const all = [
      gate('cooling', { status: 'cooling', coolForMs: hour }),
      gate('open'),
      gate('parked', { status: 'parked', coolForMs: hour }),
      gate('stalled', { status: 'stalled', probeInMs: hour, failedProbes: 2 }),
    ];
    await bench.commit({ providers: all });
    const statuses = async () => (await store.providers()).map(({ status }) => status);
    for (const { gate: name } of all) await store.orderGates(name, { ...reopen, kind: 'probe' });
    expect(await statuses()).toEqual(['cooling', 'open', 'stalled', 'stalled']);
    expect((await store.providers())[3]).toMatchObject({ probeInMs: 0, failedProbes: 2 });
    await bench.commit({ providers: all });
    for (const { gate: name } of all) await store.orderGates(name, reopen);
    expect(await statuses()).toEqual(['cooling', 'open', 'cooling', 'open']);
    expect((await store.providers())[0]?.coolForMs).toBeGreaterThan(hour - minute);
    for (const { gate: name } of all)
      await store.orderGates(name, { ...reopen, endsCooling: true });
    expect(await statuses()).toEqual(['open', 'open', 'open', 'open']);
    expect((await store.providers())[0]?.coolForMs).toBe(0);
  });

  it('the line of a gate is what live replicas have told with their heartbeats', async () => {
    const bench = await begin(open);
    const { store } = bench;
    await bench.commit({ providers: [gate('a'), gate('b')] });
    await store.renew({ replicaId: replicaId(1), leaseMs: hour, lines: { a: 3, b: 1 } });
    await store.renew({ replicaId: replicaId(2), leaseMs: minute, lines: { a: 4 } });
    const lengths = async () => (await store.providers()).map(({ line }) => line.length);
    expect(await lengths()).toEqual([7, 1]);
    await store.renew({ replicaId: replicaId(1), leaseMs: hour });
    expect(await lengths()).toEqual([4, 0]);
    await bench.advance(2 * minute);
    expect(await lengths()).toEqual([0, 0]);
  });
}
