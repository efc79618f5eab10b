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
import type { FairItem, FairPlace } from './fair-place.ts';

export type { FairPlace } from './fair-place.ts';

type Keyed<Item> = FairItem & { readonly key: string; readonly item: Item };

export class FairQueue<Item> {
  readonly #line: FairLine<Keyed<Item>>;
  readonly #inside = new Map<string, Keyed<Item>>();
  #arrivals = 0;

  constructor(settings?: CapacitySettings['fairness']) {
    this.#line = new FairLine(settings);
  }

  get size(): number {
    return this.#line.size;
  }

  has(key: string): boolean {
    return this.#inside.has(key);
  }

  /** Returns false if the key is inside already; then nothing changes. */
  push(key: string, item: Item, place: FairPlace): boolean {
    if (this.#inside.has(key)) return false;
    return this.#line.push(this.#keyed(key, item, place));
  }

  /**
   * Brings back an item that was popped but not used. Its user gets back the turn and the charge. Pass
   * the `order` that the item had.
   */
  putBack(key: string, item: Item, place: FairPlace): boolean {
    if (this.#inside.has(key)) return false;
    return this.#line.putBack(this.#keyed(key, item, place));
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

  /**
   * Corrects the charge of a popped item to its `actual` cost. Does nothing for unknown tenants and
   * users.
   */
  settle(place: FairPlace, actual: number): void {
    this.#line.settle(place, actual);
  }

  /** Takes out an item from any place in the queue and uses no turn. */
  remove(key: string): Item | undefined {
    const inside = this.#inside.get(key);
    if (inside === undefined) return undefined;
    this.#inside.delete(key);
    this.#line.remove(inside);
    return inside.item;
  }

  /** All items, in no order. */
  *items(): Generator<Item, void, undefined> {
    for (const { item } of this.#line.items()) yield item;
  }

  #keyed(key: string, item: Item, place: FairPlace): Keyed<Item> {
    const { tenant, user, pipeline, pipelineStartedAtMs, priority, cost, weight } = place;
    const keyed: Keyed<Item> = {
      key,
      item,
      tenant,
      user,
      pipeline,
      pipelineStartedAtMs,
      priority,
      cost,
      weight,
      order: place.order ?? this.#arrivals,
      heapIndex: -1,
      secondIndex: -1,
      account: null,
      isNew: false,
    };
    this.#arrivals += 1;
    this.#inside.set(key, keyed);
    return keyed;
  }
}
