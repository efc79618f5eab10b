/** Orders of a person for a provider: given at one replica, carried out by each of them, on one real Postgres. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createToken } from '../../../src/access/tokens.ts';
import { createHeddle } from '../../../src/index.ts';
import { terminate, withClient } from '../../store/postgres/database.ts';
import { testDatabase } from '../../support/postgres.ts';
import { scriptedProvider } from '../../support/scripted-provider.ts';
import { served } from '../served.ts';

const url = await testDatabase();
const provider = () => scriptedProvider({ name: 'paid', ceiling: 4 });
const [ofA, ofB] = [provider(), provider()];
const log = { info: () => undefined, warn: () => undefined };
const a = await served(url, {}, { providers: [ofA], log });
const b = await served(url, {}, { providers: [ofB], log });
const both = [ofA, ofB];
const patience = { timeout: 30_000 };

const order = (how: string, body?: unknown, at = a) =>
  at.ask('POST', `/v1/providers/paid/${how}`, body);
const gateAt = async (at = b) => (await at.ask('GET', '/v1/providers')).body.providers[0];
const statusIn = ({ heddle }: typeof a) => heddle.runtime.stats().pool.providers[0]?.status;
const statuses = () => [a, b].map(statusIn);
const counts = () => both.map(({ calls }) => calls.length);

/** More calls come at both replicas than there were. */
async function moreThan(before: readonly number[]): Promise<void> {
  await expect
    .poll(() => counts().every((count, i) => count > (before[i] ?? 0)), patience)
    .toBe(true);
}

/** Ends all calls that are open so; later ones are left open. */
function failAll(kind: 'refused' | 'outage' | 'rate-limited', ms?: number): void {
  for (const { calls } of both) for (const call of calls) call.fail(kind, ms);
}

/** Calls are refused as they come, until each gate is parked: one replica may have none open just now. */
async function parkAll(): Promise<void> {
  const looked = (): unknown => {
    failAll('refused');
    return statuses();
  };
  await expect.poll(looked, patience).toEqual(['parked', 'parked']);
  await expect.poll(async () => (await gateAt()).status, patience).toBe('parked');
}

it('what is parked at every replica is reopened at every replica, and parks again while it is refused', async () => {
  const steps = [{ do: 'generate', with: { prompt: 'why?' } }];
  // Each in a pipeline of its own, so that both replicas have some.
  for (let n = 0; n < 40; n++) {
    await a.ask('POST', '/v1/runs', { agent: 'script', input: { steps } });
  }
  await moreThan([0, 0]);
  await parkAll();
  const before = counts();
  await sleep(1_500);
  expect(counts()).toEqual(before);
  expect(await order('reopen')).toMatchObject({ status: 202, body: { provider: 'paid' } });
  await moreThan(before);
  expect((await gateAt()).lastOrder).toMatchObject({ kind: 'reopen', by: expect.any(String) });
  await parkAll();
});

it('two clicks at once, at two replicas, open it once', async () => {
  expect(statuses()).toEqual(['parked', 'parked']);
  const before = counts();
  const clicks = await Promise.all([
    order('reopen'),
    order('reopen', undefined, b),
    order('reopen', null),
  ]);
  expect(clicks.map(({ status }) => status)).toEqual([202, 202, 202]);
  await moreThan(before);
  await expect.poll(statuses, patience).toEqual(['open', 'open']);
});

it('a cooling keeps its time, unless the order ends it', async () => {
  failAll('rate-limited', 600_000);
  await expect.poll(statuses, patience).toEqual(['cooling', 'cooling']);
  const before = counts();
  await order('reopen', {});
  await order('probe');
  await sleep(1_500);
  expect([statuses(), counts()]).toEqual([['cooling', 'cooling'], before]);
  await order('reopen', { endsCooling: true }, b);
  await moreThan(before);
});

it('a stalled provider is probed when a person says so, also where the word got lost', async () => {
  for (let round = 0; round < 10 && !statuses().every((status) => status === 'stalled'); round++) {
    failAll('outage');
    await sleep(500);
  }
  await expect.poll(statuses, patience).toEqual(['stalled', 'stalled']);
  for (const { calls } of both) for (const call of calls) call.fail('outage');
  // Every listener of this database loses its connection, and hears nothing of the order.
  await withClient(url, (client) => terminate(client, 'notify heddle%'));
  await order('reopen');
  await expect.poll(statuses, patience).toEqual(['open', 'open']);
});

it('a process that takes no shards and has no providers orders it too', async () => {
  await parkAll();
  const desk = await createHeddle({ databaseUrl: url, replica: false, log });
  const before = counts();
  await desk.reopenProvider('paid');
  await moreThan(before);
  expect((await desk.providers())[0]?.lastOrder).toMatchObject({ kind: 'reopen', by: 'library' });
  await expect(desk.probeProvider('nobody')).rejects.toMatchObject({ code: 'provider-unknown' });
  await desk.close();
});

it('the gate tells of the line, and who gave the last order', async () => {
  await expect.poll(async () => (await gateAt()).line.length, patience).toBeGreaterThan(10);
  const { line, inUse, limit } = await gateAt(a);
  expect(line.agoMs).toBeLessThan(30_000);
  expect(inUse).toBeLessThanOrEqual(limit);
  const { store } = a.heddle.runtime;
  const token = await createToken(store, { name: 'ann', scopes: ['admin'] });
  const headers = { authorization: `Bearer ${token}` };
  await a.ask('POST', '/v1/providers/paid/probe', undefined, headers);
  expect((await gateAt()).lastOrder).toMatchObject({
    kind: 'probe',
    by: expect.stringMatching(/ann/),
  });
});

it('the runs that have stood longest in line are told by both replicas, the longest first', async () => {
  const waits = async (at = a) => (await at.ask('GET', '/v1/providers/waits')).body;
  const of = await waits();
  expect(of).toMatchObject({ gates: [{ gate: 'paid' }], unknown: [] });
  const runs = of.gates[0].waits as { runId: string; waitedMs: number; agent: string }[];
  expect(runs).toHaveLength(8);
  expect(runs.map(({ waitedMs }) => waitedMs)).toEqual(
    runs.map(({ waitedMs }) => waitedMs).toSorted((x, y) => y - x),
  );
  expect(new Set(runs.map(({ agent }) => agent))).toEqual(new Set(['script']));
  // Each is asked a moment after the other: of those that waited about as long, one may be the eighth or the ninth.
  const idsAt = async (at: typeof a): Promise<string> =>
    (await waits(at)).gates[0].waits
      .map(({ runId }: { readonly runId: string }) => runId)
      .sort()
      .join();
  const areSame = async () => (await idsAt(a)) === (await idsAt(b));
  await expect.poll(areSame, patience).toBe(true);
  const { store } = a.heddle.runtime;
  const token = await createToken(store, { name: 'bob', scopes: ['read'], tenant: 'looms' });
  const headers = { authorization: `Bearer ${token}` };
  expect(await a.ask('GET', '/v1/providers/waits', undefined, headers)).toMatchObject({
    status: 403,
  });
});

it.each([
  ['/v1/providers/nobody/reopen', undefined, 404, 'provider-unknown'],
  ['/v1/providers/nobody/probe', undefined, 404, 'provider-unknown'],
  ['/v1/providers/%00/reopen', undefined, 400, 'invalid-field'],
  ['/v1/providers/paid/reopen', { endsCooling: 'yes' }, 400, 'body.endsCooling'],
  ['/v1/providers/paid/reopen', { by: 'ben' }, 400, 'body'],
  ['/v1/providers/paid/reopen', [1], 400, 'body'],
  ['/v1/providers/paid/close', {}, 404, 'route-unknown'],
])('POST %s with %j is refused', async (path, body, status, words) => {
  const { lastOrder } = await gateAt();
  const reply = await a.ask('POST', path, body);
  expect([reply.status, JSON.stringify(reply.body)]).toEqual([
    status,
    expect.stringContaining(words),
  ]);
  expect((await gateAt()).lastOrder.kind).toBe(lastOrder.kind);
});
