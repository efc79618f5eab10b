/** A fair line whose items are spoken of by keys, with all that a line can do. */
import { FairLine } from '../../src/queue/fair-line.ts';
import { FairItem, type FairPlace } from '../../src/queue/fair-place.ts';

class Keyed<Item> extends FairItem {
  readonly key: string;
  readonly item: Item;
  override readonly cost: FairPlace['cost'];

  constructor(key: string, item: Item, place: FairPlace) {
    super(place);
    this.key = key;
    this.item = item;
    this.cost = place.cost;
  }
}

/** An item that comes back is given the order that it had. */
type Ordered = FairPlace & { readonly order?: number };

export class KeyedLine<Item> {
  readonly #line = new FairLine<Keyed<Item>>();
  readonly #inside = new Map<string, Keyed<Item>>();
  #arrivals = 0;

  get size(): number {
    return this.#line.size;
  }

  has(key: string): boolean {
    return this.#inside.has(key);
  }

  push(key: string, item: Item, place: Ordered): boolean {
    return !this.has(key) && this.#line.push(this.#keyed(key, item, place));
  }

  putBack(key: string, item: Item, place: Ordered): boolean {
    return !this.has(key) && this.#line.putBack(this.#keyed(key, item, place));
  }

  peek(): Item | undefined {
    return this.#line.peek()?.item;
  }

  pop(): Item | undefined {
    const next = this.#line.pop();
    if (next !== undefined) this.#inside.delete(next.key);
    return next?.item;
  }

  settle(place: FairPlace, actual: number): void {
    this.#line.settle(place, actual);
  }

  remove(key: string): Item | undefined {
    const inside = this.#inside.get(key);
    this.#inside.delete(key);
    if (inside !== undefined) this.#line.remove(inside);
    return inside?.item;
  }

  *items(): Generator<Item, void, undefined> {
    for (const { item } of this.#line.items()) yield item;
  }

  #keyed(key: string, item: Item, place: Ordered): Keyed<Item> {
    const keyed = new Keyed(key, item, place);
    keyed.order = place.order ?? this.#arrivals;
    this.#arrivals += 1;
    this.#inside.set(key, keyed);
    return keyed;
  }
}
