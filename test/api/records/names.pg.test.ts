/** Channels, groups and memory entries by name over HTTP; renewed leases; writers at once; names of every kind. */
import { expect, it } from 'vitest';
import { testDatabase } from '../../support/postgres.ts';
import { served } from '../served.ts';

const url = await testDatabase();
const [a, b] = [await served(url), await served(url)];
const at = (...parts: readonly string[]) => `/v1/${parts.map(encodeURIComponent).join('/')}`;

it('channels are listed by prefix, page by page, each with what it holds', async () => {
  for (const name of ['yarn/red', 'yarn/blue', 'wool']) {
    await a.ask('POST', `${at('channels', name)}/messages`, { payload: name });
  }
  const first = await b.ask('GET', '/v1/channels?prefix=yarn%2F&limit=1');
  expect(first.body).toMatchObject({
    channels: [{ channel: 'yarn/blue', head: 1, messages: 1, groups: 0 }],
    cursor: expect.stringMatching(/./),
  });
  const rest = await b.ask(
    'GET',
    `/v1/channels?prefix=yarn%2F&limit=1&cursor=${first.body.cursor}`,
  );
  expect(rest.body.channels).toMatchObject([{ channel: 'yarn/red' }]);
  const end = await b.ask('GET', `/v1/channels?prefix=yarn%2F&cursor=${rest.body.cursor}`);
  expect(end.body).toEqual({ channels: [], cursor: '' });
  expect((await b.ask('GET', '/v1/channels?tenant=other')).body.channels).toEqual([]);
});

it('a lease is renewed while it is held, and refused when it is lost', async () => {
  const channel = at('channels', 'looms');
  for (const n of [1, 2, 3]) await a.ask('POST', `${channel}/messages`, { payload: n });
  const group = `${channel}/groups/desk`;
  const leased = await a.ask('POST', `${group}/leases`, { max: 2, leaseMs: 400 });
  const tokens = leased.body.messages.map(({ token }: { token: string }) => token);
  const renewed = await b.ask('POST', `${group}/renewals`, {
    tokens: [tokens[0]],
    leaseMs: 60_000,
  });
  expect(renewed).toMatchObject({ status: 200, body: { renewed: [true] } });
  const groups = await b.ask('GET', `${channel}/groups`);
  expect(groups.body).toEqual({
    head: 3,
    groups: [{ group: 'desk', cursor: 2, lag: 1, leased: 2 }],
    cursor: '',
  });
  await new Promise((resolve) => setTimeout(resolve, 600));
  const some = await a.ask('POST', `${group}/renewals`, { tokens });
  expect(some.body).toEqual({ renewed: [true, false] });
  const again = await b.ask('POST', `${group}/leases`, { max: 9 });
  expect(again.body.messages.map(({ seq }: { seq: number }) => seq)).toEqual([2, 3]);
  const lost = await a.ask('POST', `${group}/renewals`, { tokens: [tokens[1]] });
  expect(lost).toMatchObject({ status: 409, body: { code: 'lease-lost' } });
  for (const body of [
    {},
    { tokens: [] },
    { tokens: [''] },
    { tokens, leaseMs: 0 },
    { token: 'x' },
  ]) {
    expect((await a.ask('POST', `${group}/renewals`, body)).status).toBe(400);
  }
});

it('of writers at once who saw the same version one wins, and blind ones all add a version', async () => {
  const entry = at('memory', 'user', 'ann', 'count');
  await a.ask('POST', entry, { value: 0 });
  const twenty = Array.from({ length: 20 }, (_, n) => n);
  const ask = (n: number) => (n % 2 === 0 ? a : b);
  const guarded = await Promise.all(
    twenty.map((n) => ask(n).ask('PUT', entry, { value: n }, { 'if-match': '"1"' })),
  );
  const withStatus = (wanted: number) => guarded.filter(({ status }) => status === wanted).length;
  expect({ done: withStatus(200), lost: withStatus(412) }).toEqual({ done: 1, lost: 19 });
  const blind = await Promise.all(twenty.map((n) => ask(n).ask('POST', entry, { value: n })));
  expect(blind.map(({ body }) => body.version).toSorted((x, y) => x - y)).toEqual(
    twenty.map((n) => n + 3),
  );
  const firsts = await Promise.all(
    twenty.map((n) =>
      ask(n).ask(
        'PUT',
        at('memory', 'user', 'ann', 'first'),
        { value: n },
        { 'if-none-match': '*' },
      ),
    ),
  );
  expect(firsts.filter(({ status }) => status === 201)).toHaveLength(1);
  const { body } = await a.ask('GET', `${at('memory', 'user', 'ann')}?limit=1`);
  expect(body).toMatchObject({
    entries: [{ key: 'count', version: 22, bytes: expect.any(Number) }],
  });
  const rest = await a.ask('GET', `${at('memory', 'user', 'ann')}?cursor=${body.cursor}`);
  expect(rest.body.entries).toMatchObject([{ key: 'first', version: 1 }]);
});

const odd = [
  'ünïcode ☃ 𝄞',
  'a/b',
  '100%',
  '%2F',
  '...',
  '?q=1#f',
  '"',
  "'; drop",
  ' ',
  '𝄞'.repeat(128),
];
const refused = ['', '\0', 'a\0b', 'x'.repeat(10_240), 'ä'.repeat(5_000)];

it.each(odd)('the name %j is a name like any other', async (name) => {
  const published = await a.ask('POST', `${at('channels', name)}/messages`, { payload: 1 });
  expect(published.status).toBe(202);
  const list = await b.ask('GET', `/v1/channels?prefix=${encodeURIComponent(name)}`);
  expect(list.body.channels.map(({ channel }: { channel: string }) => channel)).toContain(name);
  const group = at('channels', name, 'groups', name);
  expect((await a.ask('POST', `${group}/leases`)).body.messages).toHaveLength(1);
  expect((await a.ask('GET', at('channels', name, 'groups'))).body.groups[0].group).toBe(name);
  await a.ask('POST', at('memory', 'agent', name, name), { value: name });
  const entries = await b.ask('GET', at('memory', 'agent', name));
  expect(entries.body.entries).toMatchObject([{ key: name, version: 1 }]);
});

it.each(refused)('the name %j is refused, wherever it stands', async (name) => {
  const code = encodeURIComponent(name);
  const status = async (...asked: Parameters<typeof a.ask>) => (await a.ask(...asked)).status;
  const seen = [
    await status('GET', at('channels', name, 'groups')),
    await status('POST', at('channels', name, 'groups', 'g', 'renewals'), { tokens: ['1:x'] }),
    await status('POST', at('channels', 'c', 'groups', name, 'renewals'), { tokens: ['1:x'] }),
    await status('GET', at('memory', 'user', name)),
    await status('GET', at('agents', name)),
    await status('GET', at('agents', name, 'versions')),
    await status('GET', at('agents', 'a', 'versions', name, 'drawing')),
    ...(name === '' ? [] : [await status('GET', `/v1/channels?prefix=${code}`)]),
    ...(name === '' ? [] : [await status('GET', `/v1/memory/user/u?cursor=${code}`)]),
    await status('GET', `/v1/agents/a/versions?after=${code}`),
    await status('GET', `/v1/channels?tenant=${code}`),
  ];
  expect(seen.filter((one) => one < 400 || one >= 500)).toEqual([]);
});

it('a cursor that no list has given is refused', async () => {
  const nul = Buffer.from('1:a\0').toString('base64url');
  for (const cursor of ['x', nul, '%00', Buffer.from('2:a').toString('base64url')]) {
    for (const path of ['/v1/channels', '/v1/channels/c/groups', '/v1/memory/user/u']) {
      expect([path, cursor, (await a.ask('GET', `${path}?cursor=${cursor}`)).status]).toEqual([
        path,
        cursor,
        400,
      ]);
    }
  }
});
