/** Tokens of the API: found by hash, listed by name, revoked for good. */
import { expect } from 'vitest';
import type { NewToken } from '../../../src/store/access-rows.ts';
import type { Contract } from './fixture.ts';

const token = (name: string, more: Partial<NewToken> = {}): NewToken => ({
  name,
  hash: `hash of ${name}`,
  tenant: 'acme',
  scopes: ['run', 'read'],
  ...more,
});

export function tokensContract({ open, it }: Contract): void {
  it('a token is found by its hash, with its scopes and its tenant', async () => {
    const { store } = await open();
    expect(await store.createToken(token('desk'))).toBe(true);
    expect(await store.createToken(token('all', { tenant: null, scopes: ['admin'] }))).toBe(true);
    expect(await store.tokenByHash('hash of desk')).toMatchObject({
      ...token('desk'),
      createdAtMs: expect.any(Number) as number,
      revokedAtMs: null,
    });
    expect(await store.tokenByHash('hash of all')).toMatchObject({ tenant: null });
    expect(await store.tokenByHash('desk')).toBeNull();
  });

  it('a name is used once, also by a token that is revoked; asking again changes nothing', async () => {
    const { store } = await open();
    await store.createToken(token('desk'));
    expect(await store.createToken(token('desk'))).toBe(true);
    expect(await store.createToken(token('desk', { hash: 'another' }))).toBe(false);
    expect(await store.createToken(token('another', { hash: 'hash of desk' }))).toBe(false);
    await store.revokeToken('desk');
    expect(await store.createToken(token('desk', { hash: 'another' }))).toBe(false);
    expect(await store.tokenByHash('another')).toBeNull();
  });

  it('a token that is revoked stays in the list, revoked since the first time', async () => {
    const { store, advance } = await open();
    for (const name of ['b', 'a', 'c']) await store.createToken(token(name));
    expect(await store.revokeToken('b')).toBe(true);
    expect(await store.revokeToken('nobody')).toBe(false);
    // The Postgres of these tests lets its clock go on by moving what it holds back.
    await advance(60_000);
    const since = (await store.tokenByHash('hash of b'))?.revokedAtMs;
    expect(since).toEqual(expect.any(Number));
    await store.revokeToken('b');
    const listed = await store.tokens({ afterName: '', limit: 2 });
    expect(listed.map(({ name, revokedAtMs }) => [name, revokedAtMs])).toEqual([
      ['a', null],
      ['b', since],
    ]);
    const rest = await store.tokens({ afterName: 'b', limit: 2 });
    expect(rest.map(({ name }) => name)).toEqual(['c']);
  });
}
