/**
 * The queues of waiting calls, and which call is next: one fair queue for the calls that may go
 * through the same gates.
 *
 * It owns the queues. gates.ts decides which gates a call may go through, gate.ts how many calls a
 * gate takes, and pool.ts all that happens to a call outside of a queue.
 *
 * 1. While a gate takes calls, `next` finds a call that it may take, if one waits: no slot is idle
 *    while a call is queued for it.
 * 2. A gate takes turns between the routes that lead to it. So the bound of fair-line.ts holds for the
 *    calls of each, times the number of routes with waiting calls (promise 9).
 * 3. A call that names providers in an order goes to the first that is free: it never queues for a
 *    preferred provider while another is free.
 * 4. There are no more routes than calls in the pool.
 */
import type { CapacitySettings } from '../../domain/capacity-settings.ts';
import type { Place } from '../../domain/calls/phase.ts';
import { FairLine } from '../../queue/fair-line.ts';
import { LinePlaces } from '../../queue/line-places.ts';
import type { FairItem } from '../../queue/fair-place.ts';
import type { Gates } from './gates.ts';
import type { Wanted } from '../served-model.ts';
import type { Held } from './pool-call.ts';
import type { Quota } from './quota.ts';
import type { Gate } from './gate.ts';
import { reasonAt, shownAs, type WaitReason } from './wait-reason.ts';

/** Calls that may go through the same gates. */
export type Route<Item extends FairItem> = {
  readonly name: string;
  readonly queue: FairLine<Item>;
  readonly places: LinePlaces<Item>;
  readonly providers: readonly Gate<Held<Item>>[];
  /** Whether the order of its gates is a preference. */
  readonly inOrder: boolean;
  /** Its calls in the pool, also those in slots. */
  calls: number;
  /** Why its calls wait, by the states of its gates. */
  reason: WaitReason;
};

/** A gate with the routes that lead to it. */
type Desk<Item extends FairItem> = {
  readonly state: Gate<Held<Item>>;
  readonly routes: Route<Item>[];
  /** The index of the route whose turn it is: see invariant 2. */
  turn: number;
};

export type Next<Item extends FairItem> = {
  readonly state: Gate<Held<Item>>;
  readonly item: Item;
};

export class Routes<Item extends FairItem> {
  readonly states: readonly Gate<Held<Item>>[];
  readonly gates: Gates<Held<Item>>;
  readonly #desks: ReadonlyMap<Gate<Held<Item>>, Desk<Item>>;
  readonly #fairness: CapacitySettings['fairness'];
  readonly #routes = new Map<string, Route<Item>>();

  constructor(gates: Gates<Held<Item>>, fairness: CapacitySettings['fairness']) {
    this.gates = gates;
    this.#fairness = fairness;
    this.states = gates.all;
    this.#desks = new Map(gates.all.map((state) => [state, { state, routes: [], turn: 0 }]));
  }

  /** Calls in all queues. */
  get size(): number {
    let size = 0;
    for (const { queue } of this.#routes.values()) size += queue.size;
    return size;
  }

  /** Throws `provider-unknown`. */
  state(gate: string): Gate<Held<Item>> {
    return this.gates.gate(gate);
  }

  /** The route of a call that comes in. Throws if there is none, and then changes nothing. */
  enter(wanted: Wanted): Route<Item> {
    const providers = this.gates.for(wanted);
    const inOrder = wanted.providers !== undefined && providers.length > 1;
    const name = `${inOrder ? '>' : ' '}${providers.map((state) => state.name).join('\n')}`;
    const route = this.#routes.get(name) ?? this.#addRoute(name, providers, inOrder);
    route.calls += 1;
    return route;
  }

  /** A call of this route has left the pool. */
  leave(route: Route<Item>): void {
    route.calls -= 1;
    if (route.calls > 0) return;
    this.#routes.delete(route.name);
    for (const state of route.providers) {
      const desk = this.#desks.get(state);
      const at = desk?.routes.indexOf(route) ?? -1;
      if (desk === undefined || at < 0) continue;
      desk.routes.splice(at, 1);
      if (at < desk.turn) desk.turn -= 1;
    }
  }

  /** Calls that can go only to this gate and wait for it. */
  queuedAt(gate: string): number {
    const desk = this.#desks.get(this.gates.gate(gate));
    return desk === undefined ? 0 : queuedHere(desk);
  }

  /** Calls in line, by gate; one that may go through several gates stands in line for each. */
  get lines(): Record<string, number> {
    const lines: Record<string, number> = {};
    for (const { queue, providers } of this.#routes.values()) {
      if (queue.size === 0) continue;
      for (const { name } of providers) lines[name] = (lines[name] ?? 0) + queue.size;
    }
    return lines;
  }

  /**
   * By gate, the items in its line that came first, in that order: of each owner one, `max` at most, and none of those
   * without an owner. Costs as much as items wait.
   */
  longest(
    max: number,
    ownerOf: (item: Item) => string | null,
  ): ReadonlyMap<string, readonly Item[]> {
    const longest = new Map<string, readonly Item[]>();
    for (const { queue, providers } of this.#routes.values()) {
      const first = firstOf(queue.items(), max, ownerOf);
      if (first.length === 0) continue;
      for (const { name } of providers) {
        longest.set(name, firstOf([...(longest.get(name) ?? []), ...first], max, ownerOf));
      }
    }
    return longest;
  }

  /**
   * About where a call stands that waits in this route's queue, and when it is its turn: null where nobody can know,
   * because none of its gates takes calls, or none has answered one yet.
   */
  placeOf(route: Route<Item>, item: Item, nowMs: number): Place | null {
    const at = route.providers.length === 0 ? null : route.places.of(item, nowMs);
    if (at === null) return null;
    const { length, aheadOfSameUser, ahead, atMs } = at;
    const asOf = Math.round(atMs);
    const line = route.providers.map(({ name }) => name).join(', ');
    const taking = route.providers.filter(
      ({ status }) => status === 'open' || status === 'cooling',
    );
    const beside = new Set(taking.flatMap((gate) => this.#desks.get(gate)?.routes ?? []));
    beside.delete(route);
    let all = ahead + 1;
    for (const { queue } of beside) all += Math.min(queue.size, ahead + 1);
    return { line, length, aheadOfSameUser, estimateMs: estimateOf(taking, all, asOf), asOf };
  }

  /** Takes the next call out of its queue, with the gate that it goes through. */
  next(nowMs: number): Next<Item> | null {
    const found = this.#nextDesk(nowMs);
    if (found === null) return null;
    const { desk, at } = found;
    desk.turn = at + 1;
    const item = desk.routes[at]?.queue.pop();
    return item === undefined ? null : { state: desk.state, item };
  }

  /** Whether `next` would find a call. */
  hasNext(nowMs: number): boolean {
    return this.#nextDesk(nowMs) !== null;
  }

  /** When a call can go without the return of another; null if there is no such time. */
  dueMs(): number | null {
    let dueMs: number | null = null;
    for (const desk of this.#desks.values()) {
      const at = desk.state.dueMs();
      if (at === null || (dueMs !== null && at >= dueMs)) continue;
      // A probe needs a call that waits, and a limit grows only while one waits. Without one this time
      // is no use.
      if (desk.state.isDueUnwanted || isWanted(desk)) dueMs = at;
    }
    return dueMs;
  }

  /** Looks at the gates' states again, and yields the calls whose shown reason to wait has changed. */
  *changed(): Generator<Item, void, undefined> {
    for (const route of this.#routes.values()) {
      const before = route.reason;
      route.reason = reasonAt(route.providers.map(({ status }) => status));
      if (shownAs(before) !== shownAs(route.reason)) yield* route.queue.items();
    }
  }

  #addRoute(name: string, providers: readonly Gate<Held<Item>>[], inOrder: boolean): Route<Item> {
    const reason = reasonAt(providers.map(({ status }) => status));
    const queue = new FairLine<Item>(this.#fairness);
    const places = new LinePlaces(queue, this.#fairness);
    const route = { name, queue, places, providers, inOrder, calls: 0, reason };
    this.#routes.set(name, route);
    for (const state of providers) this.#desks.get(state)?.routes.push(route);
    return route;
  }

  /**
   * The gate with the least work for its limit, of those that take a call and have one waiting. Calls
   * that can go only through that gate count as its work, so calls that can go elsewhere do so first.
   */
  #nextDesk(nowMs: number): { desk: Desk<Item>; at: number } | null {
    let best: { desk: Desk<Item>; at: number } | null = null;
    let bestLoad = Infinity;
    for (const desk of this.#desks.values()) {
      if (!isWanted(desk) || desk.state.free(nowMs) === 0) continue;
      const load = (desk.state.slots.calling + queuedHere(desk)) / desk.state.limit;
      if (load >= bestLoad) continue;
      const at = nextTurn(desk, nowMs);
      if (at === null) continue;
      best = { desk, at };
      bestLoad = load;
    }
    return best;
  }
}

/** The first of each owner, in the order in which they came: no more than `max` of them are kept meanwhile. */
function firstOf<Item extends FairItem>(
  items: Iterable<Item>,
  max: number,
  ownerOf: (item: Item) => string | null,
): readonly Item[] {
  const first: Item[] = [];
  const owners: string[] = [];
  for (const item of items) {
    const owner = ownerOf(item);
    if (owner === null) continue;
    if (first.length >= max && item.order > (first.at(-1)?.order ?? 0)) continue;
    const known = owners.indexOf(owner);
    if (known !== -1) {
      if ((first[known]?.order ?? 0) < item.order) continue;
      first.splice(known, 1);
      owners.splice(known, 1);
    }
    const after = first.findIndex(({ order }) => order > item.order);
    const at = after === -1 ? first.length : after;
    first.splice(at, 0, item);
    owners.splice(at, 0, owner);
    if (first.length <= max) continue;
    first.pop();
    owners.pop();
  }
  return first;
}

/** When these gates will have taken so many calls, if they go on as they have; null: that is not known. */
function estimateOf(
  gates: readonly { readonly limit: number; readonly quota: Quota }[],
  calls: number,
  nowMs: number,
): number | null {
  let perMs = 0;
  let coolMs = Infinity;
  for (const { limit, quota } of gates) {
    if (quota.callMs === null) continue;
    perMs += limit / Math.max(quota.callMs, 1);
    coolMs = Math.min(coolMs, Math.max(quota.coolUntilMs - nowMs, 0));
  }
  return perMs === 0 ? null : Math.round(coolMs + calls / perMs);
}

/** The next route with a call for this gate; null if all of them prefer another gate that is free. */
function nextTurn<Item extends FairItem>(desk: Desk<Item>, nowMs: number): number | null {
  const { routes, state } = desk;
  for (let i = 0; i < routes.length; i++) {
    const at = (desk.turn + i) % routes.length;
    const route = routes[at];
    if (route === undefined || route.queue.size === 0) continue;
    if (!route.inOrder || route.providers.find((one) => one.free(nowMs) > 0) === state) return at;
  }
  return null;
}

function isWanted<Item extends FairItem>({ routes }: Desk<Item>): boolean {
  return routes.some(({ queue }) => queue.size > 0);
}

function queuedHere<Item extends FairItem>({ routes }: Desk<Item>): number {
  let queued = 0;
  for (const { queue, providers } of routes) if (providers.length === 1) queued += queue.size;
  return queued;
}
