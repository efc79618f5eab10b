/**
 * A fair line of items that are known by keys, for items that carry no place: runs that wait to begin,
 * and starts that wait for their commit.
 *
 * It owns which key is inside. It leaves the order to fair-line.ts.
 *
 * 1. A key is inside at most once.
 */
import type { CapacitySettings } from '../domain/capacity-settings.ts';
import { FairLine } from './fair-line.ts';
import { FairItem, type FairPlace } from './fair-place.ts';

import { LinePlaces, type LinePlace } from './line-places.ts';

export type { FairPlace } from './fair-place.ts';

class Keyed<Item> extends FairItem {
  readonly key: string;
  readonly item: Item;

  constructor(key: string, item: Item, place: FairPlace) {
    super(place);
    this.key = key;
    this.item = item;
  }
}

export class FairQueue<Item> {
  readonly #line: FairLine<Keyed<Item>>;
  readonly #places: LinePlaces<Keyed<Item>>;
  readonly #inside = new Map<string, Keyed<Item>>();
  #arrivals = 0;

  constructor(settings?: CapacitySettings['fairness']) {
    this.#line = new FairLine(settings);
    this.#places = new LinePlaces(this.#line, settings);
  }

  get size(): number {
    return this.#line.size;
  }

  /** Returns false if the key is inside already; then nothing changes. */
  push(key: string, item: Item, place: FairPlace): boolean {
    if (this.#inside.has(key)) return false;
    const keyed = new Keyed(key, item, place);
    keyed.order = this.#arrivals += 1;
    this.#inside.set(key, keyed);
    return this.#line.push(keyed);
  }

  peek(): Item | undefined {
    return this.#line.peek()?.item;
  }

  pop(): Item | undefined {
    const next = this.#line.pop();
    if (next === undefined) return undefined;
    this.#inside.delete(next.key);
    return next.item;
  }

  /** About how far back the item of this key stands; null if it is not inside. */
  placeOf(key: string, nowMs: number): LinePlace | null {
    const inside = this.#inside.get(key);
    return inside === undefined ? null : this.#places.of(inside, nowMs);
  }

  /** Takes out an item from any place in the queue and uses no turn. */
  remove(key: string): Item | undefined {
    const inside = this.#inside.get(key);
    if (inside === undefined) return undefined;
    this.#inside.delete(key);
    this.#line.remove(inside);
    return inside.item;
  }
}
