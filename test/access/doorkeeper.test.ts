/** Who gets in: with a token, from this machine, and nobody else. */
import { describe, expect, it } from 'vitest';
import { Doorkeeper } from '../../src/access/doorkeeper.ts';
import { checkScope, tenantFor } from '../../src/access/principal.ts';
import { createToken, listTokens, revokeToken } from '../../src/access/tokens.ts';
import { createMemoryStore } from '../../src/store/memory/memory-store.ts';

const own = { host: '127.0.0.1:8080' };

function door(options: { firstToken?: string; tokensAlways?: boolean } = {}) {
  let nowMs = 1_000_000;
  const store = createMemoryStore({ nowMs: () => nowMs });
  const reads: string[] = [];
  const counted = {
    ...store,
    tokenByHash: (hash: string) => {
      reads.push(hash);
      return store.tokenByHash(hash);
    },
  };
  const keeper = new Doorkeeper({ store: counted, nowMs: () => nowMs, ...options });
  return { store, keeper, reads, later: (ms: number) => (nowMs += ms) };
}

const bearer = (token: string) => ({ ...own, authorization: `Bearer ${token}` });

describe('tokens', () => {
  it('a token is shown once, stored as its hash, and tells its scopes and tenant', async () => {
    const { store, keeper } = door();
    const token = await createToken(store, { name: 'desk', scopes: ['read'], tenant: 'acme' });
    expect(token).toMatch(/^heddle_[\w-]{43}$/);
    expect(JSON.stringify(store.snapshot())).not.toContain(token);
    const who = await keeper.admit(bearer(token));
    expect(who).toEqual({ by: 'desk', scopes: ['read'], tenant: 'acme' });
    expect(JSON.stringify(await listTokens(store))).not.toMatch(/hash|heddle_/);
    expect(() => checkScope(who, 'run')).toThrow(/scope run/);
    expect(tenantFor(who, undefined)).toBe('acme');
    expect(() => tenantFor(who, 'other')).toThrow(/other/);
  });

  it('a name that was used, an unknown scope and a reserved name are refused', async () => {
    const { store } = door();
    await createToken(store, { name: 'desk' });
    const refused = async (request: object) =>
      createToken(store, request as never).then(
        () => 'made',
        (error: { code: string }) => error.code,
      );
    expect(await refused({ name: 'desk' })).toBe('token-name-used');
    expect(await refused({ name: 'a b' })).toBe('invalid-field');
    expect(await refused({ name: 'library' })).toBe('invalid-field');
    expect(await refused({ name: 'x', scopes: ['all'] })).toBe('invalid-field');
    expect(await refused({ name: 'x', scopes: [] })).toBe('invalid-field');
    expect(await listTokens(store)).toHaveLength(1);
  });

  it('a revocation acts within five seconds, on a token that was just used', async () => {
    const { store, keeper, later } = door();
    const token = await createToken(store, { name: 'desk' });
    await keeper.admit(bearer(token));
    await revokeToken(store, 'desk');
    later(5_000);
    await expect(keeper.admit(bearer(token))).rejects.toMatchObject({ code: 'token-refused' });
    await expect(revokeToken(store, 'nobody')).rejects.toMatchObject({ code: 'token-unknown' });
  });

  it('a token that is used a hundred times at once is read once', async () => {
    const { store, keeper, reads } = door();
    const token = await createToken(store, { name: 'desk' });
    await Promise.all(Array.from({ length: 100 }, () => keeper.admit(bearer(token))));
    expect(reads).toHaveLength(1);
  });

  it('a store that is away lets nobody in by what it has said before', async () => {
    const { store, keeper, later } = door();
    const token = await createToken(store, { name: 'desk' });
    await keeper.admit(bearer(token));
    await store.close();
    later(5_000);
    await expect(keeper.admit(bearer(token))).rejects.toMatchObject({ code: 'closed' });
  });

  it('HEDDLE_TOKEN is the first one, without a row; a short one is refused', async () => {
    const { keeper } = door({ firstToken: 'a-long-enough-secret' });
    expect(await keeper.admit(bearer('a-long-enough-secret'))).toMatchObject({
      by: 'environment',
      scopes: ['admin'],
    });
    await expect(keeper.admit(bearer('another'))).rejects.toMatchObject({ code: 'token-refused' });
    // Nobody could ever show the others: no header carries them.
    for (const firstToken of [
      'short',
      `${'a'.repeat(32)}\n`,
      'two words of sixteen',
      'ß'.repeat(32),
      'a'.repeat(513),
    ])
      expect(() => door({ firstToken })).toThrow(/HEDDLE_TOKEN/);
  });

  it('what is no bearer token is refused, also on loopback', async () => {
    const { keeper } = door();
    for (const authorization of ['', 'Bearer', 'Bearer ', 'Basic YTpi', 'Bearer a b', 'x']) {
      await expect(keeper.admit({ ...own, authorization })).rejects.toMatchObject({
        code: 'token-refused',
      });
    }
  });
});

describe('without a token', () => {
  const code = async (headers: object, options = {}, host = '127.0.0.1') => {
    const { keeper } = door({ firstToken: 'a-long-enough-secret', ...options });
    await keeper.listens(host);
    return keeper.admit(headers as never).then(
      ({ by }) => by,
      (error: { code: string }) => error.code,
    );
  };

  it('this machine gets in, by each of its names', async () => {
    for (const host of ['localhost', 'localhost:80', 'LOCALHOST:1', '127.0.0.1:9', '[::1]:8080']) {
      expect(await code({ host }), host).toBe('loopback');
      expect(await code({ host, origin: `http://${host}` }), host).toBe('loopback');
    }
  });

  it('a name that leads here (DNS rebinding) and a page of another site do not', async () => {
    for (const host of [
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.nip.io:80',
      '',
      'a:b',
    ]) {
      expect(await code({ host }), host).toBe('host-refused');
    }
    expect(await code({})).toBe('host-refused');
    for (const origin of [
      'http://evil.example',
      'null',
      'https://127.0.0.1.evil.example',
      'file://',
    ]) {
      expect(await code({ ...own, origin }), origin).toBe('host-refused');
    }
  });

  it('nobody gets in through a proxy', async () => {
    for (const header of [
      'forwarded',
      'x-forwarded-for',
      'x-forwarded-host',
      'x-forwarded-proto',
    ]) {
      expect(await code({ ...own, [header]: '1' }), header).toBe('token-missing');
    }
  });

  it('nobody gets in where heddle listens on more than this machine', async () => {
    for (const host of ['0.0.0.0', '::', '192.168.1.2', 'example.com']) {
      expect(await code(own, {}, host), host).toBe('token-missing');
    }
    expect(await code(own, { tokensAlways: true })).toBe('token-missing');
  });

  it('heddle does not listen there while no token is in use', async () => {
    const { store, keeper } = door();
    await keeper.listens('127.0.0.1');
    const needed = { code: 'token-needed' };
    await expect(keeper.listens('0.0.0.0')).rejects.toMatchObject(needed);
    await createToken(store, { name: 'desk' });
    await keeper.listens('0.0.0.0');
    await revokeToken(store, 'desk');
    await expect(keeper.listens('0.0.0.0')).rejects.toMatchObject(needed);
  });
});
