/**
 * Where waiting calls stand, and which is next: a fair queue for each provider's own calls, and one
 * for the calls that any provider may take.
 *
 * It owns the queues. It leaves to provider-state.ts how many calls a provider takes, and to
 * pool.ts whatever happens to a call outside of a queue.
 *
 * 1. While a provider takes calls, `next` finds a call that it may take, if one waits: no slot
 *    idles beside a queue.
 * 2. A provider takes turns between calls that name it and calls that name none, so the bound of
 *    fair-queue.ts holds for both, doubled (promise 9).
 */
import { heddleError } from '../domain/errors.ts';
import { FairQueue, type FairPlace } from './fair-queue.ts';
import type { ProviderState, Sent } from './provider-state.ts';
import { reasonAt, shownAs, type WaitReason } from './wait-reason.ts';

export type Routed = Sent & { readonly key: string; readonly place: FairPlace };

/** Calls that the same providers may take. */
export type Route<Item extends Routed> = {
  readonly queue: FairQueue<Item>;
  readonly providers: readonly ProviderState<Item>[];
  /** Why its calls wait, by the states of its providers. */
  reason: WaitReason;
};

/** A provider with the calls that name it. */
type Desk<Item extends Routed> = {
  readonly state: ProviderState<Item>;
  readonly named: Route<Item>;
  /** Whose turn it is: see invariant 2. */
  namedFirst: boolean;
};

export type Next<Item extends Routed> = {
  readonly state: ProviderState<Item>;
  readonly item: Item;
};

export class Routes<Item extends Routed> {
  readonly states: readonly ProviderState<Item>[];
  readonly #desks: readonly Desk<Item>[];
  readonly #byName: ReadonlyMap<string, Desk<Item>>;
  readonly #anywhere: Route<Item>;
  readonly #routes: readonly Route<Item>[];

  constructor(states: readonly ProviderState<Item>[]) {
    this.states = states;
    this.#desks = states.map((state) => ({
      state,
      named: createRoute([state]),
      namedFirst: true,
    }));
    this.#byName = new Map(this.#desks.map((desk) => [desk.state.name, desk]));
    this.#anywhere = createRoute(states);
    this.#routes = [this.#anywhere, ...this.#desks.map(({ named }) => named)];
  }

  /** Calls in all queues. */
  get size(): number {
    let size = 0;
    for (const { queue } of this.#routes) size += queue.size;
    return size;
  }

  state(provider: string): ProviderState<Item> {
    return this.#desk(provider).state;
  }

  /** The route of calls that name this provider, or none. Throws `provider-unknown`. */
  to(provider: string | undefined): Route<Item> {
    return provider === undefined ? this.#anywhere : this.#desk(provider).named;
  }

  /** Calls that wait for this provider by name. */
  queuedAt(provider: string): number {
    return this.#desk(provider).named.queue.size;
  }

  /** Takes the next call out of its queue, with the provider that it goes to. */
  next(nowMs: number): Next<Item> | null {
    const desk = this.#nextDesk(nowMs);
    if (desk === null) return null;
    const named = desk.named.queue;
    const anywhere = this.#anywhere.queue;
    const fromNamed = named.size > 0 && (desk.namedFirst || anywhere.size === 0);
    desk.namedFirst = !fromNamed;
    const item = (fromNamed ? named : anywhere).pop();
    return item === undefined ? null : { state: desk.state, item };
  }

  /** When a call can go without any other's return; null when none can. */
  dueMs(): number | null {
    let dueMs: number | null = null;
    for (const desk of this.#desks) {
      const at = desk.state.dueMs();
      if (at === null) continue;
      // A stalled provider is probed only with a call that somebody wants.
      if (desk.state.status === 'stalled' && !this.#isWanted(desk)) continue;
      if (dueMs === null || at < dueMs) dueMs = at;
    }
    return dueMs;
  }

  /** Looks at the providers again; yields the calls that now wait for another shown reason. */
  *changed(): Generator<Item, void, undefined> {
    for (const route of this.#routes) {
      const before = route.reason;
      route.reason = reasonAt(route.providers.map(({ status }) => status));
      if (shownAs(before) !== shownAs(route.reason)) yield* route.queue.items();
    }
  }

  #desk(provider: string): Desk<Item> {
    const desk = this.#byName.get(provider);
    if (desk !== undefined) return desk;
    const known = [...this.#byName.keys()].join(', ');
    throw heddleError('provider-unknown', { provider, known });
  }

  #isWanted(desk: Desk<Item>): boolean {
    return desk.named.queue.size > 0 || this.#anywhere.queue.size > 0;
  }

  /**
   * The provider with the least work for its limit, of those that take a call and have one waiting.
   * Calls that wait by name count as its work: what can go anywhere goes elsewhere first.
   */
  #nextDesk(nowMs: number): Desk<Item> | null {
    let best: Desk<Item> | null = null;
    let bestLoad = Infinity;
    for (const desk of this.#desks) {
      if (!this.#isWanted(desk) || desk.state.free(nowMs) === 0) continue;
      const work = desk.state.slots.calling + desk.named.queue.size;
      const load = work / desk.state.limit;
      if (load >= bestLoad) continue;
      best = desk;
      bestLoad = load;
    }
    return best;
  }
}

function createRoute<Item extends Routed>(providers: readonly ProviderState<Item>[]): Route<Item> {
  const reason = reasonAt(providers.map(({ status }) => status));
  return { queue: new FairQueue(), providers, reason };
}
