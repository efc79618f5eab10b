/** Gates of providers: what every replica and every restart finds of them. */
import { expect } from 'vitest';
import type { ProviderWrite } from '../../../src/store/batch.ts';
import { begin, Bench, hour, minute, runId, slot, tenant, type Contract } from './fixture.ts';

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
    expect(first).toEqual({ ...gate('a/small', { limit: 7 }), inUse: 0 });
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
}
