/** Images: stored by turns and from outside, once for each tenant, and gone when no run has used them for long. */
import { expect } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import { begin, endOf, hour, tenant, turnOf, type Bench, type Contract } from './fixture.ts';

const day = 24 * hour;
const hashOf = (letter: string): string => letter.repeat(64);
/** So many bytes, none of them like its neighbours. */
const bytesOf = (size: number, first = 0): string =>
  Buffer.from(Uint8Array.from({ length: size }, (_, i) => (first + i * 7) % 251)).toString(
    'base64',
  );
const imageOf = (letter: string, data: string, mediaType = 'image/png') => ({
  sha256: hashOf(letter),
  image: { mediaType, data },
});
const use = (letter: string) => ({ sha256: hashOf(letter), image: null });
const read = (letter: string, more: { tenant?: string; bytesMax?: number } = {}) => ({
  tenant,
  sha256: hashOf(letter),
  bytesMax: 1_000_000,
  ...more,
});
const one = oneTenant(tenant);
const stored = (letter: string, data: string, more: object = {}) => ({
  ...imageOf(letter, data).image,
  sha256: hashOf(letter),
  tenantBytesMax: 1_000_000,
  ...more,
});
const prunes = { olderThanMs: 0, limit: 10 };

/** The size of an image whose bytes are these. Long texts are not compared by `toEqual`: its failure takes minutes. */
async function sizeOf(bench: Bench, letter: string, data: string): Promise<number | null> {
  const found = await bench.store.image(read(letter));
  return found?.data === data ? found.size : null;
}

export function imagesContract(contract: Contract): void {
  writesContract(contract);
  retentionContract(contract);
}

function writesContract({ open, it }: Contract): void {
  it('promise 1: what a turn brings along is read, in its own tenant', async () => {
    const bench = await begin(open);
    const [run, other] = [await bench.started(1), await bench.started(2)];
    const [large, small] = [bytesOf(300_000), bytesOf(1, 255)];
    await bench.turns(
      turnOf(run, 1, { images: [imageOf('b', small), imageOf('a', large), imageOf('a', large)] }),
      turnOf(other, 1, { images: [imageOf('a', large), use('a'), use('e')] }),
    );
    expect(await sizeOf(bench, 'a', large)).toBe(300_000);
    expect(await bench.store.image(read('b'))).toEqual({ size: 1, data: small });
    expect(await bench.store.image(read('e'))).toBeNull();
    expect(await bench.store.image(read('a', { tenant: 'another' }))).toBeNull();
    // The next turn of another run brings it along again.
    await bench.turns(turnOf(run, 2, { images: [imageOf('a', large)] }));
    expect(await sizeOf(bench, 'a', large)).toBe(300_000);
  });

  it('reads the bytes of no image that is larger than asked for', async () => {
    const bench = await begin(open);
    await bench.store.storeImage(one, stored('a', bytesOf(100)));
    expect(await bench.store.image(read('a', { bytesMax: 99 }))).toEqual({ size: 100, data: null });
    expect(await bench.store.image(read('a', { bytesMax: 100 }))).toMatchObject({ size: 100 });
  });

  it('promise 6: a turn that is stale stores nothing', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await bench.turns(turnOf(run, 1));
    const again = await bench.commit({
      turns: [turnOf(run, 1, { images: [imageOf('a', bytesOf(9))] })],
    });
    expect(again).toMatchObject({ turns: [{ kind: 'stale' }] });
    expect(await bench.store.image(read('a'))).toBeNull();
  });

  it('takes from outside what the tenant has room for, and what it has already', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    const room = { tenantBytesMax: 100 };
    await bench.turns(turnOf(run, 1, { images: [imageOf('a', bytesOf(60))] }));
    expect(await bench.store.storeImage(one, stored('b', bytesOf(41), room))).toBe(false);
    expect(await bench.store.image(read('b'))).toBeNull();
    expect(await bench.store.storeImage(one, stored('b', bytesOf(40), room))).toBe(true);
    expect(await bench.store.storeImage(one, stored('a', bytesOf(60), room))).toBe(true);
    expect(await bench.store.storeImage(one, stored('c', bytesOf(1), room))).toBe(false);
    const another = oneTenant('another');
    expect(await bench.store.storeImage(another, stored('c', bytesOf(100), room))).toBe(true);
    expect(await bench.store.image(read('b'))).toEqual({ size: 40, data: bytesOf(40) });
  });
}

function retentionContract({ open, it }: Contract): void {
  it('keeps an image for as long as a run uses it', async () => {
    const bench = await begin(open);
    const [run, other] = [await bench.started(1), await bench.started(2)];
    await bench.turns(turnOf(run, 1, { images: [imageOf('a', bytesOf(9))] }));
    await bench.turns(turnOf(other, 1, { images: [use('a')] }));
    await bench.turns(endOf(run, 2));
    await bench.advance(2 * day);
    expect(await bench.store.prune(prunes)).toMatchObject({ runs: 1 });
    expect(await bench.store.image(read('a'))).not.toBeNull();
    await bench.renew();
    await bench.turns(endOf(other, 2));
    await bench.store.prune(prunes);
    expect(await bench.store.image(read('a'))).toBeNull();
  });

  it('keeps one that no run uses for the retention, and for a day at least', async () => {
    const bench = await begin(open);
    for (const letter of ['a', 'b']) await bench.store.storeImage(one, stored(letter, bytesOf(9)));
    await bench.advance(day - hour);
    await bench.store.prune(prunes);
    // Stored again: its time begins again.
    await bench.store.storeImage(one, stored('b', bytesOf(9)));
    await bench.advance(2 * hour);
    await bench.store.prune({ olderThanMs: 2 * day, limit: 10 });
    expect(await bench.store.image(read('a'))).not.toBeNull();
    await bench.store.prune(prunes);
    expect(await bench.store.image(read('a'))).toBeNull();
    expect(await bench.store.image(read('b'))).not.toBeNull();
  });

  it('counts the time from the last use, too', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await bench.store.storeImage(one, stored('a', bytesOf(9)));
    await bench.advance(3 * day);
    await bench.renew();
    await bench.turns(endOf(run, 1, { images: [use('a')] }));
    expect(await bench.store.prune(prunes)).toMatchObject({ runs: 1 });
    expect(await bench.store.image(read('a'))).not.toBeNull();
    await bench.advance(day + hour);
    await bench.store.prune(prunes);
    expect(await bench.store.image(read('a'))).toBeNull();
  });
}
