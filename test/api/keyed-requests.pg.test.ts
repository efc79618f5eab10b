/** Every route that changes something by POST, from the table of routes: repeated with its key, it has one effect. */
import { describe, expect, it } from 'vitest';
import { routes } from '../../src/api/routes.ts';
import { testDatabase } from '../support/postgres.ts';
import { samples, uncounted } from './keyed-samples.ts';
import { served, type Served } from './served.ts';

const url = await testDatabase();
const [a, b] = [await served(url), await served(url)];

const posts = routes.filter(({ method, changesNothing }) => method === 'POST' && !changesNothing);
let asked = 0;

type Reply = Awaited<ReturnType<Served['ask']>>;

/** Sends until it is answered: a first one that still runs is told so, with the time to wait. */
async function insistent(ask: Served['ask'], path: string, body: unknown, key: string) {
  for (;;) {
    const reply: Reply = await ask('POST', path, body, { 'idempotency-key': key });
    if (reply.status !== 409 || reply.body.code !== 'request-running') return reply;
    expect(reply.headers.get('retry-after')).toBe('1');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const shown = ({ status, body, headers }: Reply) => {
  return { status, body, location: headers.get('location'), etag: headers.get('etag') };
};

it('each such route is tried below, and takes a key', () => {
  const tried = new Set([...Object.keys(samples), ...Object.keys(uncounted)]);
  expect(posts.map(({ path }) => path).filter((path) => !tried.has(path))).toEqual([]);
  expect(posts.filter(({ keyed }) => keyed === 'no')).toEqual([]);
});

describe.each(Object.keys(samples))('POST %s', (route) => {
  it('has one effect and one answer, however often and wherever it is repeated', async () => {
    const tenant = `keyed-${(asked += 1)}`;
    const { path, body, other, effects } = await samples[route]!(a.ask, tenant);
    const clicks = [a, a, b, b].map(({ ask }) => insistent(ask, path, body, 'k'));
    const [first, ...again] = (await Promise.all(clicks)).map(shown);
    const later = [
      await insistent(b.ask, path, body, '"k"'),
      await insistent(a.ask, path, body, 'k'),
    ];
    expect(first?.status).toBeLessThan(300);
    for (const one of [...again, ...later.map(shown)]) expect(one).toEqual(first);
    const differs = await b.ask('POST', path, other, { 'idempotency-key': 'k' });
    expect(differs).toMatchObject({ status: 422, body: { code: 'request-differs' } });
    expect(await effects()).toBe(1);
  });
});

describe.each(Object.entries(uncounted))('POST %s', (_, { path, body }) => {
  it('is answered again as it was', async () => {
    const replies = [
      await insistent(a.ask, path, body, path),
      await insistent(b.ask, path, body, path),
    ].map(shown);
    expect(replies[0]?.status).toBeLessThan(300);
    expect(replies[1]).toEqual(replies[0]);
    const other = path.replace(/[^/]+(?=\/[^/]*$)/, 'another');
    const differs = await b.ask('POST', other, body, { 'idempotency-key': path });
    expect(differs).toMatchObject({ status: 422, body: { code: 'request-differs' } });
  });
});
