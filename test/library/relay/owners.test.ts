/** Questions to the owner of a run: who is believed, how long one waits, and who is not asked again. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { asReplicaId, asRunId } from '../../../src/domain/ids.ts';
import { Owners } from '../../../src/library/relay/owners.ts';
import { answerOf, claimOf, isTimely, proofHeader } from '../../../src/library/relay/proof.ts';
import { eventually } from '../../support/heddle.ts';
import { testClock } from './test-clock.ts';

const self = asReplicaId('00000000-0000-7000-8000-000000000000');
const other = asReplicaId('00000000-0000-7000-8000-000000000001');
const run = { runId: asRunId('01900000-0000-7000-8000-000000000001'), shard: 3 };
const secret = 's'.repeat(64);
const view = { calls: [], begin: null };
/** The database's time is another than that of the one who asks. */
const atMs = 1_700_000_000_000;

const waits = (last: string, waitedMs: number) => {
  const runId = asRunId(`01900000-0000-7000-8000-00000000000${last}`);
  return { tenant: 't', runId, user: 'u', pipeline: 'p', waitedMs };
};

const toClose: (() => void)[] = [];
afterEach(() => {
  for (const close of toClose.splice(0)) close();
});

async function world(
  answer: (nonce: string | null, response: ServerResponse) => void,
  owner: {
    readonly address?: null;
    readonly replicaId?: typeof self;
    readonly shards?: number[];
  } = {},
) {
  let asked = 0;
  const server = createServer((request, response) => {
    asked += 1;
    const claim = claimOf(request.headers[proofHeader], { secret, self: other });
    answer(claim !== null && isTimely(claim, atMs) ? claim.nonce : null, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  toClose.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const peer = { replicaId: other, address, shards: [3], ...owner };
  const clock = testClock(5);
  const owners = new Owners({
    clock,
    replicaId: self,
    longestWaits: () => [{ gate: 'a', waits: [waits('1', 30), waits('2', 10)] }],
    nowOf: () => null,
    phaseOf: () => null,
    store: { peers: async () => ({ peers: [peer], secret, atMs }) } as never,
  });
  return { owners, clock, asked: () => asked };
}

const right = (nonce: string | null, response: ServerResponse): void => {
  const answer = nonce === null ? 'none' : answerOf(secret, { to: other, nonce });
  response.end(JSON.stringify({ answer, view }));
};

it('believes the owner that proves who it is, and no other', async () => {
  const { owners } = await world(right);
  expect(await owners.of(run)).toEqual({ kind: 'known', view });
  const stranger = await world((_, response) => {
    response.end(JSON.stringify({ answer: 'x'.repeat(64), view }));
  });
  expect(await stranger.owners.of(run)).toMatchObject({ kind: 'unknown', isOwned: true });
});

it('waits a second for an answer, and does not ask again at once', async () => {
  const { owners, clock, asked } = await world(() => undefined);
  const why = 'the replica that owns the run does not answer';
  const first = owners.of(run);
  await eventually(async () => expect(asked()).toBe(1));
  clock.ring();
  expect(await first).toMatchObject({ why });
  for (let i = 0; i < 5; i += 1) expect(await owners.of(run)).toMatchObject({ why });
  clock.advance(2_999);
  expect(await owners.of(run)).toMatchObject({ why });
  expect(asked()).toBe(1);
  clock.advance(1);
  const second = owners.of(run);
  await eventually(async () => expect(asked()).toBe(2));
  clock.ring();
  expect(await second).toMatchObject({ why });
});

it.each([
  ['serves nobody', { address: null }, true],
  ['no replica owns', { shards: [] }, false],
  ['being taken up', { replicaId: self }, true],
] as const)('says why it is not known: %s', async (why, owner, isOwned) => {
  const { owners } = await world(right, owner as never);
  const word = await owners.of(run);
  expect(word).toMatchObject({ kind: 'unknown', isOwned });
  expect(word).toHaveProperty('why', expect.stringContaining(why));
});

it('asks each owner once for the phases of all its runs', async () => {
  const now = { phase: 'in-slot', provider: 'local' } as const;
  const { owners, asked } = await world((nonce, response) => {
    const answer = answerOf(secret, { to: other, nonce: nonce ?? '' });
    response.end(JSON.stringify({ answer, phases: [now, null] }));
  });
  const at = (n: number, shard: number) => ({
    runId: asRunId(`01900000-0000-7000-8000-00000000000${n}`),
    shard,
  });
  expect(await owners.phases([at(1, 3), at(2, 5), at(3, 3)])).toEqual([
    { kind: 'known', now },
    { kind: 'unknown', isOwned: false, why: 'no replica owns the run at the moment' },
    { kind: 'unknown', isOwned: true, why: 'the run is being taken up by a replica' },
  ]);
  expect(asked()).toBe(1);
  expect(await owners.phases([])).toEqual([]);
  expect(asked()).toBe(1);
});

it('the longest waits of all replicas are told, a run once, and what an earlier release says is no silence', async () => {
  const gates = [
    { gate: 'a', waits: [waits('3', 20), waits('2', 9)] },
    { gate: 'b', waits: Array.from({ length: 8 }, (_, n) => waits(String(n), n)) },
  ];
  const { owners } = await world((nonce, response) => {
    const answer = nonce === null ? 'none' : answerOf(secret, { to: other, nonce });
    response.end(JSON.stringify({ answer, gates }));
  });
  const { gates: told, unknown } = await owners.waits();
  expect(unknown).toEqual([]);
  expect(told.map(({ gate, waits: of }) => [gate, ...of.map(({ waitedMs }) => waitedMs)])).toEqual([
    ['a', 30, 20, 10],
    ['b', 7, 6, 5, 4, 3, 2, 1, 0],
  ]);
  const older = await world((nonce, response) => {
    const answer = nonce === null ? 'none' : answerOf(secret, { to: other, nonce });
    if (older.asked() > 1) response.end(JSON.stringify({ answer, view }));
    else response.writeHead(400).end('{"code":"invalid-field"}');
  });
  expect(await older.owners.waits()).toMatchObject({
    gates: [{ gate: 'a' }],
    unknown: ['a replica does not answer'],
  });
  expect(await older.owners.of(run)).toEqual({ kind: 'known', view });
  const mute = await world(right, { address: null });
  expect((await mute.owners.waits()).unknown).toEqual(['a replica serves nobody']);
});

it('does not throw where the database is away', async () => {
  const store = { peers: () => Promise.reject(new Error('away')) } as never;
  const owners = new Owners({
    clock: testClock(0),
    replicaId: self,
    longestWaits: () => [],
    nowOf: () => null,
    phaseOf: () => null,
    store,
  });
  expect(await owners.of(run)).toMatchObject({
    kind: 'unknown',
    why: 'the replicas are not known',
  });
  expect(await owners.phases([run])).toMatchObject([
    { kind: 'unknown', why: 'the replicas are not known' },
  ]);
  expect(await owners.waits()).toEqual({ gates: [], unknown: ['the replicas are not known'] });
});
