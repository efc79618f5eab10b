/** Replicas, shards and the history of activity over HTTP, on two replicas of one real Postgres. */
import { expect, it } from 'vitest';
import { createToken } from '../../../src/access/tokens.ts';
import { testDatabase } from '../../support/postgres.ts';
import { called } from '../../cli/called.ts';
import { served } from '../served.ts';

const url = await testDatabase();
const a = await served(url);
const b = await served(url);
const patience = { timeout: 40_000 };

type Shown = {
  readonly replicas: readonly { replicaId: string; isLive: boolean; shards: readonly number[] }[];
  readonly shardsWithoutOwner: readonly number[];
};
const whole = async (at = b) => (await at.ask('GET', '/v1/replicas')).body as Shown;
const counts = async (query = '') =>
  (await b.ask('GET', `/v1/activity?${query}`)).body.counts as {
    atMs: number;
    statuses: Record<string, number>;
    users: readonly { user: string; statuses: Record<string, number> }[];
  }[];

it('each replica tells of both, and every shard has one owner', async () => {
  await expect
    .poll(async () => (await whole(a)).replicas.map(({ shards }) => shards.length), patience)
    .toEqual([16, 16]);
  const { replicas, shardsWithoutOwner } = await whole(b);
  expect(replicas.map(({ replicaId }) => replicaId).toSorted()).toEqual(
    [a, b].map(({ heddle }) => String(heddle.runtime.replicaId)).toSorted(),
  );
  expect(replicas[0]).toMatchObject({ isLive: true, release: 1, address: expect.any(String) });
  const all = replicas.flatMap(({ shards }) => shards).toSorted((x, y) => x - y);
  expect([all, shardsWithoutOwner]).toEqual([Array.from({ length: 32 }, (_, i) => i), []]);
});

it('what was going on is counted every 5 s by one of them, and goes on when that one is gone', async () => {
  const ask = { agent: 'approval', input: { request: 'x' }, user: 'ann' };
  for (let n = 0; n < 3; n++) await a.ask('POST', '/v1/runs', ask);
  await expect
    .poll(async () => (await counts()).at(-1)?.statuses, patience)
    .toMatchObject({ 'waiting-on-person': 3 });
  expect((await counts()).at(-1)?.users).toEqual([
    expect.objectContaining({ user: 'ann', statuses: { 'waiting-on-person': 3 } }),
  ]);
  const holder = (await whole()).replicas.find(({ shards }) => shards.includes(0))?.replicaId;
  const [first, second] = a.heddle.runtime.replicaId === holder ? [a, b] : [b, a];
  const before = (await counts()).length;
  await first.close();
  const later = async () =>
    ((await second.ask('GET', '/v1/activity')).body.counts as { atMs: number }[]).map(
      ({ atMs }) => atMs,
    );
  await expect.poll(async () => (await later()).length, patience).toBeGreaterThan(before);
  const times = await later();
  expect(times).toEqual([...new Set(times)].toSorted((x, y) => x - y));
  expect(times.every((ms) => ms % 5_000 === 0)).toBe(true);
  const { replicas, shardsWithoutOwner } = await whole(second);
  expect(replicas.map(({ shards }) => shards.length)).toEqual([32]);
  expect(shardsWithoutOwner).toEqual([]);
  const byMinute = await second.ask(
    'GET',
    `/v1/activity?step=60000&from=${Date.now() - 3_600_000}`,
  );
  expect(byMinute.body).toMatchObject({ stepMs: 60_000 });
  expect(byMinute.body.counts.length).toBeGreaterThanOrEqual(1);
  expect(byMinute.body.counts.length).toBeLessThan(times.length + 1);
  const lines = await called('activity', '--from', '10m', '--jsonl', '--url', second.url);
  const told = lines.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { atMs: number });
  expect(told.map(({ atMs }) => atMs)).toEqual(expect.arrayContaining(times));
  const table = await called('activity', '--step', '5', '--url', second.url);
  expect(table.stdout).toMatch(/ at .* open .* in slots .* gates /);
  expect(table.stdout).toContain(new Date(times[0] ?? 0).toISOString());
  for (const [flag, value] of [
    ['--step', '4'],
    ['--from', 'soon'],
  ] as const) {
    expect(await called('activity', flag, value, '--url', second.url)).toMatchObject({ code: 2 });
  }
});

/** One for all that is refused: those above were closed by now. */
let third: ReturnType<typeof served> | undefined;

it.each([
  ['step=1', 'query.step'],
  ['step=7000', 'query.step'],
  ['step=5000&from=0', 'query.step'],
  ['from=20&to=10', 'query.from'],
  ['from=x', 'query.from'],
  ['to=-1', 'query.to'],
  ['to=9007199254740991', 'query.to'],
  ['users=1', 'query'],
])('activity?%s is refused by its field', async (query, field) => {
  third ??= served(url);
  const { status, body } = await (await third).ask('GET', `/v1/activity?${query}`);
  expect([status, JSON.stringify(body)]).toEqual([400, expect.stringContaining(field)]);
});

it('is for tokens of all tenants', async () => {
  const at = await served(url, { tokensAlways: true, token: 'the-first-token-of-all' });
  const token = await createToken(at.heddle.runtime.store, {
    name: 'bound',
    scopes: ['admin'],
    tenant: 'acme',
  });
  const headers = { authorization: `Bearer ${token}` };
  for (const path of ['/v1/replicas', '/v1/activity']) {
    const { status, body } = await at.ask('GET', path, undefined, headers);
    expect([status, body.code], path).toEqual([403, 'tenants-all-needed']);
  }
  await at.close();
});
