/**
 * Decides which item is next within one class of priority: by tenant, then user, then pipeline. Each
 * tenant and user is charged what its items cost. This is deficit round robin without rounds. Instead
 * of adding a quantum to all accounts until one can pay, a heap holds the charge at which each account
 * can pay. So an item of 100,000 tokens among items of 100 costs no more steps than any other.
 *
 * It owns the accounts of tenants and users with waiting items, and the order. It leaves classes and
 * the end of a batch to fair-line.ts.
 *
 * 1. The account that would be lowest after paying for its next item goes next; between equal
 *    accounts, the one that has waited longest. A new account begins at the clock, which is the level
 *    of the account that was served last: a user who comes back from idle brings neither credit nor
 *    debt.
 * 2. Work that was begun is finished first, also among users. If a user's next item belongs to a
 *    pipeline that has had turns, the user stands ahead of its account by as many items as
 *    head-start.ts says, at most H. Tenants have no head start, and neither have items without a cost.
 * 3. So with T waiting tenants of at most U waiting users each, an item of cost c is taken before the
 *    others have been given more than T × U × (c + (1 + H) × the largest cost). If no item has a cost,
 *    it is taken after at most T × U turns, however many items the others have (promise 9).
 * 4. A correction moves an account at most `settledTokensMax` away from the clock. So one account's
 *    past cannot block the other accounts for long, nor that account itself.
 * 5. Of one user's items, those of the oldest pipeline go first, but every `userFloorTurns`-th turn
 *    goes to the item that has waited longest: pipelines without end do not starve newer ones.
 * 6. Tenants and users without waiting items have no account. Every operation costs O(log n).
 */
import type { CapacitySettings } from '../domain/capacity-settings.ts';
import type { FairItem, FairPlace } from './fair-place.ts';
import { FairUser, nextOf, type Account } from './fair-user.ts';
import { HeadStarts } from './head-start.ts';
import { IndexedHeap, SecondHeap } from './indexed-heap.ts';

type User<Item extends FairItem> = FairUser<Item, Tenant<Item>>;
type Tenant<Item extends FairItem> = Account & {
  readonly name: string;
  weight: number;
  readonly users: Map<string, User<Item>>;
  readonly line: IndexedHeap<User<Item>>;
  /** The same users in an order without head starts. */
  readonly plainLine: SecondHeap<User<Item>>;
  clock: number;
};

const isBefore = (a: Account, b: Account): boolean =>
  a.due === b.due ? a.turn < b.turn : a.due < b.due;

const isEarlier = <Item extends FairItem>(a: User<Item>, b: User<Item>): boolean =>
  a.early === b.early ? a.turn < b.turn : a.early < b.early;

const costOf = ({ cost = 1 }: FairPlace): number => cost;

export class FairShares<Item extends FairItem> {
  readonly #tenants = new Map<string, Tenant<Item>>();
  readonly #line = new IndexedHeap<Tenant<Item>>(isBefore);
  readonly #headStarts: HeadStarts;
  readonly #floorTurns: number;
  readonly #settledMax: number;
  #clock = 0;
  #turns = 0;
  #size = 0;
  #newCount = 0;

  constructor(settings: CapacitySettings['fairness']) {
    this.#headStarts = new HeadStarts(settings);
    this.#floorTurns = settings.userFloorTurns;
    this.#settledMax = settings.settledTokensMax;
  }

  get size(): number {
    return this.#size;
  }

  /** How many waiting items belong to pipelines that had not begun when the item was added. */
  get newCount(): number {
    return this.#newCount;
  }

  /** `ahead`: the item was popped but not used, so its user gets back the charge and the turn. */
  add(item: Item, ahead: boolean): void {
    const { cost = 1, weight = 1 } = item;
    const tenant = this.#tenants.get(item.tenant) ?? this.#addTenant(item.tenant, weight, ahead);
    const isMoved = ahead || tenant.weight !== weight;
    tenant.weight = weight;
    const user = tenant.users.get(item.user) ?? this.#addUser(tenant, item.user, ahead);
    if (ahead) {
      if (user.taken > 0) user.taken -= 1;
      user.paid -= cost;
      tenant.paid -= cost / weight;
    }
    item.account = user;
    item.isNew = item.cost !== undefined && this.#headStarts.items(keyOf(item)) === 0;
    user.add(item);
    this.#size += 1;
    if (item.isNew) this.#newCount += 1;
    this.#enter(user, isMoved);
  }

  /**
   * `atEnd`: no pipeline has a head start, and of one user's items the one that has waited longest
   * goes.
   */
  first(atEnd: boolean): Item | undefined {
    const tenant = this.#line.first();
    const user = atEnd ? tenant?.plainLine.first() : tenant?.line.first();
    if (user === undefined) return undefined;
    return atEnd ? user.longest : nextOf(user, this.#floorTurns);
  }

  /** Takes the item that `first` has returned, and charges it. */
  pop(item: Item): void {
    const user = this.#userOf(item);
    const { tenant } = user;
    const cost = costOf(item);
    this.#clock = Math.max(this.#clock, tenant.due);
    tenant.clock = Math.max(tenant.clock, user.due);
    user.taken += 1;
    user.paid += cost;
    tenant.paid += cost / tenant.weight;
    user.turn = this.#turns += 1;
    tenant.turn = user.turn;
    this.remove(item, true);
  }

  /** Takes out an item from any place and charges nothing. `isMoved`: see `#enter`. */
  remove(item: Item, isMoved = false): void {
    const user = this.#userOf(item);
    item.account = null;
    user.remove(item);
    this.#size -= 1;
    if (item.isNew) this.#newCount -= 1;
    this.#enter(user, isMoved);
  }

  /** By tenant: how many items each of its users has waiting, in no order. */
  census(): ReadonlyMap<string, readonly number[]> {
    const tenants = new Map<string, number[]>();
    for (const { name, users } of this.#tenants.values()) {
      tenants.set(
        name,
        Array.from(users.values(), ({ size }) => size),
      );
    }
    return tenants;
  }

  /** All items, in no order. */
  *items(): Generator<Item, void, undefined> {
    for (const { users } of this.#tenants.values()) {
      for (const user of users.values()) yield* user.items();
    }
  }

  /**
   * A popped item is over, and has cost `more` than it was charged (less, if negative). Only now its
   * pipeline has had a turn: an item that was put back does not count as one.
   */
  settle(place: FairPlace, more: number): void {
    this.#headStarts.hadTurn(keyOf(place));
    const tenant = this.#tenants.get(place.tenant);
    if (tenant === undefined) return;
    tenant.paid = this.#corrected(tenant.paid, more / tenant.weight, this.#clock);
    const user = tenant.users.get(place.user);
    if (user !== undefined) user.paid = this.#corrected(user.paid, more, tenant.clock);
    const first = user ?? tenant.line.first();
    if (first !== undefined) this.#enter(first, true);
  }

  /**
   * Moves the user and its tenant to where their accounts say, or out if they have no waiting items.
   * `isMoved`: one of these accounts, or its turn, has changed.
   */
  #enter(user: User<Item>, isMoved: boolean): void {
    const { tenant } = user;
    const next = nextOf(user, this.#floorTurns);
    const due = next === undefined ? 0 : user.paid + costOf(next);
    const early = next === undefined ? 0 : due - this.#headStart(next);
    if (user.heapIndex >= 0) {
      // The new item stands behind the next one, so no account changes its place.
      if (!isMoved && next !== undefined && due === user.due && early === user.early) return;
      tenant.line.remove(user);
      tenant.plainLine.remove(user);
    }
    if (next === undefined) tenant.users.delete(user.name);
    else {
      user.due = due;
      user.early = early;
      tenant.line.push(user);
      tenant.plainLine.push(user);
    }
    if (tenant.heapIndex >= 0) this.#line.remove(tenant);
    const first = tenant.line.first();
    const nextOfTenant = first === undefined ? undefined : nextOf(first, this.#floorTurns);
    if (nextOfTenant === undefined) this.#tenants.delete(tenant.name);
    else {
      tenant.due = tenant.paid + costOf(nextOfTenant) / tenant.weight;
      this.#line.push(tenant);
    }
  }

  /** Items without a cost have no head start, so their pipeline is not looked up. */
  #headStart(item: Item): number {
    return item.cost === undefined ? 0 : this.#headStarts.items(keyOf(item)) * item.cost;
  }

  /** `add` has set the account. */
  #userOf({ account }: Item): User<Item> {
    return account as User<Item>;
  }

  /**
   * Moves `paid` towards the bound of invariant 4 and never past it. An account past the bound stays
   * there.
   */
  #corrected(paid: number, more: number, clock: number): number {
    const max = this.#settledMax;
    if (more < 0) return Math.max(paid + more, Math.min(paid, clock - max));
    return Math.min(paid + more, Math.max(paid, clock + max));
  }

  #addTenant(name: string, weight: number, ahead: boolean): Tenant<Item> {
    const tenant: Tenant<Item> = {
      ...this.#account(this.#clock, ahead),
      name,
      weight,
      users: new Map(),
      line: new IndexedHeap<User<Item>>(isEarlier),
      plainLine: new SecondHeap<User<Item>>(isBefore),
      clock: 0,
    };
    this.#tenants.set(name, tenant);
    return tenant;
  }

  #addUser(tenant: Tenant<Item>, name: string, ahead: boolean): User<Item> {
    const user: User<Item> = new FairUser(tenant, name, this.#account(tenant.clock, ahead));
    tenant.users.set(name, user);
    return user;
  }

  #account(clock: number, ahead: boolean): Account {
    this.#turns += 1;
    return { heapIndex: -1, paid: clock, due: clock, turn: ahead ? -this.#turns : this.#turns };
  }
}

/**
 * Each user names its own pipelines, so the key includes tenant and user. It is built when it is
 * needed, because it is longer than the rest of a place.
 */
const keyOf = (of: Pick<FairPlace, 'tenant' | 'user' | 'pipeline'>): string =>
  JSON.stringify([of.tenant, of.user, of.pipeline]);
