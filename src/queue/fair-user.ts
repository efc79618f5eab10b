/**
 * A user's account in a class of priority, and its waiting items: decides which of them goes next.
 *
 * Many users have one waiting item, so the heaps are made when the second item comes.
 */
import type { FairItem } from './fair-place.ts';
import { IndexedHeap, SecondHeap, type HeapMember, type SecondHeapMember } from './indexed-heap.ts';

/**
 * `paid`: the charges so far. `due`: `paid` and the cost of the next item. `turn` decides between
 * equals.
 */
export type Account = HeapMember & { paid: number; due: number; turn: number };

/** A user stands in both lines of its tenant. */
export class FairUser<Item extends FairItem, Tenant> implements Account, SecondHeapMember {
  heapIndex = -1;
  secondIndex = -1;
  paid: number;
  due: number;
  turn: number;
  readonly name: string;
  readonly tenant: Tenant;
  /** Turns that this user has had since its account was made. */
  taken = 0;
  /** `due` less the head start of the next item. */
  early = 0;
  /**
   * The only item. Null once the user has had two items at once; from then on both heaps hold its
   * items.
   */
  #only: Item | null = null;
  #more: { readonly oldest: IndexedHeap<Item>; readonly longest: SecondHeap<Item> } | null = null;

  constructor(tenant: Tenant, name: string, { paid, due, turn }: Account) {
    this.tenant = tenant;
    this.name = name;
    this.paid = paid;
    this.due = due;
    this.turn = turn;
  }

  add(item: Item): void {
    if (this.#more === null) {
      const only = this.#only;
      this.#only = only === null ? item : null;
      if (only === null) return;
      const oldest = new IndexedHeap<Item>(isOlder);
      const longest = new SecondHeap<Item>(hasWaitedLonger);
      this.#more = { oldest, longest };
      oldest.push(only);
      longest.push(only);
    }
    this.#more.oldest.push(item);
    this.#more.longest.push(item);
  }

  /** The item must be inside. */
  remove(item: Item): void {
    this.#only = null;
    this.#more?.oldest.remove(item);
    this.#more?.longest.remove(item);
  }

  get oldest(): Item | undefined {
    return this.#more === null ? (this.#only ?? undefined) : this.#more.oldest.first();
  }

  /** The item that has waited longest. */
  get longest(): Item | undefined {
    return this.#more === null ? (this.#only ?? undefined) : this.#more.longest.first();
  }

  get size(): number {
    if (this.#more !== null) return this.#more.oldest.size;
    return this.#only === null ? 0 : 1;
  }

  *items(): Generator<Item, void, undefined> {
    if (this.#more !== null) yield* this.#more.oldest.all();
    else if (this.#only !== null) yield this.#only;
  }
}

export function isOlder(a: FairItem, b: FairItem): boolean {
  if (a.pipelineStartedAtMs !== b.pipelineStartedAtMs) {
    return a.pipelineStartedAtMs < b.pipelineStartedAtMs;
  }
  // Pipelines that started at the same instant are kept together by name.
  if (a.pipeline !== b.pipeline) return a.pipeline < b.pipeline;
  return a.order < b.order;
}

const hasWaitedLonger = (a: FairItem, b: FairItem): boolean => a.order < b.order;

/**
 * The item of a user's next turn before the end of a batch. Every `floorTurns`-th turn takes the item
 * that has waited longest.
 */
export function nextOf<Item extends FairItem>(
  user: FairUser<Item, unknown>,
  floorTurns: number,
): Item | undefined {
  const isFloor = user.taken % floorTurns === floorTurns - 1;
  return isFloor ? user.longest : user.oldest;
}
