/** Who may ask what: each route of the table, with each token that is not enough for it. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { createToken, revokeToken } from '../../src/access/tokens.ts';
import type { Route } from '../../src/api/route.ts';
import { routes } from '../../src/api/routes.ts';
import { tokenScopes, type TokenScope } from '../../src/store/access-rows.ts';
import { testDatabase } from '../support/postgres.ts';
import { fittingParts } from './fuzz/odd-requests.ts';
import { served } from './served.ts';

const url = await testDatabase();
const open = await served(url);
const closed = await served(url, { tokensAlways: true, token: 'the-first-token-of-all' });
const guarded = routes.filter(({ scope }) => scope !== null);
const tokens = new Map<string, string>();

beforeAll(async () => {
  const { store } = open.heddle.runtime;
  const make = async (name: string, scopes: readonly TokenScope[], tenant?: string) => {
    const request = { name, scopes, ...(tenant === undefined ? {} : { tenant }) };
    tokens.set(name, await createToken(store, request));
  };
  for (const scope of tokenScopes) await make(scope, [scope]);
  await make('bound', ['admin'], 'acme');
  await make('revoked', ['admin']);
  await revokeToken(store, 'revoked');
});

const bearer = (name: string) => ({ authorization: `Bearer ${tokens.get(name) ?? name}` });
const id = '01a228d2-d56b-735d-ba54-b1ab9c5db2ae';

/** The path with names in the place of its parameters, and a body that no route takes. */
function request({ method, path }: Route, query = ''): [string, string, unknown] {
  const values: Record<string, string> = { runId: id, scope: 'user', turn: '1' };
  const filled = path.replaceAll(/:(\w+)/g, (_, name: string) => values[name] ?? 'x');
  return [method, filled + query, method === 'GET' || method === 'DELETE' ? undefined : { x: 1 }];
}

const named = (list: readonly Route[]) =>
  list.map((route) => [`${route.method} ${route.path}`, route] as const);

it('the table has routes to try, and its paths stand once', () => {
  expect(guarded.length).toBeGreaterThan(25);
  const names = named(routes).map(([name]) => name);
  expect(new Set(names).size).toBe(names.length);
});

describe.each(named(guarded))('%s', (_, route) => {
  it('is refused without a token, with a wrong one, a revoked one, and one of another scope', async () => {
    const code = async (headers: object, query = '') => {
      const { status, body } = await closed.ask(...request(route, query), headers);
      return [status, body.code];
    };
    expect(await code({})).toEqual([401, 'token-missing']);
    expect(await code(bearer('nobody'))).toEqual([401, 'token-refused']);
    expect(await code(bearer('revoked'))).toEqual([401, 'token-refused']);
    for (const scope of tokenScopes) {
      const [status, refusal] = await code(bearer(scope));
      const allowed = scope === route.scope || scope === 'admin';
      expect([scope, refusal === 'scope-missing', status === 403]).toEqual([
        scope,
        !allowed,
        !allowed,
      ]);
    }
  });

  it('is refused for another tenant than the token’s own, where it is about one', async () => {
    const [method, path] = request(route);
    const codes: string[] = [];
    for (const { body, query } of fc.sample(fittingParts(route), { numRuns: 5, seed: 1 })) {
      const asked = Object.entries({ ...query, tenant: 'other' })
        .map(([key, of]) => `${key}=${encodeURIComponent(String(of))}`)
        .join('&');
      const refused = await closed.ask(method, `${path}?${asked}`, body, bearer('bound'));
      expect(refused.status, JSON.stringify(refused.body)).toBeGreaterThanOrEqual(400);
      expect(refused.status).toBeLessThan(500);
      codes.push(refused.body.code);
    }
    // Fields that a schema cannot tell in full may be refused first; of five, one gets through to the tenant.
    if (route.ofTenant) expect(codes).toContain('tenant-refused');
    else for (const code of codes) expect(['invalid-field', 'tenants-all-needed']).toContain(code);
  });

  it('is refused from a page of another site, by a foreign name, and through a proxy', async () => {
    const origin = { origin: 'http://evil.example' };
    expect(await open.ask(...request(route), origin)).toMatchObject({
      status: 403,
      body: { code: 'host-refused' },
    });
    const forwarded = { 'x-forwarded-for': '10.0.0.1' };
    expect((await open.ask(...request(route), forwarded)).body.code).toBe('token-missing');
  });
});

it('a tenant sees and touches nothing of another: runs, questions, memory, channels', async () => {
  const mine = { agent: 'approval', input: { request: 'x' }, tenant: 'acme' };
  const theirs = { ...mine, tenant: 'other' };
  expect((await closed.ask('POST', '/v1/runs', theirs, bearer('bound'))).body.code).toBe(
    'tenant-refused',
  );
  const own = await closed.ask('POST', '/v1/runs', { ...mine, tenant: undefined }, bearer('bound'));
  expect(own).toMatchObject({ status: 202, body: { tenant: 'acme' } });
  const { body } = await closed.ask('POST', '/v1/runs', theirs, bearer('admin'));
  for (const [method, path] of [
    ['GET', `/v1/runs/${body.id}`],
    ['GET', `/v1/runs/${body.id}/output`],
    ['GET', `/v1/runs/${body.id}/journal`],
    ['POST', `/v1/runs/${body.id}/cancel`],
  ] as const) {
    expect((await closed.ask(method, path, undefined, bearer('bound'))).status, path).toBe(404);
  }
  await closed.ask('POST', '/v1/memory/user/ann/k?tenant=other', { value: 1 }, bearer('admin'));
  await closed.ask('POST', '/v1/channels/c/messages?tenant=other', { payload: 1 }, bearer('admin'));
  const memory = await closed.ask('GET', '/v1/memory/user/ann/k', undefined, bearer('bound'));
  expect(memory.status).toBe(404);
  const channel = await closed.ask('GET', '/v1/channels/c/messages', undefined, bearer('bound'));
  expect(channel.body).toEqual({ head: 0, messages: [] });
  const list = await closed.ask('GET', '/v1/runs', undefined, bearer('bound'));
  expect(list.body.runs.map(({ tenant }: { tenant: string }) => tenant)).toEqual(['acme']);
});

it('a revocation acts within five seconds, at another replica too', async () => {
  const { store } = open.heddle.runtime;
  const token = await createToken(store, { name: 'short', scopes: ['read'] });
  const headers = { authorization: `Bearer ${token}` };
  expect((await closed.ask('GET', '/v1/runs', undefined, headers)).status).toBe(200);
  await revokeToken(store, 'short');
  const sinceMs = performance.now();
  let status = 200;
  while (status === 200 && performance.now() - sinceMs < 8_000) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    ({ status } = await closed.ask('GET', '/v1/runs', undefined, headers));
  }
  expect(status).toBe(401);
});

it('the first token does everything, and health needs none', async () => {
  const first = { authorization: 'Bearer the-first-token-of-all' };
  expect((await closed.ask('GET', '/v1/audit', undefined, first)).status).toBe(200);
  expect((await closed.ask('GET', '/healthz')).body).toEqual({ ok: true });
  expect((await closed.ask('GET', '/readyz')).body).toEqual({ ready: true });
  expect((await closed.ask('GET', '/metrics')).status).toBe(401);
  const bound = await closed.ask('GET', '/metrics', undefined, bearer('bound'));
  expect(bound).toMatchObject({ status: 403, body: { code: 'tenants-all-needed' } });
  const metrics = await closed.ask('GET', '/metrics', undefined, bearer('read'));
  expect(metrics.body).toMatch(/heddle_shards \d+/);
  expect(metrics.body).toContain('heddle_http_requests_total');
});

it('where heddle listens on more than this machine, it needs a token to listen at all', async () => {
  const bare = await testDatabase();
  await expect(served(bare, { host: '0.0.0.0' })).rejects.toMatchObject({ code: 'token-needed' });
});

it('what all tenants share is for tokens of all tenants', async () => {
  for (const [method, path] of [
    ['GET', '/v1/providers'],
    ['GET', '/v1/stream?providers=true'],
    ['POST', '/v1/providers/stub/reopen'],
  ] as const) {
    const { status, body } = await closed.ask(method, path, undefined, bearer('bound'));
    expect([status, body.code], path).toEqual([403, 'tenants-all-needed']);
  }
});
