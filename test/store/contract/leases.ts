/** Outside consumers: leases and acknowledgement, at least once. */
import { expect } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import { begin, message, minute, tenant, turnOf, type Bench, type Contract } from './fixture.ts';

export function leasesContract({ open, it }: Contract): void {
  const at = { tenant, channel: 'news', group: 'g' };
  const lease = (bench: Bench, max = 9, parts: Partial<typeof at & { from: 'latest' }> = {}) =>
    bench.store.lease(oneTenant(at.tenant), {
      ...at,
      from: 'earliest',
      max,
      leaseMs: minute,
      ...parts,
    });
  const acknowledge = (bench: Bench, tokens: readonly string[], parts: Partial<typeof at> = {}) =>
    bench.store.acknowledge(oneTenant(at.tenant), { ...at, tokens, ...parts });
  const numbers = (leased: readonly { seq: number; attempt: number }[]) =>
    leased.map(({ seq, attempt }) => [seq, attempt]);

  async function withMessages(count: number): Promise<Bench> {
    const bench = await begin(open);
    for (let n = 1; n <= count; n++) await bench.publish(message('news', `m${n}`));
    return bench;
  }

  it('promise 2: leased messages go to nobody else of the group', async () => {
    const bench = await withMessages(3);
    const first = await lease(bench, 2);
    expect(first).toMatchObject([
      { channel: 'news', seq: 1, messageId: 'm1', payload: { id: 'm1' }, attempt: 1 },
      { seq: 2, attempt: 1 },
    ]);
    expect(new Set(first.map((message_) => message_.token)).size).toBe(2);
    expect(numbers(await lease(bench))).toEqual([[3, 1]]);
    expect(await lease(bench)).toEqual([]);
    expect(numbers(await lease(bench, 9, { group: 'h' }))).toEqual([
      [1, 1],
      [2, 1],
      [3, 1],
    ]);
  });

  it('promise 2: what is acknowledged never comes again', async () => {
    const bench = await withMessages(2);
    const tokens = (await lease(bench)).map((leased) => leased.token);
    expect(await acknowledge(bench, tokens)).toEqual([true, true]);
    expect(await acknowledge(bench, tokens)).toEqual([false, false]);
    await bench.advance(2 * minute);
    expect(await lease(bench)).toEqual([]);
  });

  it('promise 2: what is not acknowledged in time comes again, first, and is counted', async () => {
    const bench = await withMessages(3);
    const [one, two] = await lease(bench, 2);
    expect(await acknowledge(bench, [one?.token ?? ''])).toEqual([true]);
    await bench.advance(2 * minute);
    const again = await lease(bench);
    expect(numbers(again)).toEqual([
      [2, 2],
      [3, 1],
    ]);
    expect(again[0]?.token).not.toBe(two?.token);
    expect(await acknowledge(bench, [two?.token ?? ''])).toEqual([false]);
    expect(
      await acknowledge(
        bench,
        again.map((leased) => leased.token),
      ),
    ).toEqual([true, true]);
    await bench.advance(2 * minute);
    expect(await lease(bench)).toEqual([]);
  });

  it('promise 11: an ended lease, or a token that is none, acknowledges nothing', async () => {
    const bench = await withMessages(2);
    const [one, two] = await lease(bench);
    expect(await acknowledge(bench, [one?.token ?? ''], { group: 'h' })).toEqual([false]);
    expect(await acknowledge(bench, [one?.token ?? '', 'none'])).toEqual([true, false]);
    await bench.advance(2 * minute);
    expect(await acknowledge(bench, [two?.token ?? ''])).toEqual([false]);
    expect(numbers(await lease(bench))).toEqual([[2, 2]]);
  });

  it('promise 2: a limit holds for both kinds together', async () => {
    const bench = await withMessages(4);
    await lease(bench, 2);
    await bench.advance(2 * minute);
    expect(numbers(await lease(bench, 1))).toEqual([[1, 2]]);
    expect(numbers(await lease(bench, 2))).toEqual([
      [2, 2],
      [3, 1],
    ]);
  });

  it('promise 2: a group that begins at the latest sees what comes after its first lease', async () => {
    const bench = await withMessages(2);
    expect(await lease(bench, 9, { from: 'latest' })).toEqual([]);
    await bench.publish(message('news', 'm3'));
    expect(numbers(await lease(bench, 9, { from: 'latest' }))).toEqual([[3, 1]]);
  });

  it('promise 2: a channel without messages leases nothing', async () => {
    const bench = await begin(open);
    expect(await lease(bench)).toEqual([]);
    await bench.publish(message('news', 'm1'));
    expect(numbers(await lease(bench))).toEqual([[1, 1]]);
  });

  it('promise 2: consumers that lease at once share without overlap', async () => {
    const bench = await withMessages(12);
    const leased = await Promise.all(Array.from({ length: 6 }, () => lease(bench, 2)));
    const seqs = leased.flat().map((one) => one.seq);
    expect(seqs.sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
  });

  it('promise 2: runs and outside consumers of one group share its messages', async () => {
    const bench = await withMessages(3);
    expect(numbers(await lease(bench, 1))).toEqual([[1, 1]]);
    const run = await bench.started(1);
    const { cursor, messages } = await bench.read('news', { group: 'g', limit: 1 });
    expect(messages.map((row) => row.seq)).toEqual([2]);
    const groupCursors = [{ channel: 'news', group: 'g', from: cursor, to: 2 }];
    await bench.turns(turnOf(run, 1, { groupCursors }));
    expect(numbers(await lease(bench))).toEqual([[3, 1]]);
  });
}
