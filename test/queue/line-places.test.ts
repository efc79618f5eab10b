/** About where an item stands in a fair line, held against the order in which the line gives its items. */
import { describe, expect, it } from 'vitest';
import { FairItem, type FairPlace } from '../../src/queue/fair-place.ts';
import { FairLine } from '../../src/queue/fair-line.ts';
import { LinePlaces } from '../../src/queue/line-places.ts';

class Item extends FairItem {
  override readonly cost = 100;
}

function lineOf(places: readonly Partial<FairPlace>[]) {
  const line = new FairLine<Item>();
  const items = places.map((place, i) => {
    const of = { tenant: 't', user: 'u', pipeline: `p${i}`, pipelineStartedAtMs: i, ...place };
    const item = new Item(of);
    item.order = i + 1;
    line.push(item);
    return item;
  });
  return { line, items, places: new LinePlaces(line) };
}

const of = (count: number, place: Partial<FairPlace>) => Array.from({ length: count }, () => place);

function popped(line: FairLine<Item>): Item[] {
  const order: Item[] = [];
  for (let item = line.pop(); item !== undefined; item = line.pop()) order.push(item);
  return order;
}

describe('a place in a fair line', () => {
  it('is exact among the items of one user', () => {
    const { line, items, places } = lineOf([
      { pipelineStartedAtMs: 30 },
      { pipelineStartedAtMs: 10 },
      { pipelineStartedAtMs: 20 },
    ]);
    const told = items.map((item) => places.of(item, 0));
    expect(told.map((at) => at?.aheadOfSameUser)).toEqual([2, 0, 1]);
    expect(told.map((at) => at?.ahead)).toEqual([2, 0, 1]);
    expect(told[0]).toMatchObject({ length: 3, atMs: 0 });
    expect(popped(line).map((item) => items.indexOf(item))).toEqual([1, 2, 0]);
  });

  it.each([
    [
      'a light user among heavy ones',
      [...of(50, { user: 'a' }), ...of(50, { user: 'b' }), { user: 'c' }],
    ],
    ['a small tenant among large ones', [...of(60, { tenant: 'x' }), ...of(3, { tenant: 'y' })]],
    [
      'a class above another',
      [
        ...of(5, { priority: 'batch', user: 'a' }),
        ...of(4, { priority: 'interactive', user: 'b' }),
      ],
    ],
  ])('is near the truth for %s', (_, given) => {
    const { line, items, places } = lineOf(given);
    const told = new Map(items.map((item) => [item, places.of(item, 0)!.ahead]));
    const order = popped(line);
    // Every tenth turn of a user takes the item that has waited longest, and lower classes have turns of their own.
    const farOff = order.filter((item, at) => Math.abs((told.get(item) ?? 0) - at) > 8);
    expect(farOff).toHaveLength(0);
  });

  it('is of the time of the sample, which is taken once a second, and null for what is not inside', () => {
    const { line, items, places } = lineOf(of(3, {}));
    expect(places.of(items[2]!, 5_000)).toMatchObject({ aheadOfSameUser: 2, atMs: 5_000 });
    const gone = line.pop()!;
    expect(places.of(items[2]!, 5_900)).toMatchObject({ aheadOfSameUser: 2, atMs: 5_000 });
    expect(places.of(items[2]!, 6_000)).toMatchObject({ aheadOfSameUser: 1, atMs: 6_000 });
    expect(places.of(gone, 6_000)).toBeNull();
  });

  it('of 3,000 items that are all asked about costs one sample', () => {
    const { line, items, places } = lineOf([
      ...of(1_500, { user: 'a' }),
      ...of(1_500, { user: 'b' }),
    ]);
    let taken = 0;
    const census = line.census.bind(line);
    line.census = () => {
      taken += 1;
      return census();
    };
    const beganMs = performance.now();
    for (const item of items) places.of(item, 1);
    // Sorting the items of a user for each of them would take half a minute.
    expect(performance.now() - beganMs).toBeLessThan(3_000);
    expect(taken).toBe(1);
  });
});
