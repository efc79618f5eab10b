/**
 * Who is next: class of priority, then tenant, user and oldest pipeline (design §5). It serves
 * admission, where the items are runs that cost 1 each, and provider slots, where they are calls
 * that cost tokens: estimated when they are taken, corrected by `settle` when they are over.
 *
 * It owns the order. It leaves the accounts within a class to fair-shares.ts; capacity, time and
 * meaning of the items to its user.
 *
 * 1. A higher class goes first, but a class that waits is passed over at most `classFloorTurns` − 1
 *    times, once more for each lower class beside it: none starves.
 * 2. Within a class: invariants 1 to 3 of fair-shares.ts (promise 9).
 * 3. Of one user's items the oldest pipeline's goes first, and of one pipeline's the first that
 *    came: what was started is finished first (but for invariant 5 of fair-shares.ts). At the end of a
 *    batch, when fewer pipelines wait for their first turn than are under way, what has waited longest
 *    goes first instead, and nobody has a head start: strictly oldest first would finish all but a
 *    few, and leave most places idle while those few go through all their steps.
 * 4. An item is inside at most once. No account is kept of a tenant or user without waiting items, and
 *    of pipelines only which of the latest have had turns.
 * 5. Every operation costs O(log n) at most.
 */
import { capacityDefaults, type CapacitySettings } from '../domain/capacity-settings.ts';
import { defaultPriority, priorities } from '../domain/priority.ts';
import type { FairItem, FairPlace } from './fair-place.ts';
import { FairShares } from './fair-shares.ts';

type Class<Item extends FairItem> = {
  readonly shares: FairShares<Item>;
  /** Turns of others since its last one, while it waited. */
  passed: number;
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

  /** False when it is inside already; then nothing changes. */
  push(item: Item): boolean {
    return this.#add(item, false);
  }

  /** Brings back an item that was popped in vain, with its turn and what it was charged. */
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

  /** What was popped has cost so much in truth; unknown tenants and users owe nothing. */
  settle(place: FairPlace, actual: number): void {
    this.#over(place);
    this.#classOf(place).shares.settle(place, actual - (place.cost ?? 1));
  }

  /** Takes out an item wherever it stands; no turn is used. False when it stands nowhere. */
  remove(item: Item): boolean {
    if (item.account === null) return false;
    const of = this.#classOf(item);
    this.#size -= 1;
    of.shares.remove(item);
    if (of.shares.size === 0) of.passed = 0;
    return true;
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
