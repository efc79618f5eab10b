/**
 * Who is next within one class of priority: tenant, then user, then pipeline, each tenant and user
 * charged in what its items cost. Deficit round robin without rounds: instead of adding a quantum
 * to everybody until somebody can pay, a heap holds at which charge each can, so that an item of
 * 100,000 tokens among items of 100 costs no more steps than any other.
 *
 * It owns the accounts of those that wait, and the order. It leaves classes and the end of a batch
 * to fair-line.ts.
 *
 * 1. Whose account, with its next item, is lowest goes next; of equals, who has waited longest. An
 *    account begins at the clock, which is where the last one served stood: who comes back from
 *    idle brings neither credit nor debt.
 * 2. What was begun is finished first, also among users: one whose next item is of a pipeline that
 *    has had turns stands as many items ahead of its account as head-start.ts says, H at most.
 *    Tenants have no head start, nor have items that are not counted.
 * 3. So with T tenants of at most U users that wait, an item of cost c is taken before the others
 *    have been given more than T × U × (c + (1 + H) × the largest cost). Where none is
 *    counted, it is taken after at most T × U turns, however many items the others have (promise 9).
 * 4. A correction moves an account at most `settledTokensMax` away from the clock, so that nobody's past
 *    takes the future from the others, or from itself.
 * 5. Of one user's items the oldest pipeline's goes first, but every `userFloorTurns`-th turn goes to the
 *    one that has waited longest: pipelines without end do not starve newer ones.
 * 6. No account is kept of a tenant or user without waiting items. Every operation costs O(log n).
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
  /** In which nobody has a head start. */
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

  /** Of pipelines that had not begun when they came. */
  get newCount(): number {
    return this.#newCount;
  }

  /** `ahead`: it was popped in vain, so what it was charged is given back, and its turn with it. */
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

  /** `atEnd`: nobody has a head start, and of one user's items the one that has waited longest goes. */
  first(atEnd: boolean): Item | undefined {
    const tenant = this.#line.first();
    const user = atEnd ? tenant?.plainLine.first() : tenant?.line.first();
    if (user === undefined) return undefined;
    return atEnd ? user.longest : nextOf(user, this.#floorTurns);
  }

  /** Takes what `first` has given, and charges it. */
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

  /** Takes out an item wherever it stands; nothing is charged. `isMoved`: see `#enter`. */
  remove(item: Item, isMoved = false): void {
    const user = this.#userOf(item);
    item.account = null;
    user.remove(item);
    this.#size -= 1;
    if (item.isNew) this.#newCount -= 1;
    this.#enter(user, isMoved);
  }

  /** All items, in no order. */
  *items(): Generator<Item, void, undefined> {
    for (const { users } of this.#tenants.values()) {
      for (const user of users.values()) yield* user.items();
    }
  }

  /**
   * What was popped is over, and has cost `more` than it was charged, or less. Only now its pipeline
   * has had a turn: what was popped in vain has had none.
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
   * The user and its tenant stand where their accounts say, or nowhere without waiting items.
   * `isMoved`: one of these accounts, or its turn, has changed.
   */
  #enter(user: User<Item>, isMoved: boolean): void {
    const { tenant } = user;
    const next = nextOf(user, this.#floorTurns);
    const due = next === undefined ? 0 : user.paid + costOf(next);
    const early = next === undefined ? 0 : due - this.#headStart(next);
    if (user.heapIndex >= 0) {
      // One more item behind the next one: nobody's place changes.
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

  /** Nobody looks for the pipeline of what is not counted. */
  #headStart(item: Item): number {
    return item.cost === undefined ? 0 : this.#headStarts.items(keyOf(item)) * item.cost;
  }

  /** `add` has noted it. */
  #userOf({ account }: Item): User<Item> {
    return account as User<Item>;
  }

  /** Moves towards the bound of invariant 4 and never past it; what is past it already stays. */
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

/** Pipelines' names are their users' own. Made when it is asked for: it is longer than all else of a place. */
const keyOf = (of: Pick<FairPlace, 'tenant' | 'user' | 'pipeline'>): string =>
  JSON.stringify([of.tenant, of.user, of.pipeline]);
