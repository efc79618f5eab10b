/**
 * Decides which item is next: by class of priority, then tenant, user and oldest pipeline. Admission
 * uses it for runs, which cost 1 each. Provider slots use it for calls, which cost tokens: an estimate
 * is charged when a call is taken, and `settle` corrects the charge when the call is over.
 *
 * It owns the order. It leaves the accounts within a class to fair-shares.ts. The code that uses it
 * decides about capacity and time, and knows what an item means.
 *
 * 1. A higher class goes first. A class that waits is passed over at most `classFloorTurns` − 1 times,
 *    and once more for each lower class beside it, so no class starves.
 * 2. Within a class, invariants 1 to 3 of fair-shares.ts hold (promise 9).
 * 3. Of one user's items, those of the oldest pipeline go first, and of one pipeline's items the first
 *    that came: work that was begun is finished first (except for invariant 5 of fair-shares.ts). At
 *    the end of a batch, when fewer pipelines wait for their first turn than are under way, the item
 *    that has waited longest goes first instead, and no pipeline has a head start. Oldest first would
 *    finish all but a few pipelines, and leave most places idle while those few go through all their
 *    steps.
 * 4. An item is inside at most once. Tenants and users without waiting items have no account. Of
 *    pipelines, the line knows only which of the latest have had turns.
 * 5. Every operation costs O(log n) at most.
 */
import { capacityDefaults, type CapacitySettings } from '../domain/capacity-settings.ts';
import { defaultPriority, priorities } from '../domain/priority.ts';
import type { FairItem, FairPlace } from './fair-place.ts';
import { FairShares } from './fair-shares.ts';

type Class<Item extends FairItem> = {
  readonly shares: FairShares<Item>;
  /** Turns that other classes have had since this class had its last one, while this class waited. */
  passed: number;
};
/** The waiting items of one class: in all, and by tenant those of each user. */
export type Census = {
  readonly size: number;
  readonly tenants: ReadonlyMap<string, readonly number[]>;
};

type Next<Item extends FairItem> = { readonly of: Class<Item>; readonly item: Item };

export class FairLine<Item extends FairItem> {
  readonly #classes: readonly Class<Item>[];
  readonly #floorTurns: number;
  readonly #endWaitingFactor: number;
  #size = 0;
  /** Items with a cost that were popped, and neither settled nor put back. */
  #underWay = 0;

  constructor(settings: CapacitySettings['fairness'] = capacityDefaults.fairness) {
    this.#floorTurns = settings.classFloorTurns;
    this.#endWaitingFactor = settings.endWaitingFactor;
    this.#classes = priorities.map(() => ({ shares: new FairShares<Item>(settings), passed: 0 }));
  }

  get size(): number {
    return this.#size;
  }

  /** Returns false if the item is inside already; then nothing changes. */
  push(item: Item): boolean {
    return this.#add(item, false);
  }

  /** Brings back an item that was popped but not used. Its user gets back the turn and the charge. */
  putBack(item: Item): boolean {
    if (!this.#add(item, true)) return false;
    this.#over(item);
    return true;
  }

  peek(): Item | undefined {
    return this.#next()?.item;
  }

  pop(): Item | undefined {
    const next = this.#next();
    if (next === undefined) return undefined;
    const { of, item } = next;
    of.shares.pop(item);
    this.#size -= 1;
    if (item.cost !== undefined) this.#underWay += 1;
    for (const other of this.#classes) {
      if (other === of || other.shares.size === 0) other.passed = 0;
      else other.passed += 1;
    }
    return item;
  }

  /**
   * Corrects the charge of a popped item to its `actual` cost. Does nothing for unknown tenants and
   * users.
   */
  settle(place: FairPlace, actual: number): void {
    this.#over(place);
    this.#classOf(place).shares.settle(place, actual - (place.cost ?? 1));
  }

  /**
   * Takes out an item from any place in the line and uses no turn. Returns false if it is not inside.
   */
  remove(item: Item): boolean {
    if (item.account === null) return false;
    const of = this.#classOf(item);
    this.#size -= 1;
    of.shares.remove(item);
    if (of.shares.size === 0) of.passed = 0;
    return true;
  }

  /** By class, the highest first. Costs as much as there are users. */
  census(): readonly Census[] {
    return this.#classes.map(({ shares }) => ({ size: shares.size, tenants: shares.census() }));
  }

  classIndexOf(item: FairPlace): number {
    return this.#classes.indexOf(this.#classOf(item));
  }

  /** All items, in no order. */
  *items(): Generator<Item, void, undefined> {
    for (const { shares } of this.#classes) yield* shares.items();
  }

  /** The highest class that waits, unless a lower one has been passed over often enough. */
  #next(): Next<Item> | undefined {
    let next: Class<Item> | undefined;
    for (const one of this.#classes) {
      if (one.shares.size === 0) continue;
      if (next === undefined) next = one;
      else if (one.passed >= this.#floorTurns - 1 && one.passed > next.passed) next = one;
    }
    const item = next?.shares.first(this.#isEnd());
    return next === undefined || item === undefined ? undefined : { of: next, item };
  }

  #isEnd(): boolean {
    if (this.#size >= this.#underWay * this.#endWaitingFactor) return false;
    const newCount = this.#classes.reduce((sum, { shares }) => sum + shares.newCount, 0);
    return newCount < this.#underWay;
  }

  #add(item: Item, ahead: boolean): boolean {
    if (item.account !== null) return false;
    this.#classOf(item).shares.add(item, ahead);
    this.#size += 1;
    return true;
  }

  #over({ cost }: FairPlace): void {
    if (cost !== undefined && this.#underWay > 0) this.#underWay -= 1;
  }

  #classOf({ priority = defaultPriority }: FairPlace): Class<Item> {
    const found = this.#classes[priorities.indexOf(priority)];
    if (found === undefined) throw new TypeError(`no class is called ${priority}`);
    return found;
  }
}
