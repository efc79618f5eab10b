/** Channels, groups and memory entries by name, page by page; leases that are renewed. */
import { expect } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import { nameAfterPrefix, type NamesAsked } from '../../../src/store/ports/records.ts';
import { begin, memory, message, minute, tenant, type Bench, type Contract } from './fixture.ts';

const own = oneTenant(tenant);
const all: NamesAsked = { prefix: '', after: null, limit: 99 };
/** In the order of their bytes, which is not that of UTF-16. */
const names = ['a', 'a/b', 'a/c', 'a\u{ffff}x', 'a\u{10000}', 'a\u{10ffff}y', 'b'];

async function entries(bench: Bench, asked: Partial<NamesAsked> = {}) {
  const of = { scope: 'user', owner: 'ann', valueCharsMax: 4 };
  return bench.store.memoryEntries(own, { ...all, ...of, ...asked });
}

export function namesContract({ open, it }: Contract): void {
  it('channels stand by the bytes of their names, from a prefix and page by page', async () => {
    const bench = await begin(open);
    for (const name of names.toReversed()) await bench.publish(message(name, 'm'));
    const list = async (asked: Partial<NamesAsked>) =>
      (await bench.store.channels(own, { ...all, ...asked })).map(({ channel }) => channel);
    expect(await list({})).toEqual(names);
    expect(await list({ prefix: 'a' })).toEqual(names.slice(0, -1));
    expect(await list({ prefix: 'a/' })).toEqual(['a/b', 'a/c']);
    expect(await list({ prefix: 'a\u{10ffff}' })).toEqual(['a\u{10ffff}y']);
    expect(await list({ prefix: 'nobody' })).toEqual([]);
    expect(await list({ after: 'a/b', limit: 2 })).toEqual(['a/c', 'a\u{ffff}x']);
    expect(await list({ prefix: 'a/', after: 'a/b' })).toEqual(['a/c']);
    expect(nameAfterPrefix('')).toBeNull();
    expect(nameAfterPrefix('\u{10ffff}')).toBeNull();
    expect(nameAfterPrefix('x\u{d7ff}')).toBe('x\u{e000}');
  });

  it('budgets of users stand by name, as they count today, and those of a tenant or a run do not', async () => {
    const bench = await begin(open);
    const limits = { tokensMax: 10, microsMax: null, perDay: true };
    const set = (scope: 'user' | 'run' | 'tenant', owner: string) =>
      bench.store.setBudget(own, { scope, owner }, limits);
    for (const name of names.toReversed()) await set('user', name);
    await set('tenant', '');
    await set('run', 'a');
    const other = oneTenant('other');
    await bench.store.setBudget(other, { scope: 'user', owner: 'a' }, limits);
    const list = async (asked: Partial<NamesAsked>) =>
      (await bench.store.userBudgets(own, { ...all, ...asked })).map(({ owner }) => owner);
    expect(await list({})).toEqual(names);
    expect(await list({ prefix: 'a' })).toEqual(names.slice(0, -1));
    expect(await list({ after: 'a/b', limit: 2 })).toEqual(['a/c', 'a\u{ffff}x']);
    expect(await list({ prefix: 'a/', after: 'a/b' })).toEqual(['a/c']);
    const one = await bench.store.budget(other, { scope: 'user', owner: 'a' });
    expect(await bench.store.userBudgets(other, all)).toEqual([one]);
  });

  it('a channel tells its messages and groups, a group what it has yet to get', async () => {
    const bench = await begin(open);
    for (const id of ['m1', 'm2', 'm3']) await bench.publish(message('news', id));
    const lease = (group: string, max: number) =>
      bench.store.lease(own, { channel: 'news', group, from: 'earliest', max, leaseMs: minute });
    const [first] = await lease('g', 2);
    await lease('h', 9);
    await bench.store.acknowledge(own, { channel: 'news', group: 'g', tokens: [first!.token] });
    const [channel] = await bench.store.channels(own, all);
    const newestAtMs = expect.any(Number) as number;
    expect(channel).toEqual({ channel: 'news', head: 3, messages: 3, newestAtMs, groups: 2 });
    const groups = (after: string | null) =>
      bench.store.groups(own, { channel: 'news', after, limit: 9 });
    expect(await groups(null)).toEqual([
      { group: 'g', cursor: 2, lag: 1, leased: 1 },
      { group: 'h', cursor: 3, lag: 0, leased: 3 },
    ]);
    expect((await groups('g')).map(({ group }) => group)).toEqual(['h']);
    expect(await bench.store.groups(own, { channel: 'none', after: null, limit: 9 })).toEqual([]);
  });

  it('entries stand by key with their newest version, its size and its beginning', async () => {
    const bench = await begin(open);
    const write = (...rows: ReturnType<typeof memory>[]) =>
      bench.commit({ arrivals: { memory: rows } });
    await write(memory('k/2', 1, { valueText: '"ä long one"' }));
    await write(memory('k/1', 1), memory('other', 1), memory('k/3', 1, { owner: 'bob' }));
    await write(memory('k/1', 2, { deleted: true, valueText: 'null' }));
    await write(memory('a', 1, { tenant: 'other' }), memory('k/11', 1, { tenant: 'other' }));
    const text = '"ä long one"';
    expect(await entries(bench)).toMatchObject([
      { key: 'k/1', version: 2, deleted: true },
      { key: 'k/2', version: 1, deleted: false, bytes: text.length + 1, valueStart: '"ä l' },
      { key: 'other', runId: null, turn: null, writtenAtMs: expect.any(Number) as number },
    ]);
    const keys = async (asked: Partial<NamesAsked>) =>
      (await entries(bench, asked)).map(({ key }) => key);
    expect(await keys({ prefix: 'k/' })).toEqual(['k/1', 'k/2']);
    expect(await keys({ after: 'k/1', limit: 1 })).toEqual(['k/2']);
    expect(await keys({ prefix: 'k/', after: 'k/2' })).toEqual([]);
    expect(await keys({ limit: 1 })).toEqual(['k/1']);
  });

  it('promise 2: a lease that is renewed lasts on; one that has ended is lost', async () => {
    const bench = await begin(open);
    await bench.publish(message('news', 'm1'));
    await bench.publish(message('news', 'm2'));
    const group = { channel: 'news', group: 'g' };
    const asked = { ...group, from: 'earliest', max: 9, leaseMs: 2 * minute } as const;
    const leased = await bench.store.lease(own, asked);
    const tokens = leased.map(({ token }) => token);
    const [first = '', second = ''] = tokens;
    const renew = (given: readonly string[], leaseMs: number) =>
      bench.store.renewLeases(own, { ...group, tokens: given, leaseMs });
    expect(await renew([first, 'none', '1:x', ''], 9 * minute)).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect(
      await bench.store.renewLeases(own, { ...group, group: 'h', tokens, leaseMs: 9 }),
    ).toEqual([false, false]);
    await bench.advance(3 * minute);
    expect(await renew([second], minute)).toEqual([false]);
    expect((await bench.store.lease(own, asked)).map(({ seq }) => seq)).toEqual([2]);
    expect(await renew([second, first], minute)).toEqual([false, true]);
    expect(await bench.store.acknowledge(own, { ...group, tokens: [first] })).toEqual([true]);
    expect(await renew([first], minute)).toEqual([false]);
  });
}
