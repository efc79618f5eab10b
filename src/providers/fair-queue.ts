/**
 * Who is next: tenant, then user, then oldest pipeline (design §5). It serves admission, where the
 * items are runs, and provider slots, where they are calls.
 *
 * It owns the order. It leaves capacity, time and meaning of the items to its user.
 *
 * 1. Tenants that have waiting items take turns; so do the users of one tenant. Who comes back goes
 *    behind all that wait. So with T active tenants of at most U active users, a user's next item is
 *    taken after at most T × U turns, however many items the others have (promise 9).
 * 2. Of one user's items the oldest pipeline's goes first, and of one pipeline's the first that
 *    came: what was started is finished first.
 * 3. A key is inside at most once. Nothing is kept of a tenant or user without waiting items.
 * 4. Every operation costs O(log of the user's items) at most.
 */
import { IndexedHeap, type HeapMember } from './indexed-heap.ts';
import { LinkedList, type LinkedMember } from './linked-list.ts';

export type FairPlace = {
  readonly tenant: string;
  readonly user: string;
  readonly pipeline: string;
  readonly pipelineStartedAtMs: number;
  /** Place among the items of the pipeline, lower first. Default: the order of arrival. */
  readonly order?: number | undefined;
};

type Waiting<Item> = HeapMember & {
  readonly key: string;
  readonly item: Item;
  readonly user: User<Item>;
  readonly pipeline: string;
  readonly startedAtMs: number;
  readonly order: number;
};

type User<Item> = LinkedMember<User<Item>> & {
  readonly name: string;
  readonly tenant: Tenant<Item>;
  readonly waiting: IndexedHeap<Waiting<Item>>;
};

type Tenant<Item> = LinkedMember<Tenant<Item>> & {
  readonly name: string;
  readonly users: Map<string, User<Item>>;
  readonly turns: LinkedList<User<Item>>;
};

/** The order of invariant 2. Pipelines of one instant are kept together by their names. */
function isOlder<Item>(a: Waiting<Item>, b: Waiting<Item>): boolean {
  if (a.startedAtMs !== b.startedAtMs) return a.startedAtMs < b.startedAtMs;
  if (a.pipeline !== b.pipeline) return a.pipeline < b.pipeline;
  return a.order < b.order;
}

export class FairQueue<Item> {
  readonly #waiting = new Map<string, Waiting<Item>>();
  readonly #tenants = new Map<string, Tenant<Item>>();
  readonly #turns = new LinkedList<Tenant<Item>>();
  #arrivals = 0;

  get size(): number {
    return this.#waiting.size;
  }

  has(key: string): boolean {
    return this.#waiting.has(key);
  }

  /** False when the key is inside already; then nothing changes. */
  push(key: string, item: Item, place: FairPlace): boolean {
    return this.#add(key, item, place, false);
  }

  /**
   * Brings back an item that was popped in vain, and with it the turn: a tenant or user that has
   * nothing else waiting goes ahead of the others. Give it the `order` that it had.
   */
  putBack(key: string, item: Item, place: FairPlace): boolean {
    return this.#add(key, item, place, true);
  }

  peek(): Item | undefined {
    return this.#first()?.item;
  }

  pop(): Item | undefined {
    const next = this.#first();
    if (next === undefined) return undefined;
    const { user } = next;
    this.#take(next);
    if (user.waiting.size > 0) user.tenant.turns.rotate(user);
    if (user.tenant.users.size > 0) this.#turns.rotate(user.tenant);
    return next.item;
  }

  /** Takes out an item wherever it stands; no turn is used. */
  remove(key: string): Item | undefined {
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) return undefined;
    this.#take(waiting);
    return waiting.item;
  }

  /** All items, in no order. */
  *items(): Generator<Item, void, undefined> {
    for (const waiting of this.#waiting.values()) yield waiting.item;
  }

  #first(): Waiting<Item> | undefined {
    return this.#turns.first?.turns.first?.waiting.first();
  }

  #add(key: string, item: Item, place: FairPlace, ahead: boolean): boolean {
    if (this.#waiting.has(key)) return false;
    const tenant = this.#tenants.get(place.tenant) ?? this.#addTenant(place.tenant, ahead);
    const user = tenant.users.get(place.user) ?? this.#addUser(tenant, place.user, ahead);
    const waiting: Waiting<Item> = {
      heapIndex: -1,
      key,
      item,
      user,
      pipeline: place.pipeline,
      startedAtMs: place.pipelineStartedAtMs,
      order: place.order ?? this.#arrivals,
    };
    this.#arrivals += 1;
    this.#waiting.set(key, waiting);
    user.waiting.push(waiting);
    return true;
  }

  #addTenant(name: string, ahead: boolean): Tenant<Item> {
    const tenant: Tenant<Item> = {
      previous: null,
      next: null,
      name,
      users: new Map(),
      turns: new LinkedList(),
    };
    this.#tenants.set(name, tenant);
    if (ahead) this.#turns.pushFront(tenant);
    else this.#turns.pushBack(tenant);
    return tenant;
  }

  #addUser(tenant: Tenant<Item>, name: string, ahead: boolean): User<Item> {
    const waiting = new IndexedHeap<Waiting<Item>>(isOlder);
    const user: User<Item> = { previous: null, next: null, name, tenant, waiting };
    tenant.users.set(name, user);
    if (ahead) tenant.turns.pushFront(user);
    else tenant.turns.pushBack(user);
    return user;
  }

  #take(waiting: Waiting<Item>): void {
    const { user } = waiting;
    const { tenant } = user;
    this.#waiting.delete(waiting.key);
    user.waiting.remove(waiting);
    if (user.waiting.size > 0) return;
    tenant.users.delete(user.name);
    tenant.turns.remove(user);
    if (tenant.users.size > 0) return;
    this.#tenants.delete(tenant.name);
    this.#turns.remove(tenant);
  }
}
